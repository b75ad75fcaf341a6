"""From sources to tags: mentions, O and masked words."""

import numpy as np
import pytest

from corpusmith.extraction.assist.candidates import Candidate, Views, candidates, views_of
from corpusmith.extraction.assist.labels import MASKED, label_sentences
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.lexicon.matcher import Matcher

SETTINGS = label_settings()
TAGS = ["O", "B-Disease", "I-Disease"]
LOOKUP = {"Disease": Matcher([("breast cancer", "D:1"), ("asthma", "D:2"), ("disease", "D:3")])}


def views(sentence: str, inside: dict[str, float]) -> Views:
    """Predictions of students that give the words in `inside` this probability, B before I."""
    words = sentence.split()
    rows, before = [], False
    for word in words:
        chance = inside.get(word, 0.01)
        rows.append([1 - chance, 0.0, chance] if before else [1 - chance, chance, 0.0])
        before = chance > 0.5
    return views_of([words], TAGS, [np.array(rows)], LOOKUP)


def tags(of: Views, chance: float) -> list[str]:
    """Tags when the label model gives every candidate the same probability."""
    found = candidates(of, SETTINGS.weakest)
    return label_sentences(of, found, np.full(len(found), chance), SETTINGS)[0]


def found(of: Views) -> set[tuple[int, int, bool]]:
    return {(c.start, c.end, c.listed) for c in candidates(of, SETTINGS.weakest)}


def test_every_source_proposes_candidates() -> None:
    of = views("asthma or PKU in odd patients", {"PKU": 0.9, "odd": 0.3})
    assert found(of) == {(0, 1, True), (2, 3, False), (4, 5, False)}


def test_defined_abbreviation_is_a_candidate() -> None:
    assert (3, 4, True) in found(views("breast cancer ( BC ) is common", {}))
    assert (3, 4, True) not in found(views("breast cancer ( XY ) is common", {}))


def test_agreed_mention_is_tagged_and_other_words_are_outside() -> None:
    of = views("no asthma here", {"asthma": 0.99})
    assert tags(of, 0.95) == ["O", "B-Disease", "O"]


def test_uncertain_candidate_is_masked_and_improbable_one_is_outside() -> None:
    of = views("no asthma here", {"asthma": 0.5})
    assert tags(of, 0.5) == ["O", MASKED, "O"]
    assert tags(of, 0.1) == ["O", "O", "O"]


@pytest.mark.parametrize(
    ("support", "expected"),
    [
        (0.95, ["B-Disease", "I-Disease", "I-Disease"]),
        (0.52, [MASKED, MASKED, "I-Disease"]),
        (0.05, ["O", "B-Disease", "I-Disease"]),
    ],
)
def test_support_decides_word_beside_listed_name(support: float, expected: list[str]) -> None:
    of = views("familial breast cancer", {"familial": support, "breast": 0.95, "cancer": 0.95})
    # A proposal of the students covers the word also where its support is low.
    proposal = Candidate(0, 0, 3, "Disease", "familial breast cancer", "phrase", False, 0.7, True)
    proposals = [*candidates(of, SETTINGS.weakest), proposal]
    chances = np.full(len(proposals), 0.95)
    assert label_sentences(of, proposals, chances, SETTINGS)[0] == expected
