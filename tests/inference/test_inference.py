import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from corpusmith.evaluation import metrics
from corpusmith.inference import (
    MASK,
    WORDS,
    Encoder,
    Entity,
    EntityExtractor,
    RelationClassifier,
    around_pair,
    bio,
    mask,
    sentences,
    spans,
)
from tests.training.models import SENTENCES, TAGS, write_model

unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def ner_folder(tmp_path_factory, tiny_encoder) -> Path:
    return write_model(
        tmp_path_factory.mktemp("model"), tiny_encoder, TAGS, {"task": "ner", "max_length": 24}
    )


@pytest.fixture(scope="module")
def extractor(ner_folder) -> EntityExtractor:
    return EntityExtractor.from_pretrained(ner_folder, backend="torch")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory, tiny_encoder) -> RelationClassifier:
    facts = {
        "task": "relations",
        "head": "GENE",
        "tail": "DISEASE",
        "threshold": 0.5,
        "max_length": 24,
    }
    folder = write_model(
        tmp_path_factory.mktemp("model"), tiny_encoder, ["unrelated", "related"], facts
    )
    return RelationClassifier.from_pretrained(folder)


def entity(text: str, mention: str, label: str) -> Entity:
    start = text.index(mention)
    return Entity(start, start + len(mention), label, mention, 1.0)


@unhurried
@given(st.lists(st.text(st.characters(codec=None), max_size=40), max_size=4))
def test_entities_are_disjoint_slices_of_any_text(extractor, texts):
    found = extractor.extract(texts)
    assert len(found) == len(texts)
    for text, entities in zip(texts, found, strict=True):
        for e in entities:
            assert text[e.start : e.end] == e.text != ""
            assert e.label == "Disease" and 0 <= e.score <= 1
        assert all(one.end <= other.start for one, other in pairwise(entities))


@unhurried
@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=10))
def test_spans_equal_spans_of_metric(tags):
    assert list(spans(tags)) == metrics.spans(tags)


def test_words_are_split_like_bert():
    text = "APC-related (5±2%) 癌症 e\u0301x\u00a0y."
    words = ["APC", "-", "related", "(", "5±2", "%", ")", "癌", "症", "e\u0301x", "y", "."]
    assert [word for word, _ in WORDS.pre_tokenize_str(text)] == words
    assert all(text[start:end] == word for word, (start, end) in WORDS.pre_tokenize_str(text))


def test_word_gets_tag_of_its_first_subword(ner_folder, extractor):
    tokenizer, model = (
        AutoTokenizer.from_pretrained(ner_folder),
        AutoModelForTokenClassification.from_pretrained(ner_folder),
    )
    words = ["Patients", "with", "cystic", "fibrosisitis", "were", "seen"]
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        answers = model.eval()(**encoded).logits[0].argmax(-1).tolist()
    firsts = [encoded.word_ids(0).index(i) for i in range(len(words))]
    assert extractor.tag([words]) == [bio([TAGS[answers[at]] for at in firsts])]


def test_extract_and_tag_find_the_same(extractor):
    found = extractor.extract(SENTENCES)
    tags = extractor.tag([[word for word, _ in WORDS.pre_tokenize_str(text)] for text in SENTENCES])
    assert sum(map(len, found)) > 20
    assert [len(entities) for entities in found] == [len(list(spans(of_row))) for of_row in tags]


def test_each_word_of_long_text_is_tagged_once_with_context_on_both_sides(extractor):
    def distance_to_edge(inputs: dict) -> np.ndarray:
        """Logits that hold the distance of a subword from the nearer edge of its window."""
        length, at = (
            inputs["attention_mask"].sum(-1, keepdims=True),
            np.arange(inputs["input_ids"].shape[1]),
        )
        return np.stack(
            [0 * length + 0 * at, np.minimum(at, length - 1 - at), 0 * length + 0 * at], -1
        ).astype(float)

    words = " ".join(SENTENCES).split()
    tokenizer = extractor.encoder.tokenizer  # windows of 24 subwords that share 6
    (chances,) = EntityExtractor(
        Encoder(extractor.encoder.config, tokenizer, distance_to_edge, "")
    ).probabilities([words])
    distances = np.log(chances[:, 1] / chances[:, 0])
    assert len(distances) == len(words) > 300
    assert distances[3:-6].min() >= 3 - 1e-6
    assert distances.max() > 8


def test_word_dropped_by_tokenizer_is_outside(extractor):
    tokenizer = Tokenizer.from_str(extractor.encoder.tokenizer.to_str())
    tokenizer.normalizer = normalizers.BertNormalizer()  # removes control characters
    encoder = Encoder(extractor.encoder.config, tokenizer, extractor.encoder.forward, "torch")
    assert EntityExtractor(encoder).tag([["\u200b", "asthma", "\u200b"]])[0][::2] == ["O", "O"]


def test_batch_does_not_change_result(extractor):
    together = extractor.extract(SENTENCES)
    for text, entities in zip(SENTENCES[:10], together, strict=False):
        (alone,) = extractor.extract([text])
        assert [(e.start, e.end) for e in alone] == [(e.start, e.end) for e in entities]
        assert [e.score for e in alone] == pytest.approx([e.score for e in entities], abs=1e-5)


def test_threshold_removes_lower_scores(extractor):
    scores = [e.score for entities in extractor.extract(SENTENCES) for e in entities]
    middle = float(np.median(scores))
    kept = [
        e.score for entities in extractor.extract(SENTENCES, threshold=middle) for e in entities
    ]
    assert kept == pytest.approx([score for score in scores if score >= middle])
    assert 0 < len(kept) < len(scores)


