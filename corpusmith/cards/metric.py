"""What the README of a metric says: its author's text, which names the repo that it will stand in `NAMESPACE/…`."""

import re
from dataclasses import dataclass

from corpusmith.cards.markdown import literal


@dataclass(frozen=True)
class MetricFacts:
    """Everything a metric's README can say."""

    # given by the publisher
    repo_id: str
    # what the folder's own README states
    readme: str


def render(facts: MetricFacts) -> str:
    """README.md of the metric repo."""
    return re.sub(r"\bNAMESPACE/[\w.-]+", literal(facts.repo_id), facts.readme)
