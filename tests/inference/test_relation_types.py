"""Relations of several types, directed or not, between two entities of one kind."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from corpusmith.inference import Entity, RelationClassifier, mask
from tests.training.models import write_model

LABELS = ["none", "raises", "lowers"]
TEXT = "Aspirin, ibuprofen and warfarin were given together. Digoxin was not."
DRUGS = ("Aspirin", "ibuprofen", "warfarin", "Digoxin")


def entities() -> list[Entity]:
    starts = [(TEXT.index(name), name) for name in DRUGS]
    return [Entity(at, at + len(name), "Drug", name, 1.0) for at, name in starts]


def model(folder: Path, encoder: Path, symmetric: list[str]) -> RelationClassifier:
    facts = {"task": "relations", "head": "DRUG", "tail": "DRUG", "threshold": 0.5}
    write_model(folder, encoder, LABELS, {**facts, "symmetric": symmetric})
    return RelationClassifier.from_pretrained(folder)


def test_two_entities_of_one_kind_are_numbered() -> None:
    first, second, *_ = entities()
    forward, backward = mask(TEXT, first, second), mask(TEXT, second, first)
    assert forward.startswith("@DRUG1$, @DRUG2$ and warfarin")
    assert backward.startswith("@DRUG2$, @DRUG1$ and warfarin")


def test_directed_types_are_classified_in_both_directions(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    found = model(tmp_path, tiny_encoder, []).extract(TEXT, entities())
    pairs = {(relation.head.text, relation.tail.text) for relation in found}
    same_sentence = DRUGS[:3]
    assert pairs == {(a, b) for a, b in product(same_sentence, repeat=2) if a != b}
    assert {relation.label for relation in found} <= set(LABELS)


def test_undirected_types_are_classified_once(tiny_encoder: Path, tmp_path: Path) -> None:
    found = model(tmp_path, tiny_encoder, LABELS[1:]).extract(TEXT, entities())
    assert len(found) == 3 and all(r.head.start < r.tail.start for r in found)
    assert all(relation.symmetric == (relation.label != "none") for relation in found)


def test_class_is_the_most_probable_type_or_none(tiny_encoder: Path, tmp_path: Path) -> None:
    classifier = model(tmp_path, tiny_encoder, [])
    texts = [mask(TEXT, a, b) for a, b in product(entities()[:3], repeat=2) if a is not b]
    chances = classifier.distributions(texts)
    assert chances.sum(1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    for (label, score), row in zip(classifier.classify(texts), chances, strict=True):
        strongest = 1 + int(row[1:].argmax())
        assert score == pytest.approx(row[strongest])
        assert label == LABELS[strongest if 1 - row[0] >= 0.5 else 0]


def test_type_is_judged_by_its_own_threshold(tiny_encoder: Path, tmp_path: Path) -> None:
    classifier = model(tmp_path, tiny_encoder, [])
    texts = [mask(TEXT, a, b) for a, b in product(entities()[:3], repeat=2) if a is not b]
    chances = classifier.distributions(texts)
    strongest = [LABELS[1 + int(row[1:].argmax())] for row in chances]
    for needed, expected in ((0.0, strongest), (1.1, ["none"] * len(texts))):
        classifier.thresholds = dict.fromkeys(LABELS[1:], needed)
        assert [label for label, _ in classifier.classify(texts)] == expected


def test_pairs_of_neighbouring_sentences_are_marked(tiny_encoder: Path, tmp_path: Path) -> None:
    classifier = model(tmp_path, tiny_encoder, [])
    within = classifier.extract(TEXT, entities())
    found = classifier.extract(TEXT, entities(), neighbours=True)
    across = [relation for relation in found if relation.across]
    assert len(found) == len(within) + len(across)
    assert {(r.head.text, r.tail.text) for r in across} == {
        pair for name in DRUGS[:3] for pair in ((name, "Digoxin"), ("Digoxin", name))
    }
    for relation in across:
        first = "@DRUG1$" if relation.head.text != "Digoxin" else "@DRUG2$"
        assert relation.masked_text.index(first) < relation.masked_text.index("given")
        assert relation.masked_text.endswith("was not.")
