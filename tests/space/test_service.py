import gzip
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpusmith.extraction.assist.label_model import prior_model
from corpusmith.extraction.assist.served import assisted_reader
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.inference import Entity, by_sentence
from corpusmith.space.schema import MAX_BATCH, MAX_CHARACTERS, MAX_PAIRS, InputError, pair_count
from corpusmith.space.service import CHUNK, SHORT, Service
from corpusmith.space.settings import Settings, read_examples, read_settings

TEXT = "BRCA1 causes asthma, cystic fibrosis and fever."


def test_extract_runs_all_models_and_links_concepts(service: Service) -> None:
    found = service.extract(TEXT)
    assert [(m["text"], m["label"], m["concept_id"]) for m in found] == [
        ("BRCA1", "Gene", None),
        ("asthma", "Disease", "MESH:D001249"),
        ("cystic fibrosis", "Disease", "MESH:D003550"),
        ("fever", "Disease", None),
    ]
    assert all(TEXT[m["start"] : m["end"]] == m["text"] for m in found)


def test_model_and_threshold_can_be_requested(service: Service) -> None:
    assert [m["text"] for m in service.extract(TEXT, "disease", 0.9)] == [
        "asthma",
        "cystic fibrosis",
    ]


def test_relations_are_classified_within_a_sentence(service: Service) -> None:
    pairs = service.relations("BRCA1 causes asthma. CFTR was a control of fever.")
    assert [(p["head"]["text"], p["tail"]["text"], p["label"]) for p in pairs] == [
        ("BRCA1", "asthma", "related"),
        ("CFTR", "fever", "unrelated"),
    ]
    assert pairs[0]["masked_text"] == "@GENE$ causes @DISEASE$."
    assert (
        service.relations("BRCA1 causes asthma. CFTR was a control of fever.", threshold=0.9)
        == pairs[:1]
    )


def test_type_without_model_comes_from_lexicon(service: Service) -> None:
    found = Service(replace(service.settings, ner=service.settings.ner[1:])).relations(
        "BRCA1 causes bronchial asthma."
    )
    assert [(p["head"]["text"], p["tail"]["text"]) for p in found] == [
        ("BRCA1", "bronchial asthma")
    ]


def test_batch_keeps_order_and_empty_texts(service: Service) -> None:
    texts = [f"Text {i} on asthma." if i % 3 else "" for i in range(2 * CHUNK + 5)]
    documents = service.batch(texts)
    assert [document["text"] for document in documents] == texts
    assert [document["id"] for document in documents] == [str(i + 1) for i in range(len(texts))]
    assert [len(document["mentions"]) for document in documents] == [
        int(bool(i % 3)) for i in range(len(texts))
    ]


def test_answer_is_the_same_alone_concurrent_and_in_batch(service: Service) -> None:
    texts = [f"Case {i}: {'asthma' if i % 2 else 'fever'} with BRCA1." for i in range(60)]
    with ThreadPoolExecutor(20) as threads:
        crowd = list(threads.map(service.extract, texts))
    assert crowd == [service.extract(text) for text in texts]
    assert crowd == [document["mentions"] for document in service.batch(texts)]


def test_long_text_is_read_to_its_end(service: Service) -> None:
    text = "word " * SHORT + "asthma"
    assert [(m["start"], m["text"]) for m in service.extract(text)] == [(5 * SHORT, "asthma")]


def test_lone_surrogate_keeps_offsets(service: Service) -> None:
    assert [m["start"] for m in service.extract("\ud83d asthma")] == [2]


def test_dictionary_and_recorded_answers(service: Service, tmp_path: Path) -> None:
    assert [m["text"] for m in service.dictionary("Bronchial asthma is a disease.")] == [
        "Bronchial asthma"
    ]
    record = tmp_path / "zero_shot.jsonl"
    record.write_text(
        json.dumps({"text": TEXT, "entities": [{"start": 13, "end": 19, "label": "Disease"}]})
        + "\n"
    )
    recorded = Service(replace(service.settings, zero_shot=record)).recorded
    assert [m["text"] for m in recorded(TEXT) or []] == ["asthma"]
    assert recorded("Another text.") is None
    unknown = {"text": TEXT, "entities": [{"start": 13, "end": 19, "label": "Symptom"}]}
    record.write_text(json.dumps(unknown) + "\n")
    assert Service(replace(service.settings, zero_shot=record)).zero_shot == {}


