"""Scores of a binary classifier: 1 is "related", the positive class."""

from collections.abc import Sequence

import numpy as np


def auroc(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """The chance that a positive row scores above a negative one, ties counting half; None with one
    class only.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, inverse, ties = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[inverse]
    return float(
        (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    )


def relation_scores(
    labels: Sequence[int], probabilities: Sequence[float], threshold: float = 0.5
) -> dict:
    """`positive_f1`, `precision`, `recall`, `macro_f1`, `accuracy` in percent; `mcc` and `auroc` as
    they are defined.

    A row is positive when its probability is at least `threshold`. A ratio over nothing is 0, as in
    scikit-learn.

    Raises:
        ValueError: when the two differ in length or a label is neither 0 nor 1.
    """
    truth, scores = np.asarray(labels, dtype=int), np.asarray(probabilities, dtype=float)
    if truth.shape != scores.shape:
        raise ValueError(f"{len(truth)} labels, {len(scores)} probabilities: score the same rows")
    if not np.isin(truth, (0, 1)).all():
        raise ValueError(
            "a label is neither 0 nor 1: relations are scored as unrelated (0) or related (1)"
        )
    positive = scores >= threshold
    tp, fp = int((positive & (truth == 1)).sum()), int((positive & (truth == 0)).sum())
    fn, tn = int((~positive & (truth == 1)).sum()), int((~positive & (truth == 0)).sum())

    def ratio(numerator: float, denominator: float) -> float:
        return numerator / denominator if denominator else 0.0

    positive_f1, negative_f1 = ratio(2 * tp, 2 * tp + fp + fn), ratio(2 * tn, 2 * tn + fp + fn)
    return {
        "positive_f1": 100 * positive_f1,
        "precision": 100 * ratio(tp, tp + fp),
        "recall": 100 * ratio(tp, tp + fn),
        "macro_f1": 50 * (positive_f1 + negative_f1),
        "accuracy": 100 * ratio(tp + tn, len(truth)),
        "mcc": ratio(
            tp * tn - fp * fn,
            float(tp + fp) ** 0.5 * (tp + fn) ** 0.5 * (tn + fp) ** 0.5 * (tn + fn) ** 0.5,
        ),
        "auroc": auroc(truth, scores),
    }
