"""Settings of the label model, shared by adaptation and assisted extraction."""

from dataclasses import dataclass, fields
from typing import Any

import yaml

from corpusmith.files import shipped


@dataclass(frozen=True)
class LabelSettings:
    """See training/settings/adapt.yaml for the meaning and the reason of each value."""

    confident: float
    listed_prior: float
    unlisted_prior: float
    prior_strength: float
    iterations: int
    weakest: float
    boundary: float
    boundary_margin: float
    bins: tuple[float, ...]


def label_settings(values: dict[str, Any] | None = None) -> LabelSettings:
    """The label model's part of `values`, or of the shipped settings."""
    if values is None:
        path = shipped("training", "settings", "adapt.yaml")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    own = {field.name: values[field.name] for field in fields(LabelSettings)}
    return LabelSettings(**{**own, "bins": tuple(map(float, own["bins"]))})
