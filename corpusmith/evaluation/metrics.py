"""Every figure that training and evaluation report.

The two that are published as metric Spaces live in their Space's folder, which stands alone; they
are used from here.
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
    """Sentences x (right, predicted, gold) spans of all types: what resampling the sentences
    needs.
    """
    by_type = [counts(truth, guess).values() for truth, guess in zip(gold, predicted, strict=True)]
    columns = ("right", "predicted", "gold")
    return np.array(
        [[sum(count[column] for count in of_row) for column in columns] for of_row in by_type]
    )


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error, 0 to 1: how far confidence and accuracy lie apart, over bins of
    equal width.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3. 0 when there is nothing
    to calibrate.
    """
    confidence, accuracy = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if not len(confidence):
        return 0.0
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence - accuracy)[bin_of == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(confidence))
