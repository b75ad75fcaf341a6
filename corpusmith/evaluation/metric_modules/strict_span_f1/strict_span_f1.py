"""Strict span F1 as a metric of the `evaluate` library: by path offline, or from the Hub as a
metric Space.

evaluate.load("corpusmith/evaluation/metric_modules/strict_span_f1/strict_span_f1.py").compute(predictions=…,
references=…)
"""

# `evaluate` reads these lines to find what to install or to copy along: one import in each.
import datasets
import evaluate

from .spans import span_scores

DESCRIPTION = """\
Precision, recall and F1 in percent of entity spans, from tags in BIO, BIOES or BILOU: a span is
right when its type and both of its ends are. Equal to seqeval's default mode.
"""

INPUTS = """\
Args:
    predictions: a list of tags for each sentence.
    references: the same of the gold standard.
Returns:
    strict_f1, precision, recall: over all types.
    by_type: f1, precision, recall and support of each type.
"""


class StrictSpanF1(evaluate.Metric):
    """Loaded by `evaluate.load`."""

    def _info(self) -> evaluate.MetricInfo:
        tags = datasets.List(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": tags, "references": tags}),
        )

    def _compute(self, predictions: list[list[str]], references: list[list[str]]) -> dict:
        return span_scores(references, predictions)
