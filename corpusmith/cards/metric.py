"""The README of a metric: its author's text, in which `NAMESPACE/…` becomes the repo's id."""

import re
from dataclasses import dataclass

from corpusmith.cards.markdown import literal


@dataclass(frozen=True)
class MetricFacts:
    """The facts of a metric's README."""

    # given by the publisher
    repo_id: str
    # what the folder's own README states
    readme: str


def render(facts: MetricFacts) -> str:
    """README.md of the metric repo."""
    return re.sub(r"\bNAMESPACE/[\w.-]+", literal(facts.repo_id), facts.readme)
