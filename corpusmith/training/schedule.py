"""One rule from a corpus's size to the length and speed of its training."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import yaml

from corpusmith.files import shipped
from corpusmith.training.config import TrainingConfig
from corpusmith.training.loss import IGNORED

WIDTH = 384  # hidden dimensions of the encoder for which rule.yaml gives the learning rate


@dataclass(frozen=True)
class Schedule:
    """What the loop follows: settings of the user where given, else of the rule."""

    epochs: int
    learning_rate: float
    keep_last: bool
    outside_biases: tuple[float, ...]
    """The values to choose from after each evaluation; one value is taken as it is."""


@lru_cache
def rule(task: str) -> dict[str, Any]:
    """The numbers of the rule for "ner" or "relations", from training/settings/rule.yaml."""
    path = shipped("training", "settings", "rule.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))[task]


def schedule_for(
    config: TrainingConfig, task: str, steps: int, validation: int, width: int
) -> Schedule:
    """Apply the rule to what `config` leaves open.

    Args:
        config: the user's settings.
        task: "ner" or "relations".
        steps: optimiser steps of one pass over the training split.
        validation: mentions (of relations: rows) in the validation split.
        width: hidden dimensions of the encoder.
    """
    numbers = rule(task)
    passes = -(-numbers["least_steps"] // max(steps, 1))
    epochs = min(max(passes, numbers["least_epochs"]), numbers["most_epochs"])
    rate = numbers["learning_rate"] * min(1.0, WIDTH / max(width, 1))
    biases = tuple(numbers.get("outside_biases", (0.0,)))
    keep_last = validation < numbers["trusted_validation"]
    return Schedule(
        epochs=epochs if config.epochs is None else config.epochs,
        learning_rate=rate if config.learning_rate is None else config.learning_rate,
        keep_last=keep_last if config.keep_last is None else config.keep_last,
        outside_biases=biases if config.outside_bias is None else (config.outside_bias,),
    )


def count_mentions(labels: list[np.ndarray], names: list[str]) -> int:
    """Mentions in the labels of encoded windows: the number of B- tags."""
    begins = [i for i, name in enumerate(names) if name.startswith("B-")]
    counts = [np.isin(window[window != IGNORED], begins).sum() for window in labels]
    return int(sum(counts))
