from collections.abc import Sequence

import numpy as np
import pytest

from builders.embeddings import find_outliers, project, two_sample_auroc


def letters(texts: Sequence[str]) -> np.ndarray:
    """A real, if small, embedding: how often each letter occurs."""
    return np.array([[text.lower().count(chr(code)) for code in range(97, 123)] for text in texts], dtype=np.float32)


@pytest.fixture
def corpus() -> list[str]:
    rng = np.random.default_rng(3)
    words = ["patients", "carried", "a", "missense", "mutation", "in", "the", "gene", "and", "early", "ataxia"]
    return [" ".join(rng.choice(words, 12)) for _ in range(300)]


@pytest.mark.parametrize("reference", [2000, 50])
def test_outliers_are_the_texts_unlike_the_rest(corpus, reference):
    corpus[40] = "zzzz qqqq xxxx kkkk"
    corpus[299] = "0123456789 {}[]"
    assert np.flatnonzero(find_outliers(corpus, letters, limit=12.0, reference=reference, batch=64)).tolist() == [
        40,
        299,
    ]


def test_a_handful_of_texts_has_no_outliers(corpus):
    assert not find_outliers(corpus[:5], letters).any()


def test_two_sample_auroc_tells_shifted_from_equal():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 8))
    same = two_sample_auroc(rng.normal(size=(500, 8)), real)
    shifted = two_sample_auroc(rng.normal(loc=1.0, size=(500, 8)), real)
    assert same["rows"] == 400
    assert same["auroc"] == pytest.approx(0.5, abs=0.08)
    assert shifted["auroc"] > 0.95


def test_projection_keeps_the_widest_axis_and_a_fixed_sign():
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(100, 5)) * [0.1, 0.1, 9.0, 0.1, 0.1]
    synthetic, real = project(wide[:60], wide[60:])
    assert synthetic.shape == (60, 2)
    joined = np.concatenate([synthetic, real])[:, 0]
    assert np.corrcoef(joined, wide[:, 2])[0, 1] == pytest.approx(1.0, abs=0.01)