def test_key_figures_leave_out_baselines(
    service: Service,
) -> None:
    assert [(f["model"], f["benchmark"], f["strict_f1"]) for f in service.key_figures()] == [
        ("disease", "toy", 81.25)
    ]


@pytest.mark.parametrize(
    "text", ["", " \n\t", None, 7, ["text"], {"text": "x"}, "x" * (MAX_CHARACTERS + 1)]
)
def test_unreadable_text_is_refused(service: Service, text: object) -> None:
    for answer in (service.extract, service.relations):
        with pytest.raises(InputError):
            answer(text)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), "0.5", None, True])
def test_threshold_must_be_a_probability(service: Service, threshold: object) -> None:
    with pytest.raises(InputError, match="threshold"):
        service.extract("asthma", "", threshold)


@pytest.mark.parametrize(
    "model", ["../../etc/passwd", "bert-base-uncased", "<b>", 3, ["disease"], {"a": 1}]
)
def test_unknown_model_is_refused(service: Service, model: object) -> None:
    for answer in (service.extract, service.relations):
        with pytest.raises(InputError, match="no such model") as refused:
            answer("asthma", model)
        assert str(model) not in str(refused.value)


@pytest.mark.parametrize(
    "texts",
    [
        "asthma",
        None,
        [None],
        [["asthma"]],
        ["x"] * (MAX_BATCH + 1),
        ["x" * (MAX_CHARACTERS + 1)],
        ["x" * 20_000] * 51,
    ],
)
def test_batch_size_is_limited(service: Service, texts: object) -> None:
    with pytest.raises(InputError):
        service.batch(texts)


def test_text_with_too_many_pairs_is_refused(service: Service) -> None:
    side = int((2 * MAX_PAIRS) ** 0.5) + 1
    with pytest.raises(InputError, match="pairs"):
        service.relations("asthma and brca1, " * side)


def test_long_repetitive_text_is_split_in_linear_time() -> None:
    """200,000 characters of abbreviations and mentions: quadratic code takes minutes."""
    text = "e.g. A or B. No. 5 " * 12_000
    found = sorted([*range(5, len(text), 19), *range(10, len(text), 19)])
    entities = [Entity(at, at + 1, "Gene", text[at], 1.0) for at in found]
    begun = time.perf_counter()
    assert pair_count(text, entities) > 0
    assert time.perf_counter() - begun < 10


def test_mention_belongs_only_to_its_sentence() -> None:
    text = "Alpha and Beta. Gamma e.g. Delta was. Eps"
    names = ("Alpha", "Beta", "Gamma", "Delta", "Eps")
    entities = [
        Entity(text.index(name), text.index(name) + len(name), "X", name, 1.0) for name in names
    ]
    inside = [[e.text for e in found] for *_, found in by_sentence(text, entities[::-1])]
    assert inside == [["Alpha", "Beta"], ["Gamma", "Delta"], ["Eps"]]
    across = Entity(10, 20, "X", text[10:20], 1.0)  # no sentence ends within a mention
    assert [at for *at, _ in by_sentence(text, [across])] == [[0, 38], [38, len(text)]]


def test_model_of_another_type_shows_no_disease_anywhere(tagger: Callable, tmp_path: Path) -> None:
    """For a user's own type, no tab, endpoint or text shows another corpus's sentences."""
    folder = tagger(tmp_path / "devices", "Device", {"stent": (0.0, 6.0, 0.0)})
    sentence = "The stent was removed."
    (folder / "examples.json").write_text(json.dumps({"sentences": [sentence]}))
    settings = read_settings(Path("space"), {"CORPUSMITH_NER_MODELS": str(folder)})
    alone = Service(settings)
    assert alone.examples == [sentence]
    assert (alone.zero_shot, alone.lexicons, alone.marked_labels) == ({}, {}, ["Device"])


