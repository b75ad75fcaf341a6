"""The settings of an adaptation: training/settings/adapt.yaml has each value with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from corpusmith.errors import UserError
from corpusmith.extraction.assist.settings import LabelSettings, label_settings
from corpusmith.files import shipped
from corpusmith.training.config import read_training_settings, typed

LISTS = ("bins", "outside_biases")
COUNTS = ("sentences", "shortest", "longest", "rounds", "epochs", "iterations")
SHARES = ("held_out", "memory", "one_source", "confident", "weakest", "boundary", "boundary_margin")


@dataclass(frozen=True)
class AdaptSettings:
    """See training/settings/adapt.yaml for the meaning and the reason of each value."""

    sentences: int
    shortest: int
    longest: int
    rounds: int
    epochs: int
    learning_rate: float
    synthetic_share: float
    held_out: float
    memory: float
    one_source: float
    least_occurrences: int
    outside_biases: tuple[float, ...]
    labels: LabelSettings
    seed: int = 42


def adapt_settings(file: Path | None = None, **given: Any) -> AdaptSettings:
    """The shipped settings, replaced by those of a YAML file and by those given here.

    Raises:
        UserError: at an unknown key, or a value of the wrong type or out of range.
    """
    path = shipped("training", "settings", "adapt.yaml")
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["seed"] = AdaptSettings.seed
    own = read_training_settings(file)
    own |= {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(map(str, set(own) - set(values))):
        raise UserError(
            f"unknown setting {', '.join(unknown)}: known are {', '.join(sorted(values))}"
        )
    kinds = get_type_hints(AdaptSettings) | get_type_hints(LabelSettings)
    for name, value in (values | own).items():
        values[name] = (
            number_list(name, value) if name in LISTS else typed(name, value, kinds[name])
        )
    check_ranges(values)
    names = {field.name for field in fields(AdaptSettings)} - {"labels"}
    return AdaptSettings(
        labels=label_settings(values), **{name: values[name] for name in sorted(names)}
    )


def check_ranges(values: Mapping[str, Any]) -> None:
    """Raise UserError at a number that no adaptation can be made with."""
    for name in COUNTS:
        if values[name] < 1:
            raise UserError(f"{name} is {values[name]}: give 1 or more")
    for name in SHARES:
        if not 0 <= values[name] <= 1:
            raise UserError(f"{name} is {values[name]}: give a number from 0 to 1")
    bins = values["bins"]
    if not bins or list(bins) != sorted(set(bins)):
        raise UserError(f"bins are {list(bins)}: give numbers in increasing order")
    if not values["outside_biases"]:
        raise UserError("outside_biases is empty: give at least one number")


def number_list(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(n, int | float) for n in value):
        raise UserError(f"{name} is {value!r}: give a list of numbers")
    return tuple(map(float, value))
