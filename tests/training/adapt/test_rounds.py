"""Training data of a round."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from corpusmith.extraction.assist.candidates import Candidate
from corpusmith.training.adapt.rounds import Rounds, cautious
from corpusmith.training.adapt.settings import adapt_settings
from corpusmith.training.data import load_corpus


def candidate(name: str, listed: bool) -> Candidate:
    return Candidate(0, 0, 1, "Disease", name, "word", listed, 0.9, True)


def test_one_source_alone_is_never_confident() -> None:
    found = [candidate("new", listed=False)] * 5 + [candidate("rare", listed=True)]
    assert set(cautious(found, np.full(6, 0.99), adapt_settings())) == {0.5, 0.99}
    assert cautious(found, np.full(6, 0.01), adapt_settings()).tolist() == [0.01] * 5 + [0.5]


def test_listed_name_often_rejected_by_students_is_outside() -> None:
    found = [candidate("generic", listed=True)] * 3
    assert cautious(found, np.full(3, 0.05), adapt_settings()).tolist() == [0.05] * 3


def test_masked_words_of_synthetic_rows_stay_masked(masked_dataset: Path, tmp_path: Path) -> None:
    settings = replace(adapt_settings(), synthetic_share=1.0)
    corpus = load_corpus(str(masked_dataset))
    rounds = Rounds([["gout"]] * 8, {}, corpus, settings, tmp_path, [])
    rounds.tags = ["O", "B-Disease", "I-Disease"]
    rows = rounds.synthetic_rows(8)
    assert sorted(words[2] for words, tags in rows if tags == [1, 0, -1, 0]) == [
        *("x1", "x3", "x7", "x9")
    ]
    assert len(rows) == 8
