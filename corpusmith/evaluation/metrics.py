"""The metrics that training and evaluation report.

Two of them are published as metric Spaces. Their code is in the Space's folder, which is
self-contained; this module imports it.
"""

from collections.abc import Sequence

import numpy as np

from corpusmith.evaluation.metric_modules.relation_scores.binary import relation_scores
from corpusmith.evaluation.metric_modules.strict_span_f1.spans import (
    counts,
    prf,
    span_scores,
    spans,
)

__all__ = ["calibration_error", "prf", "relation_scores", "span_counts", "span_scores", "spans"]


def span_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> np.ndarray:
    """Sentences x (right, predicted, gold) spans of all types, for resampling sentences."""
    by_type = [counts(truth, guess).values() for truth, guess in zip(gold, predicted, strict=True)]
    columns = ("right", "predicted", "gold")
    return np.array(
        [[sum(count[column] for count in of_row) for column in columns] for of_row in by_type]
    )


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error, 0 to 1, over bins of equal width.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3. 0 without predictions.
    """
    confidence, accuracy = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if not len(confidence):
        return 0.0
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence - accuracy)[bin_of == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(confidence))


def type_counts(gold: Sequence[int], predicted: Sequence[int], classes: int) -> np.ndarray:
    """Rows x (right, predicted, gold) of each related class in turn, for resampling rows."""
    truth, guess = np.asarray(gold), np.asarray(predicted)
    columns = []
    for one in range(1, classes):
        in_gold, in_guess = truth == one, guess == one
        columns += [in_gold & in_guess, in_guess, in_gold]
    return np.stack(columns, axis=1).astype(int)


def micro_counts(counts: np.ndarray) -> np.ndarray:
    """The sum of `type_counts` over the related classes: (…, right, predicted, gold)."""
    return counts.reshape(*counts.shape[:-1], -1, 3).sum(-2)


def type_scores(gold: Sequence[int], predicted: Sequence[int], labels: Sequence[str]) -> dict:
    """Scores in percent, and the confusion matrix.

    Args:
        gold: The class of each row, as its number in `labels`.
        predicted: The predicted class of each row.
        labels: The names of the classes, "no relation" first.

    Returns:
        `micro_f1`, `precision` and `recall` over the related classes, `macro_f1` over all classes,
        `accuracy`, `by_type` (the scores and the number of rows of each class), and `confusion`,
        with a row for each gold class and a column for each predicted one.

    Raises:
        ValueError: when a class is not the number of a label, or the lengths differ.
    """
    truth, guess = np.asarray(gold, dtype=int), np.asarray(predicted, dtype=int)
    if truth.shape != guess.shape:
        raise ValueError(f"{len(guess)} predictions for {len(truth)} rows")
    known = range(len(labels))
    if unknown := (set(truth.tolist()) | set(guess.tolist())) - set(known):
        raise ValueError(f"class {unknown.pop()} is none of the {len(labels)} labels")
    confusion = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(confusion, (truth, guess), 1)
    by_type = {
        name: {
            **prf(*(int(n) for n in (confusion[i, i], confusion[:, i].sum(), confusion[i].sum()))),
            "rows": int(confusion[i].sum()),
        }
        for i, name in enumerate(labels)
    }
    related = confusion[1:, 1:].trace(), confusion[:, 1:].sum(), confusion[1:].sum()
    micro = prf(*(int(n) for n in related))
    return {
        "micro_f1": micro["f1"],
        "precision": micro["precision"],
        "recall": micro["recall"],
        "macro_f1": sum(scores["f1"] for scores in by_type.values()) / len(labels),
        "accuracy": 100 * confusion.trace() / max(len(truth), 1),
        "by_type": by_type,
        "confusion": confusion.tolist(),
    }
