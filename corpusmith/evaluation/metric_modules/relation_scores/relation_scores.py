"""Scores of relation classification as a metric of the `evaluate` library: by path offline, or as a
metric Space.

evaluate.load("corpusmith/evaluation/metric_modules/relation_scores/relation_scores.py").compute(predictions=…,
references=…)
"""

# `evaluate` reads these lines to find what to install or to copy along: one import in each.
import datasets
import evaluate

from .binary import relation_scores

DESCRIPTION = """\
F1 of the positive class with precision, recall, macro F1 and accuracy in percent, MCC and AUROC.
Read positive F1 with the others: always answering "related" scores a positive F1 of two thirds on
balanced data, but a macro F1 of one third.
"""

INPUTS = """\
Args:
    predictions: the probability of the positive class for each row.
    references: 0 or 1 for each row.
    threshold: the probability from which a row counts as positive.
Returns:
    positive_f1, precision, recall, macro_f1, accuracy, mcc, and auroc (None for rows of one class).
"""


class RelationScores(evaluate.Metric):
    """Loaded by `evaluate.load`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("int64")}
            ),
        )

    def _compute(
        self, predictions: list[float], references: list[int], threshold: float = 0.5
    ) -> dict:
        return relation_scores(references, predictions, threshold)
