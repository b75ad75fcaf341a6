import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.space.schema import MAX_BATCH, MAX_CHARACTERS, MAX_PAIRS, InputError
from corpusmith.space.service import CHUNK, SHORT, Service

TEXT = "BRCA1 causes asthma, cystic fibrosis and fever."


def test_all_models_are_asked_and_concepts_linked(service: Service) -> None:
    found = service.extract(TEXT)
    assert [(m["text"], m["label"], m["concept_id"]) for m in found] == [
        ("BRCA1", "Gene", None),
        ("asthma", "Disease", "MESH:D001249"),
        ("cystic fibrosis", "Disease", "MESH:D003550"),
        ("fever", "Disease", None),
    ]
    assert all(TEXT[m["start"] : m["end"]] == m["text"] for m in found)


def test_one_model_and_a_threshold_can_be_asked_for(service: Service) -> None:
    assert [m["text"] for m in service.extract(TEXT, "disease", 0.9)] == [
        "asthma",
        "cystic fibrosis",
    ]


def test_relations_are_judged_within_a_sentence(service: Service) -> None:
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


def test_a_type_that_no_model_knows_comes_from_its_lexicon(service: Service) -> None:
    found = Service(replace(service.settings, ner=service.settings.ner[1:])).relations(
        "BRCA1 causes bronchial asthma."
    )
    assert [(p["head"]["text"], p["tail"]["text"]) for p in found] == [
        ("BRCA1", "bronchial asthma")
    ]


def test_a_batch_keeps_its_order_and_its_empty_texts(service: Service) -> None:
    texts = [f"Text {i} on asthma." if i % 3 else "" for i in range(2 * CHUNK + 5)]
    documents = service.batch(texts)
    assert [document["text"] for document in documents] == texts
    assert [document["id"] for document in documents] == [str(i + 1) for i in range(len(texts))]
    assert [len(document["mentions"]) for document in documents] == [
        int(bool(i % 3)) for i in range(len(texts))
    ]


def test_a_text_is_answered_alike_alone_in_a_crowd_and_in_a_batch(service: Service) -> None:
    texts = [f"Case {i}: {'asthma' if i % 2 else 'fever'} with BRCA1." for i in range(60)]
    with ThreadPoolExecutor(20) as threads:
        crowd = list(threads.map(service.extract, texts))
    assert crowd == [service.extract(text) for text in texts]
    assert crowd == [document["mentions"] for document in service.batch(texts)]


def test_a_long_text_is_read_to_its_end(service: Service) -> None:
    text = "word " * SHORT + "asthma"
    assert [(m["start"], m["text"]) for m in service.extract(text)] == [(5 * SHORT, "asthma")]


def test_half_a_surrogate_pair_leaves_offsets_alone(service: Service) -> None:
    assert [m["start"] for m in service.extract("\ud83d asthma")] == [2]


def test_dictionary_and_recorded_answers_stand_beside_the_models(
    service: Service, tmp_path: Path
) -> None:
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


def test_key_figures_are_those_of_the_model_itself_not_of_baselines_beside_it(
    service: Service,
) -> None:
    assert [(f["model"], f["benchmark"], f["strict_f1"]) for f in service.key_figures()] == [
        ("disease", "toy", 81.25)
    ]


@pytest.mark.parametrize(
    "text", ["", " \n\t", None, 7, ["text"], {"text": "x"}, "x" * (MAX_CHARACTERS + 1)]
)
def test_what_is_no_text_of_readable_length_is_refused(service: Service, text: object) -> None:
    for answer in (service.extract, service.relations):
        with pytest.raises(InputError):
            answer(text)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), "0.5", None, True])
def test_a_threshold_is_a_probability(service: Service, threshold: object) -> None:
    with pytest.raises(InputError, match="threshold"):
        service.extract("asthma", "", threshold)


@pytest.mark.parametrize(
    "model", ["../../etc/passwd", "bert-base-uncased", "<b>", 3, ["disease"], {"a": 1}]
)
def test_only_models_of_this_space_can_be_asked(service: Service, model: object) -> None:
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
def test_a_batch_has_limits(service: Service, texts: object) -> None:
    with pytest.raises(InputError):
        service.batch(texts)


def test_a_text_of_very_many_pairs_is_refused(service: Service) -> None:
    side = int((2 * MAX_PAIRS) ** 0.5) + 1
    with pytest.raises(InputError, match="pairs"):
        service.relations("asthma and brca1, " * side)
