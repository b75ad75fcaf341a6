"""A second round that aims: what a student doubts most is asked for more often. No real label is used.

Doubts come from a file of predictions on synthetic rows (`corpusmith.quality.predictions`), and go into a recipe of their own, so
that a request stays a pure function of recipe and number.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from corpusmith.errors import UserError
from corpusmith.quality.predictions import Judged
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan, Request
from corpusmith.recipe.prompt import attribute_values
from corpusmith.recipe.schema import Recipe

PRIOR = (
    5  # rows of average doubt that every group is credited with, so that a few rows do not say much
)
LEAST, MOST = 0.5, 2.0  # what a kind's or a branch's weight is multiplied by
MOST_CONCEPT = 8.0  # what a concept's is: rare ones would not be drawn again otherwise
MOST_CONCEPTS = 300  # the most doubted, of the train split
DOUBTED_TOPIC = 1.25  # times the average, at which a topic is listed twice


@dataclass
class Doubt:
    """The mean doubt of some rows, 0 to 1."""

    rows: int = 0
    total: float = 0.0

    def add(self, doubt: float) -> None:
        self.rows += 1
        self.total += doubt

    def mean(self, prior: float) -> float:
        """Drawn towards `prior`, the less so the more rows there are."""
        return (self.total + PRIOR * prior) / (self.rows + PRIOR)


@dataclass
class Uncertainty:
    """Doubts by kind, by topic, and by lexicon: of its branches (the first part of a tree number) and of its concepts."""

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
        """What `uncertainty.json` holds, the most doubted first."""

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


def doubt_of(row: Judged) -> float:
    """How far a student is from a row's labels: the mean of 1 - p(label) over the words that are, or that it takes for,
    a mention; without one, of the word that it doubts most. It is high where the student is unsure and where it disagrees.
    """
    labels = np.array(row.labels)
    doubts = 1 - row.probabilities[np.arange(len(labels)), labels]
    told = (labels != 0) | (row.probabilities.argmax(axis=1) != 0)
    return float(np.clip(doubts[told].mean() if told.any() else doubts.max(initial=0.0), 0.0, 1.0))


def measure(recipe: Recipe, judged: Iterable[Judged]) -> Uncertainty:
    """Who is doubted how much. Rows that augmentation made say nothing; neither do those of requests that are borrowed.

    Raises UserError when none of the rows is the recipe's.
    """
    plan = Plan(recipe.model_copy(update={"borrow": ()}))
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
            f"none of the predictions is of a row of {recipe.name}: predict the dataset that was built of it"
        )
    return found


def asked(plan: Plan, judged: Iterable[Judged]) -> Iterator[tuple[Request, float]]:
    """The request of each row that is an answer itself, and the doubt of it."""
    numbered = re.compile(rf"{re.escape(plan.recipe.name)}-(\d{{7,}})")
    for row in judged:
        if (number := numbered.fullmatch(row.id)) and int(number[1]) < plan.recipe.rows:
            yield plan.request(int(number[1])), doubt_of(row)


def aimed_recipe(name_or_path: str, found: Uncertainty, rows: int) -> dict[str, Any]:
    """The recipe of the next round: kinds, branches, concepts and topics that are doubted get more weight.

    It has a seed of its own, and borrows the answers of the rounds before it.
    """
    recipe = load_recipe(name_or_path)
    base = name_or_path if name_or_path in shipped_recipes() else str(Path(name_or_path).resolve())
    number = re.search(r"-round(\d+)$", recipe.name)
    stem, turn = (recipe.name[: number.start()], int(number[1])) if number else (recipe.name, 1)
    attributes = {
        name: list(v) if isinstance(v, tuple) else v for name, v in recipe.attributes.items()
    }
    kinds = []
    for kind in recipe.kinds:
        written = kind.model_dump(mode="json", exclude_defaults=True)
        written["weight"] = round(
            kind.weight * ratio(found.kinds.get(kind.name), found, LEAST, MOST), 2
        )
        if "topic" in kind.attributes:
            written["attributes"]["topic"] = with_doubted(kind.attributes["topic"], found)
        kinds.append(written)
    if "topic" in attributes:
        attributes["topic"] = with_doubted(recipe.attributes["topic"], found)
    return {
        "extends": base,
        "name": f"{stem}-round{turn + 1}",
        "title": f"{recipe.title}, round {turn + 1}",
        "rows": rows,
        "seed": recipe.seed + 1,
        "borrow": [base, *recipe.borrow],
        "attributes": attributes,
        "kinds": kinds,
        "lexicons": {
            name: source.model_copy(update={"boost": boost_of(name, recipe, found)}).model_dump(
                mode="json", exclude_defaults=True
            )
            for name, source in recipe.lexicons.items()
        },
    }


def boost_of(lexicon: str, recipe: Recipe, found: Uncertainty) -> dict[str, float]:
    """Factors of the branches, and of the concepts of the train split that are doubted more than the average."""
    plan = Plan(recipe)
    boost = dict(recipe.lexicons[lexicon].boost)
    for branch, doubt in sorted(found.branches[lexicon].items()):
        boost[branch] = round(boost.get(branch, 1.0) * ratio(doubt, found, LEAST, MOST), 3)
    doubted = [
        (ratio(doubt, found, 1.0, MOST_CONCEPT ** (1 / 3)) ** 3, concept_id)
        for concept_id, doubt in found.concepts[lexicon].items()
        if (concept := plan.lexicons[lexicon].by_id.get(concept_id))
        and concept.fold in SPLIT_FOLDS["train"]
    ]
    strongest = sorted(
        (entry for entry in doubted if entry[0] > 1), key=lambda entry: (-entry[0], entry[1])
    )
    return boost | {
        concept_id: round(factor, 3) for factor, concept_id in strongest[:MOST_CONCEPTS]
    }


def ratio(doubt: Doubt | None, found: Uncertainty, least: float, most: float) -> float:
    """A group's doubt over the average one, within bounds; 1 for a group without a row."""
    if doubt is None or not found.mean:
        return 1.0
    return min(max(doubt.mean(found.mean) / found.mean, least), most)


def with_doubted(source: str | tuple[str, ...], found: Uncertainty) -> str | list[str]:
    """An attribute's values, the doubted ones twice; as it was written where none is."""
    values = attribute_values(source)
    twice = [
        v
        for v in values
        if v in found.topics and ratio(found.topics[v], found, 0.0, MOST) >= DOUBTED_TOPIC
    ]
    if not twice:
        return source if isinstance(source, str) else list(source)
    return [*values, *twice]


def write_recipe(content: Mapping[str, Any], out: Path) -> None:
    """As YAML that loads. Raises UserError when `out` exists, or is no recipe."""
    if out.exists():
        raise UserError(f"{out} exists: choose another name, or delete it")
    out.parent.mkdir(parents=True, exist_ok=True)
    head = f"# Written by `corpusmith aim`: {content['extends']} with more weight on what its first student doubts.\n"
    out.write_text(
        head + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120),
        encoding="utf-8",
    )
    try:
        load_recipe(str(out))
    except UserError:
        out.unlink()
        raise
