"""Statistics of a system over several seeds: means, deviations and bootstrap intervals."""

import statistics
from collections.abc import Callable

import numpy as np

from corpusmith.evaluation.benchmark import Benchmark
from corpusmith.evaluation.metrics import prf
from corpusmith.evaluation.significance import Score, f1, interval, macro_f1, paired


def positive_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of the first of two classes, each as (right, predicted, gold)."""
    return f1(counts[..., :3])


SCORES: dict[str, dict[str, Score]] = {
    "ner": {"strict_f1": f1},
    "relations": {"macro_f1": macro_f1, "positive_f1": positive_f1},
    "relation-types": {"micro_f1": f1},
}
"""The scores of entities, of two relation classes, and of several relation types (over the related
ones). Systems are compared by the first."""


def scoring_of(data: Benchmark) -> str:
    """The key of `SCORES` for a benchmark."""
    if data.tagged:
        return "ner"
    return "relations" if len(data.classes) == 2 else "relation-types"


def headline(task: str) -> tuple[str, Score]:
    """The name of the score by which systems are compared, and its function."""
    return next(iter(SCORES[task].items()))


def over_seeds(score: Callable[[np.ndarray], np.ndarray], seeds: int) -> Score:
    """The mean score over `seeds` systems whose counts are concatenated."""
    return lambda counts: score(counts.reshape(*counts.shape[:-1], seeds, -1)).mean(-1)


def seed_figures(counts: np.ndarray, task: str, seeds: list[int]) -> dict:
    """Figures in percent of counts, rows x seeds x columns as
    `corpusmith.evaluation.evaluate.row_counts` gives them.

    F1, precision and recall (relations: of the related class) are means over the seeds; `stdev` is
    their deviation. `by_seed` is each seed's value of the first score of `SCORES`. `ci95`
    resamples the rows, the same for all seeds. For an untrained system `seeds` is empty
    and the seed axis of `counts` has length 1.
    """
    total = counts.sum(0)
    compared, _ = headline(task)
    values = {
        name: [float(value) for value in np.atleast_1d(score(total))]
        for name, score in SCORES[task].items()
    }
    for side in ("precision", "recall"):
        values[side] = [prf(*(int(count) for count in of_seed[:3]))[side] for of_seed in total]
    flat = counts.reshape(len(counts), -1)
    figures: dict = {name: statistics.mean(of_seeds) for name, of_seeds in values.items()}
    figures["ci95"] = {
        name: interval(flat, over_seeds(score, len(total))) for name, score in SCORES[task].items()
    }
    if len(total) > 1:
        figures["stdev"] = {name: statistics.stdev(of_seeds) for name, of_seeds in values.items()}
    return figures | {
        "by_seed": {str(seed): value for seed, value in zip(seeds, values[compared], strict=False)}
    }


def seed_difference(first: np.ndarray, second: np.ndarray, score: Score) -> dict:
    """The difference of the mean scores, `first` minus `second`, on the same rows.

    See `corpusmith.evaluation.significance.paired`. A system with one line of counts is compared
    with each seed of the other.
    """
    seeds = max(first.shape[1], second.shape[1])
    both = [np.repeat(c, seeds // c.shape[1], axis=1).reshape(len(c), -1) for c in (first, second)]
    return paired(both[0], both[1], over_seeds(score, seeds))


def seed_differences(first: np.ndarray, second: np.ndarray, task: str) -> dict[str, dict]:
    """`seed_difference` in each score of the task."""
    return {name: seed_difference(first, second, score) for name, score in SCORES[task].items()}


def gap_closed(
    synthetic: np.ndarray, zero_shot: np.ndarray, gold: np.ndarray, task: str
) -> dict | None:
    """(synthetic - zero-shot) / (gold - zero-shot) of the mean scores, with a bootstrap interval.

    None if gold and zero-shot are equal, on all rows or in a resample: there is no gap then.
    """
    _, score = headline(task)
    sides = [counts.reshape(len(counts), -1) for counts in (synthetic, zero_shot, gold)]
    scores = [over_seeds(score, counts.shape[1]) for counts in (synthetic, zero_shot, gold)]
    cuts = np.cumsum([side.shape[1] for side in sides])[:-1]

    def gap(counts: np.ndarray) -> np.ndarray:
        ours, theirs, best = (
            s(part) for s, part in zip(scores, np.split(counts, cuts, axis=-1), strict=True)
        )
        return (ours - theirs) / np.where(best == theirs, np.nan, best - theirs)

    together = np.concatenate(sides, axis=1)
    value, ci95 = float(gap(together.sum(0))), interval(together, gap)
    return {"value": value, "ci95": ci95} if np.isfinite([value, *ci95]).all() else None
