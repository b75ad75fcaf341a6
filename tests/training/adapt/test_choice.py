"""Choose the round and the weight of O by agreement with the label model."""

import numpy as np

from corpusmith.extraction.assist.labels import MASKED
from corpusmith.training.adapt.choice import choose

TAGS = ["O", "B-Disease", "I-Disease"]
TRUTH = [["B-Disease", "O", MASKED], ["O", "B-Disease", "O"]] * 5


def student(first: float, second: float) -> list[np.ndarray]:
    """Probabilities of B for the mention of each sentence, and 0.6 for a wrong word."""
    wrong, masked = [0.4, 0.6, 0.0], [0.1, 0.9, 0.0]
    return [
        np.array([[1 - first, first, 0.0], wrong, masked]),
        np.array([wrong, [1 - second, second, 0.0], [0.9, 0.1, 0.0]]),
    ] * 5


def test_bias_that_removes_wrong_mentions_is_chosen() -> None:
    choice = choose([student(0.9, 0.9)], TAGS, TRUTH, [0.0, 1.0, 9.0])
    assert (choice.round, choice.outside_bias, choice.f1) == (0, 1.0, 100.0)


def test_round_with_more_agreement_is_chosen() -> None:
    choice = choose([student(0.9, 0.2), student(0.9, 0.9)], TAGS, TRUTH, [0.0, 1.0])
    assert choice.round == 1


def test_ties_are_resolved_to_smallest_change() -> None:
    choice = choose([student(0.99, 0.99)], TAGS, TRUTH, [2.0, 1.5, 1.0])
    assert choice.outside_bias == 1.0
