"""From rows to windows: every word keeps its label under every tokenizer."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusmith.errors import UserError
from corpusmith.inference import RelationClassifier
from corpusmith.training.data import load_corpus, pair_types, parse_source
from corpusmith.training.encoder import load_tokenizer
from corpusmith.training.windows import IGNORED, encode, tokenise_words, vocabulary, windows
from tests.fixtures.training import FRAMES
from tests.inference.tiny_tokenizers import TOKENIZERS
from tests.training.models import write_model

words = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12
) | st.sampled_from(
    [
        "asthma",
        "cystic",
        "fibrosis",
        "BRCA1",
        "ataxia-telangiectasia",
        "\u200b",
        "\x00",
        " ",
        "naïve",
        "β",
        "🧬",
    ]
)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None)
@given(
    sentences=st.lists(st.lists(words, max_size=40), min_size=1, max_size=4),
    max_length=st.integers(8, 40),
)
def test_every_word_is_encoded_once_and_in_order(
    name: str, sentences: list[list[str]], max_length: int
) -> None:
    found = tokenise_words(TOKENIZERS[name], sentences, max_length)

    carried: dict[int, list[int]] = {row: [] for row in range(len(sentences))}
    for window in found:
        assert len(window["input_ids"]) == len(window["words"]) <= max_length
        assert (window["input_ids"][0], window["input_ids"][-1]) == (2, 3)
        carried[window["row"]] += [word for word in window["words"] if word >= 0]
    assert carried == {row: list(range(len(sentence))) for row, sentence in enumerate(sentences)}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_label_of_word_is_on_its_first_subword(name: str) -> None:
    tokenizer = TOKENIZERS[name]
    sentence = FRAMES[0][0] + ["telangiectasia", "asthma"]
    (window,) = tokenise_words(tokenizer, [sentence], 64)

    ids = tokenizer(sentence, is_split_into_words=True)["input_ids"]
    assert window["input_ids"] == ids
    for word, text in enumerate(sentence):
        at = window["words"].index(word)
        following = next(
            (i for i in range(at + 1, len(ids)) if window["words"][i] >= 0), len(ids) - 1
        )
        whole = tokenizer.decode(ids[at:following]).strip().removeprefix("##")
        assert whole.lower() == text.lower() or tokenizer.unk_token_id in ids[at:following]


@settings(deadline=None)
@given(length=st.integers(0, 300), room=st.integers(4, 64))
def test_windows_score_each_subword_once_with_context(length: int, room: int) -> None:
    owned: Counter[int] = Counter()
    for start, stop, own_start, own_stop in windows(length, room):
        assert start <= own_start <= own_stop <= stop <= length and stop - start <= room
        owned.update(range(own_start, own_stop))
        margin = room // 4 // 2
        assert own_start == 0 or own_start - start >= margin
        assert own_stop == length or stop - own_stop >= margin
    assert owned == Counter(range(length))


def test_encoded_rows_keep_their_tags(ner_dataset: Path, tiny_encoder: Path) -> None:
    corpus = load_corpus(str(ner_dataset))
    encoded = encode(corpus, "train", load_tokenizer(str(tiny_encoder)), max_length=10)

    tags: dict[int, list[int]] = {}
    for row, labels in zip(encoded.rows, encoded.labels, strict=True):
        tags.setdefault(int(row), []).extend(int(y) for y in labels if y != IGNORED)
    assert len(encoded) > len(tags), "some rows are longer than a window"
    assert list(tags.values()) == corpus.splits["train"]["ner_tags"]


def test_long_relation_text_is_cut_alike_in_training_and_inference(
    relation_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    corpus = load_corpus(str(relation_dataset))
    rows = [f"{'cells ' * 40}{text}{' cells' * 40}" for text in corpus.splits["train"]["text"]]
    long = corpus.splits["train"].remove_columns("text").add_column("text", rows)
    tokenizer = load_tokenizer(str(tiny_encoder))
    encoded = encode(replace(corpus, splits={"train": long}), "train", tokenizer, max_length=32)

    facts = {"task": "relations", "head": "GENE", "tail": "DISEASE", "max_length": 32}
    classifier = RelationClassifier.from_pretrained(
        write_model(tmp_path, tiny_encoder, corpus.labels, facts)
    )
    judged = []

    def forward(inputs: dict) -> np.ndarray:
        judged.extend(
            zip(inputs["input_ids"].tolist(), inputs["attention_mask"].sum(-1), strict=True)
        )
        return np.zeros((len(inputs["input_ids"]), 2))

    classifier.encoder.forward = forward
    classifier.probabilities(rows)
    learned = [list(ids) for ids in encoded.ids]
    assert sorted(ids[:length] for ids, length in judged) == sorted(learned)
    for ids in learned:
        shown = tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "").upper()
        assert (
            set(pair_types(Dataset.from_dict({"text": [shown]}))) == {"GENE", "DISEASE"}
            and len(ids) <= 32
        )


def test_renumbering_keeps_padding_and_subwords(ner_dataset: Path, tiny_encoder: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_encoder))
    encoded = encode(load_corpus(str(ner_dataset)), "train", tokenizer, max_length=64)
    used = vocabulary([encoded], pad_id=3)

    assert list(used[:4]) == [0, 1, 2, 3] and len(used) < tokenizer.vocab_size
    for before, after in zip(encoded.ids, encoded.renumbered(used).ids, strict=True):
        assert np.array_equal(used[after], before)


def test_single_config_is_the_default_and_unknown_config_is_refused(
    ner_dataset: Path, tmp_path: Path
) -> None:
    assert load_corpus(str(ner_dataset)).config == "demo-disease"
    assert load_corpus(f"{ner_dataset}:demo-disease").labels == ["O", "B-Disease", "I-Disease"]
    with pytest.raises(UserError, match="demo-disease"):
        load_corpus(f"{ner_dataset}:other")
    with pytest.raises(UserError, match="holds no corpus: give a folder"):
        load_corpus(str(tmp_path))


def test_sources_and_pair_types_are_read() -> None:
    assert parse_source("me/corpus:ncbi-disease@v1.2.0") == ("me/corpus", "ncbi-disease", "v1.2.0")
    assert parse_source("folder") == ("folder", None, None)
    assert pair_types(Dataset.from_dict({"text": ["nothing here", "@GENE$ causes @DISEASE$"]})) == (
        "GENE",
        "DISEASE",
    )
    with pytest.raises(UserError, match="masks"):
        pair_types(Dataset.from_dict({"text": ["BRCA1 causes cancer"]}))


def test_absent_path_is_not_taken_for_a_hub_dataset(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="gone: no such folder, and no name of a Hub dataset"):
        load_corpus(str(tmp_path / "gone"))


def test_tags_are_renumbered_and_masked_words_stay_masked(masked_dataset: Path) -> None:
    corpus = load_corpus(str(masked_dataset))
    other = ["I-Disease", "O", "B-Gene", "B-Disease"]
    rows = corpus.rows_tagged_as(other, corpus.splits["train"])
    assert [words[2] for words, _ in rows] == [f"x{n}" for n in range(10) if n % 5]
    assert [tags for _, tags in rows] == [[3, 1, -1 if n % 2 else 1, 1] for n in range(10) if n % 5]
    with pytest.raises(UserError, match="the model only O, B-Disease"):
        corpus.rows_tagged_as(["O", "B-Disease"], corpus.splits["train"])
