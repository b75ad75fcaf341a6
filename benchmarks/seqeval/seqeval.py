"""The seqeval metric for `evaluate.load("seqeval")` in the peer's script, without a network."""

import datasets
import evaluate

from corpusmith.evaluation.metrics import span_scores


class Seqeval(evaluate.Metric):
    """The figures of the Space of that name which the script reads."""

    def _info(self) -> evaluate.MetricInfo:
        tags = datasets.List(datasets.Value("string"))
        features = datasets.Features({"predictions": tags, "references": tags})
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="", features=features
        )

    def _compute(self, predictions: list[list[str]], references: list[list[str]]) -> dict:
        scores = span_scores(references, predictions)
        pairs = [
            pair
            for sides in zip(references, predictions, strict=True)
            for pair in zip(*sides, strict=True)
        ]
        return {
            "overall_precision": scores["precision"] / 100,
            "overall_recall": scores["recall"] / 100,
            "overall_f1": scores["strict_f1"] / 100,
            "overall_accuracy": sum(truth == guess for truth, guess in pairs) / max(len(pairs), 1),
        }
