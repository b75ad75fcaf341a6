import numpy as np
import pytest

from corpusmith.evaluation.significance import f1, interval, macro_f1, paired


def counts(rows: int, right: float, seed: int) -> np.ndarray:
    """Sentences of one entity and one prediction each, right with a given chance."""
    hits = np.random.default_rng(seed).uniform(size=rows) < right
    return np.stack([hits, np.ones(rows, int), np.ones(rows, int)], axis=1).astype(int)


def test_interval_of_share_is_binomial():
    drawn = counts(1000, 0.8, 0)
    share = drawn[:, 0].mean()
    half = 196 * np.sqrt(share * (1 - share) / 1000)
    assert interval(drawn, f1) == pytest.approx([100 * share - half, 100 * share + half], abs=0.4)


def test_interval_is_deterministic_and_narrows_with_rows():
    small, large = counts(100, 0.7, 1), counts(4000, 0.7, 1)
    assert interval(small, f1) == interval(small, f1)
    assert np.ptp(interval(small, f1)) > 4 * np.ptp(interval(large, f1))


def test_paired_test_detects_only_real_difference():
    first, second = counts(800, 0.80, 2), counts(800, 0.60, 3)
    found = paired(first, second, f1, samples=2000)
    assert found["difference"] == pytest.approx(20, abs=4)
    assert found["p"] < 0.01 and found["ci95"][0] > 0
    assert paired(second, first, f1, samples=2000)["difference"] == -found["difference"]
    same = paired(first, counts(800, 0.80, 5), f1, samples=2000)
    assert same["p"] > 0.05 and same["ci95"][0] < 0 < same["ci95"][1]
    assert paired(first, first, f1, samples=200)["p"] == 1


def test_paired_test_resamples_rows_jointly():
    """A system that adds five right rows to those of the other is significantly better."""
    first = counts(400, 0.5, 4)
    second = first.copy()
    second[np.flatnonzero(first[:, 0])[:12], 0] = 0
    assert paired(first, second, f1, samples=2000)["p"] < 0.01


def test_macro_f1_is_the_mean_of_both_classes():
    assert macro_f1(np.array([8, 10, 10, 3, 6, 6])) == pytest.approx((80 + 50) / 2)
    assert f1(np.array([0, 0, 0])) == 0
