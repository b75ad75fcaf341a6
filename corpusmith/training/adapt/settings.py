"""The settings of an adaptation: training/settings/adapt.yaml has each value with its reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.training.config import read_settings, typed


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
    confident: float
    listed_prior: float
    unlisted_prior: float
    prior_strength: float
    iterations: int
    weakest: float
    boundary: float
    boundary_margin: float
    bins: tuple[float, ...]
    outside_biases: tuple[float, ...]
    seed: int = 42


LISTS = ("bins", "outside_biases")


def adapt_settings(file: Path | None = None, **given: Any) -> AdaptSettings:
    """The shipped settings, replaced by those of a YAML file and by those given here.

    Raises:
        UserError: at an unknown key or a value of the wrong type.
    """
    path = shipped("training", "settings", "adapt.yaml")
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = set(values) | {"seed"}
    own = read_settings(file)
    own |= {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(map(str, set(own) - known)):
        raise UserError(
            f"unknown setting {', '.join(unknown)}: known are {', '.join(sorted(known))}"
        )
    kinds = get_type_hints(AdaptSettings)
    values |= own
    for name in LISTS:
        values[name] = tuple(float(number) for number in values[name])
    return AdaptSettings(
        **{
            name: value if name in LISTS else typed(name, value, kinds[name])
            for name, value in values.items()
        }
    )
