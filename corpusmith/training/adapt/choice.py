"""Choose the round and the weight of O without a label: by agreement with the label model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from corpusmith.evaluation.metrics import prf, span_counts
from corpusmith.evaluation.significance import f1, interval
from corpusmith.extraction.assist.labels import MASKED

Tags = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Choice:
    """The chosen round and bias. Scores are percent, measured against the label model."""

    round: int
    outside_bias: float
    f1: float
    precision: float
    recall: float
    f1_interval: list[float]

    def facts(self) -> dict:
        return asdict(self)


def choose(
    probabilities: Sequence[Sequence[np.ndarray]],
    tag_names: Sequence[str],
    truth: Tags,
    biases: Sequence[float],
) -> Choice:
    """The (round, bias of O) with the highest F1 against the label model's tags `truth`.

    `probabilities` are those of each round's student on the same held-out sentences. Masked words
    are left out.
    """
    choices = [
        compared(number, bias, predicted(of_student, tag_names, bias), truth)
        for number, of_student in enumerate(probabilities)
        for bias in biases
    ]
    return max(choices, key=lambda choice: (choice.f1, -abs(choice.outside_bias)))


def compared(number: int, bias: float, tags: Tags, truth: Tags) -> Choice:
    """Scores of tags against the label model's."""
    counts = span_counts(*without_masked(truth, tags))
    right, guessed, gold = (int(count) for count in counts.sum(0))
    scores = prf(right, guessed, gold)
    bounds = interval(counts, f1) if len(counts) else [0.0, 0.0]
    return Choice(number, bias, scores["f1"], scores["precision"], scores["recall"], bounds)


def predicted(
    probabilities: Sequence[np.ndarray], tag_names: Sequence[str], bias: float
) -> list[list[str]]:
    """The best tags with `bias` added to the logit of O."""
    factors = np.where(np.array(tag_names) == "O", np.exp(bias), 1.0)
    return [[tag_names[i] for i in (row * factors).argmax(-1)] for row in probabilities]


def without_masked(truth: Tags, tags: Tags) -> tuple[list[list[str]], list[list[str]]]:
    """Both without the words that the label model masks."""
    kept = [[i for i, tag in enumerate(row) if tag != MASKED] for row in truth]
    return (
        [[row[i] for i in at] for row, at in zip(truth, kept, strict=True)],
        [[row[i] for i in at] for row, at in zip(tags, kept, strict=True)],
    )
