"""Model uncertainty on synthetic rows, by group of the recipe."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from corpusmith.errors import UserError
from corpusmith.quality.predictions import Prediction
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe

PRIOR = 5  # rows of average uncertainty added to each group


@dataclass
class Doubt:
    """The mean uncertainty of some rows, 0 to 1."""

    rows: int = 0
    total: float = 0.0

    def add(self, doubt: float) -> None:
        self.rows += 1
        self.total += doubt

    def mean(self, prior: float) -> float:
        """The mean, shrunk towards `prior`; less so with more rows."""
        return (self.total + PRIOR * prior) / (self.rows + PRIOR)


@dataclass
class Uncertainty:
    """Uncertainty by kind, by topic, and by branch and concept of each lexicon.

    A branch is the first part of a tree number.
    """

    overall: Doubt = field(default_factory=Doubt)
    kinds: defaultdict[str, Doubt] = field(default_factory=lambda: defaultdict(Doubt))
    topics: defaultdict[str, Doubt] = field(default_factory=lambda: defaultdict(Doubt))
    branches: defaultdict[str, defaultdict[str, Doubt]] = field(
        default_factory=lambda: defaultdict(_doubts)
    )
    concepts: defaultdict[str, defaultdict[str, Doubt]] = field(
        default_factory=lambda: defaultdict(_doubts)
    )

    @property
    def mean(self) -> float:
        return self.overall.total / self.overall.rows

    def facts(self) -> dict[str, Any]:
        """The content of `uncertainty.json`, highest uncertainty first."""

        def listed(group: Mapping[str, Doubt]) -> dict[str, dict[str, float]]:
            order = sorted(group.items(), key=lambda item: (-item[1].mean(self.mean), item[0]))
            return {
                name: {"rows": d.rows, "doubt": round(d.mean(self.mean), 4)} for name, d in order
            }

        return {
            "rows": self.overall.rows,
            "doubt": round(self.mean, 4),
            "kinds": listed(self.kinds),
            "topics": listed(self.topics),
            "branches": {lexicon: listed(group) for lexicon, group in self.branches.items()},
            "concepts": {lexicon: listed(group) for lexicon, group in self.concepts.items()},
        }


def _doubts() -> defaultdict[str, Doubt]:
    return defaultdict(Doubt)


def doubt_of(row: Prediction) -> float:
    """A row's uncertainty: the mean of 1 - p(label) over the words of its mentions.

    Both labelled and predicted mentions count. Without any, it is 1 - p(label) of the least certain
    word.
    """
    labels = np.array(row.labels)
    doubts = 1 - row.probabilities[np.arange(len(labels)), labels]
    mention = (labels != 0) | (row.probabilities.argmax(axis=1) != 0)
    return float(
        np.clip(doubts[mention].mean() if mention.any() else doubts.max(initial=0.0), 0.0, 1.0)
    )


def uncertainty_by_group(recipe: Recipe, judged: Iterable[Prediction]) -> Uncertainty:
    """Aggregate model uncertainty by group. Augmented copies and borrowed requests don't count.

    Raises UserError when none of the rows is the recipe's.
    """
    plan = Plan(recipe.own())
    found = Uncertainty()
    for request, doubt in asked(plan, judged):
        found.overall.add(doubt)
        found.kinds[request.kind.name].add(doubt)
        if "topic" in request.attributes:
            found.topics[request.attributes["topic"]].add(doubt)
        for lexicon, concept_id in {
            (s.lexicon, part) for s in request.seeds for part in s.concept_id.split("|")
        }:
            found.concepts[lexicon][concept_id].add(doubt)
            concept = plan.lexicons[lexicon].by_id.get(concept_id)
            for branch in {tree.split(".")[0] for tree in concept.types} if concept else ():
                found.branches[lexicon][branch].add(doubt)
    if not found.overall.rows:
        raise UserError(
            f"none of the predictions is of a row of {recipe.name}: "
            "predict a dataset that was built from it"
        )
    return found


def asked(plan: Plan, judged: Iterable[Prediction]) -> Iterator[tuple[Request, float]]:
    """The request and the uncertainty of each row, without augmented copies."""
    numbered = re.compile(rf"{re.escape(plan.recipe.name)}-(\d{{7,}})")
    for row in judged:
        if (number := numbered.fullmatch(row.id)) and int(number[1]) < plan.recipe.rows:
            yield plan.request(int(number[1])), doubt_of(row)
