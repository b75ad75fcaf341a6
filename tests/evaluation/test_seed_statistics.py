"""Several seeds as one system: means, deviations, differences and the gap closed, with intervals
over the rows.
"""

import numpy as np
import pytest

from corpusmith.evaluation.seed_statistics import gap_closed, seed_differences, seed_figures

RIGHT, WRONG, MISSED = [1, 1, 1], [0, 1, 1], [0, 0, 1]


def ner(*seeds: list[list[int]]) -> np.ndarray:
    """Rows x seeds x columns, from the rows of each seed."""
    return np.array(seeds).transpose(1, 0, 2)


def test_figures_are_means_and_deviations_over_seeds() -> None:
    figures = seed_figures(
        ner([RIGHT] * 8 + [WRONG] * 2, [RIGHT] * 6 + [MISSED] * 4), "ner", [1, 7]
    )
    assert figures["by_seed"] == {"1": pytest.approx(80.0), "7": pytest.approx(75.0)}
    assert figures["strict_f1"] == pytest.approx(77.5)
    assert figures["precision"] == pytest.approx(90.0) and figures["recall"] == pytest.approx(70.0)
    assert figures["stdev"]["strict_f1"] == pytest.approx(np.std([80, 75], ddof=1))
    low, high = figures["ci95"]["strict_f1"]
    assert low < 77.5 < high


def test_untrained_baseline_has_no_seed_and_no_deviation() -> None:
    figures = seed_figures(ner([RIGHT] * 3 + [WRONG]), "ner", [])
    assert (
        figures["by_seed"] == {}
        and "stdev" not in figures
        and figures["strict_f1"] == pytest.approx(75.0)
    )


def test_always_related_baseline_has_known_f1() -> None:
    """On 52% positive rows: positive F1 68, macro F1 34."""
    row = {1: [1, 1, 1, 0, 0, 0], 0: [0, 1, 0, 0, 0, 1]}
    counts = np.array([row[1]] * 52 + [row[0]] * 48)[:, None]
    figures = seed_figures(counts, "relations", [])
    assert figures["positive_f1"] == pytest.approx(2 * 52 / 152 * 100)
    assert figures["macro_f1"] == pytest.approx(figures["positive_f1"] / 2)
    assert (figures["precision"], figures["recall"]) == (52.0, 100.0)
    assert set(figures["ci95"]) == {"macro_f1", "positive_f1"}


def test_difference_is_between_means_over_same_rows() -> None:
    better, worse = [RIGHT] * 45 + [WRONG] * 5, [RIGHT] * 30 + [WRONG] * 20
    tested = seed_differences(ner(better, better), ner(worse, better), "ner")["strict_f1"]
    assert tested["difference"] == pytest.approx(90.0 - (60.0 + 90.0) / 2)
    assert tested["ci95"][0] > 0 and tested["p"] < 0.01


def test_dictionary_is_compared_with_each_seed() -> None:
    tested = seed_differences(
        ner([RIGHT] * 8 + [WRONG] * 2, [RIGHT] * 6 + [WRONG] * 4),
        ner([RIGHT] * 5 + [WRONG] * 5),
        "ner",
    )
    assert tested["strict_f1"]["difference"] == pytest.approx(20.0)


def test_mean_score_midway_closes_half_of_gap() -> None:
    gold = [RIGHT] * 90 + [WRONG] * 10
    ours, zero_shot = [RIGHT] * 70 + [WRONG] * 30, [RIGHT] * 50 + [WRONG] * 50
    gap = gap_closed(ner(ours, ours), ner(zero_shot), ner(gold, gold), "ner")
    assert gap["value"] == pytest.approx(0.5)
    assert gap["ci95"][0] < 0.5 < gap["ci95"][1]


def test_no_gap_if_gold_equals_zero_shot() -> None:
    level, ours = [RIGHT] * 8 + [WRONG] * 2, [RIGHT] * 5 + [WRONG] * 5
    assert gap_closed(ner(ours), ner(level), ner(level), "ner") is None
    nearly = [RIGHT] * 8 + [WRONG]
    # The two are equal in a third of the bootstrap samples.
    assert gap_closed(ner([RIGHT] * 9), ner(nearly), ner([RIGHT] * 9), "ner") is None