def test_card_widget_gives_examples_if_no_file_does(tagger: Callable, tmp_path: Path) -> None:
    folder = tagger(tmp_path / "devices", "Device", {"stent": (0.0, 6.0, 0.0)})
    (folder / "README.md").write_text("---\nwidget:\n- text: A stent.\n- 7\n---\nCard.\n")
    assert read_examples(folder) == ["A stent."]
    (folder / "README.md").write_text("---\nwidget: {a: [}\n---\n")
    assert read_examples(folder) == []


def test_examples_of_relation_models_are_unmasked(tagger: Callable, tmp_path: Path) -> None:
    folder = tagger(tmp_path / "m", "X", {"a": (0.0, 6.0, 0.0)})
    written = {"sentences": ["@GENE$ causes @DISEASE$."]}
    (folder / "examples.json").write_text(json.dumps(written))
    assert read_examples(folder) == []
    written["texts"] = ["MLH1 causes gout."]
    (folder / "examples.json").write_text(json.dumps(written))
    assert read_examples(folder) == ["MLH1 causes gout."]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"\xff\xfe\x00junk"),
        (
            "tokenizer.json",
            b'{"version": "1.0", "model": {"type": "BPE", "vocab": [], "merges": 7}}',
        ),
        ("config.json", b"[]"),
        ("config.json", b"{"),
        ("config.json", b"{}"),
        ("tokenizer_config.json", b"7"),
        ("onnx/model_quantized.onnx", b"junk"),
        ("onnx/model_quantized.onnx", b""),
    ],
)
def test_damaged_model_is_one_clear_error(
    tagger: Callable, tmp_path: Path, name: str, content: bytes
) -> None:
    folder = tagger(tmp_path / "model", "X", {"a": (0.0, 6.0, 0.0)})
    (folder / name).write_bytes(content)
    settings = read_settings(Path("space"), {"CORPUSMITH_NER_MODELS": str(folder)})
    with pytest.raises(ValueError, match="can't be loaded") as refused:
        Service(settings)
    assert str(folder) in str(refused.value) and "\n" not in str(refused.value)


@pytest.fixture
def listed(tagger: Callable, lexicon: Path, tmp_path: Path) -> Settings:
    """A model that does not know "mucoviscidosis", with a label model that trusts listed words."""
    folder = tagger(tmp_path / "disease", "Disease", {"asthma": (0.0, 6.0, 0.0)})
    known = prior_model(["Disease"], label_settings()).facts()
    for group in known["groups"]:
        group["share"] = 0.99 if group["listed"] else 0.3
    (folder / "training.json").write_text(json.dumps({"adapted": {"label_model": known}}))
    variables = {
        "CORPUSMITH_NER_MODELS": str(folder),
        "CORPUSMITH_LEXICONS": f"Disease={lexicon}",
    }
    return read_settings(Path("space"), variables)


def test_list_assists_the_model_of_its_type(listed: Settings) -> None:
    service = Service(listed, assisted_reader)
    text = "Mucoviscidosis and asthma are no disease of carriers."
    assert [mention["text"] for mention in service.extract(text)] == ["asthma"]
    assisted = service.extract(text, assist=True)
    assert [mention["text"] for mention in assisted] == ["Mucoviscidosis", "asthma"]
    assert assisted[0]["concept_id"] == "MESH:D003550"


def test_lexicon_is_read_once_for_links_and_assistance(
    listed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    read = gzip.open

    def count(path: Path, *rest: Any, **options: Any) -> Any:
        opened.append(path)
        return read(path, *rest, **options)

    monkeypatch.setattr(gzip, "open", count)
    assert Service(listed, assisted_reader).assistants
    assert opened == [listed.lexicons[0][1]]


def test_service_without_assistance_links_concepts(listed: Settings) -> None:
    service = Service(listed)
    assert service.extract("Asthma.")[0]["concept_id"] == "MESH:D001249"
    with pytest.raises(InputError, match="no list of names"):
        service.extract("Asthma.", assist=True)


def test_assistance_without_a_list_is_refused(tagger: Callable, tmp_path: Path) -> None:
    folder = tagger(tmp_path / "devices", "Device", {"stent": (0.0, 6.0, 0.0)})
    settings = read_settings(Path("space"), {"CORPUSMITH_NER_MODELS": str(folder)})
    with pytest.raises(InputError, match="no list of names"):
        Service(settings, assisted_reader).extract("The stent was removed.", assist=True)