def test_empty_input_gives_empty_output(extractor):
    assert extractor.extract([]) == []
    assert extractor.extract(["", " \n"]) == [[], []]
    assert extractor.tag([[]]) == [[]]


def test_relation_probability_equals_model_output(classifier, tmp_path_factory):
    folder = sorted(
        tmp_path_factory.getbasetemp().glob("model*"), key=lambda path: path.stat().st_mtime
    )[-1]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    texts = [
        "Mutations in @GENE$ cause @DISEASE$.",
        "@DISEASE$",
        "@GENE$ was used as a marker in cells of @DISEASE$.",
    ]
    with torch.inference_mode():
        expected = [
            model(**tokenizer(t, return_tensors="pt")).logits.softmax(-1)[0, 1].item()
            for t in texts
        ]
    assert classifier.probabilities(texts) == pytest.approx(expected, abs=1e-5)


@unhurried
@given(
    parts=st.tuples(
        *[
            st.lists(
                st.sampled_from(["Mutations", "in", "fibrosis-like", "(cells)", "癌", "x."]),
                max_size=40,
            )
        ]
        * 3
    ),
    room=st.integers(16, 40),
)
def test_long_text_is_cut_to_pair_and_nearby_words(classifier, parts, room):
    before, between, after = (" ".join(part) for part in parts)
    text = f"{before} @GENE$ {between} @DISEASE$ {after}".strip()
    tokenizer = classifier.encoder.whole
    shown = around_pair(text, tokenizer.encode(text, add_special_tokens=False).offsets, room)
    length = len(tokenizer.encode(shown, add_special_tokens=False))
    assert length <= room and MASK.findall(shown) == ["@GENE$", "@DISEASE$"]
    if len(tokenizer.encode(text, add_special_tokens=False)) <= room:
        assert shown == text
    elif shown in text:
        longest = len(tokenizer.encode("fibrosis-like", add_special_tokens=False))
        assert length > room - 2 * longest, "no room is left for a word more"


def test_place_of_pair_in_long_text_does_not_change_result(classifier):
    pair, filler = "@GENE$ mutations cause @DISEASE$", " ".join(["cells"] * 60)
    texts = [f"{pair} {filler}", f"{filler} {pair}"]
    offsets = [
        classifier.encoder.whole.encode(text, add_special_tokens=False).offsets for text in texts
    ]
    shown = [
        around_pair(text, of_text, classifier.encoder.room)
        for text, of_text in zip(texts, offsets, strict=True)
    ]
    assert all(pair in text and text != whole for text, whole in zip(shown, texts, strict=True))
    assert classifier.probabilities(texts) == classifier.probabilities(shown)


def test_pairs_are_in_one_sentence_and_masked(classifier):
    text = "E. coli aside, CFTR causes cystic fibrosis (Fig. 2). The VHL gene was normal."
    entities = [
        entity(text, *e)
        for e in (("CFTR", "Gene"), ("cystic fibrosis", "Disease"), ("VHL", "Gene"))
    ]
    (relation,) = classifier.extract(text, entities)
    assert relation.masked_text == "E. coli aside, @GENE$ causes @DISEASE$ (Fig. 2)."
    assert (relation.head, relation.tail) == (entities[0], entities[1])
    assert relation.score == pytest.approx(
        classifier.probabilities([relation.masked_text])[0], abs=1e-5
    )
    assert relation.label == ("related" if relation.score >= 0.5 else "unrelated")


def test_sentence_does_not_end_inside_entity_or_abbreviation():
    text = "Seen by Dr. A. Smith in St. Louis. In J. B. Syndrome. A it was not.\n\nNext"
    name = entity(text, "J. B. Syndrome. A", "Disease")
    assert [text[a:b].strip() for a, b in sentences(text, [name])][-2:] == [
        "In J. B. Syndrome. A it was not.",
        "Next",
    ]
    assert "".join(text[a:b] for a, b in sentences(text, [name])) == text


def test_overlapping_entities_are_not_a_pair(classifier):
    text = "VHL disease was seen."
    entities = [entity(text, "VHL", "GENE"), entity(text, "VHL disease", "DISEASE")]
    assert classifier.extract(text, entities) == []
    with pytest.raises(ValueError, match="overlap"):
        mask(text, *entities)


def test_mask_accepts_pair_in_either_order():
    text = "asthma in 17q21 (ORMDL3) carriers"
    assert mask(text, entity(text, "ORMDL3", "Gene"), entity(text, "asthma", "Disease")) == (
        "@DISEASE$ in 17q21 (@GENE$) carriers"
    )


def test_load_error_states_reason(ner_folder, tmp_path):
    with pytest.raises(ValueError, match="choose auto, onnx or torch"):
        Encoder.from_pretrained(ner_folder, backend="tpu")
    with pytest.raises(ValueError, match=r"holds no onnx/model.onnx: export it"):
        Encoder.from_pretrained(ner_folder, backend="onnx")
    with pytest.raises(ValueError, match="nowhere: no such file or folder"):
        Encoder.from_pretrained(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="no relation model"):
        RelationClassifier.from_pretrained(ner_folder)


def test_import_does_not_load_torch_or_transformers():
    code = "import sys, corpusmith.inference; print({'torch', 'transformers'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
