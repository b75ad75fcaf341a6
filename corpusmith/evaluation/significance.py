"""Bootstrap intervals of a score, and a paired test between two systems on the same rows.

A score is a function of counts that add up over rows (right, predicted and gold spans of each
sentence), so a resample of the rows is a weighted sum of their counts.
"""

from collections.abc import Callable, Iterator

import numpy as np

Score = Callable[[np.ndarray], np.ndarray]
"""Maps counts (..., columns) to scores (...)."""


def resamples(counts: np.ndarray, samples: int, seed: int) -> Iterator[np.ndarray]:
    """The summed counts of bootstrap samples of the rows, some hundred samples at a time."""
    random = np.random.default_rng(seed)
    even = np.full(len(counts), 1 / len(counts))
    for start in range(0, samples, 200):
        yield random.multinomial(len(counts), even, size=min(200, samples - start)) @ counts


def interval(counts: np.ndarray, score: Score, samples: int = 1000, seed: int = 0) -> list[float]:
    """The 95% percentile bootstrap interval (Efron 1979) of a score; counts are rows x columns."""
    scores = np.concatenate([score(drawn) for drawn in resamples(counts, samples, seed)])
    return [float(bound) for bound in np.percentile(scores, [2.5, 97.5])]


def paired(
    first: np.ndarray, second: np.ndarray, score: Score, samples: int = 10_000, seed: int = 0
) -> dict:
    """The `difference` of two scores (`first` minus `second`), its `ci95`, and two-sided `p`.

    Paired bootstrap (Berg-Kirkpatrick et al. 2012): both systems are scored on the same resamples.
    `p` is the share of resamples whose difference deviates from the observed one by at least the
    observed difference. It estimates how often chance alone would produce it.
    """
    both = np.stack([first, second], axis=1)
    difference = float(np.subtract(*score(both.sum(0))))
    flat = both.reshape(len(both), -1)
    drawn = [
        score(part.reshape(len(part), *both.shape[1:])) for part in resamples(flat, samples, seed)
    ]
    differences = np.concatenate([part[:, 0] - part[:, 1] for part in drawn])
    extreme = int((np.abs(differences - difference) >= abs(difference)).sum())
    low, high = np.percentile(differences, [2.5, 97.5])
    return {
        "difference": difference,
        "ci95": [float(low), float(high)],
        "p": (extreme + 1) / (samples + 1),
    }


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 in percent of (right, predicted, gold)."""
    right, predicted, gold = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    return 200 * right / np.maximum(predicted + gold, 1)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Mean F1 in percent of two classes, from the (right, predicted, gold) of one and the other."""
    return (f1(counts[..., :3]) + f1(counts[..., 3:])) / 2
