"""Relation types as a user writes them, and the kinds of request that follow from them.

    relation:
      head: chemical
      tail: gene
      types:
        - {name: inhibits, statements: ["{head} inhibits {tail}", "{head} blocks {tail}"]}
        - {name: activates, statements: ["{head} activates {tail}"]}

A statement is a clause with `{head}` and `{tail}`. Half of the requests state a relation, each type
by its weight; the other half are rows of no relation, in the kinds of
builders/prompts/relation.yaml.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from corpusmith.files import shipped

SLOTS = {"{head}", "{tail}"}
LABELS = ("unrelated", "related")  # of a recipe that names neither labels nor types


class RelationType(BaseModel):
    """A relation type: its statements, and whether direction matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]*$")
    statements: tuple[str, ...] = Field(min_length=1)
    weight: float = Field(default=1.0, gt=0)  # share of the related requests
    symmetric: bool = False  # "{head} interacts with {tail}": the order of the pair has no meaning
    inverse: str | None = None  # the type that holds when head and tail are swapped

    @field_validator("statements")
    @classmethod
    def statements_name_the_pair(cls, statements: tuple[str, ...]) -> tuple[str, ...]:
        for statement in statements:
            slots = set(re.findall(r"\{[^}]*\}", statement))
            if slots != SLOTS:
                raise ValueError(
                    f"{statement!r} needs the slots {{head}} and {{tail}}, and no other: "
                    "for example '{head} inhibits {tail}'"
                )
        return statements

    @model_validator(mode="after")
    def one_direction_rule(self) -> "RelationType":
        if self.symmetric and self.inverse:
            raise ValueError(f"{self.name}: a symmetric type has no inverse")
        return self


class Relation(BaseModel):
    """The lexicons of head and tail, and the classes of a pair: `labels`, or `types` that make
    them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    head: str
    tail: str
    labels: tuple[str, ...] = LABELS  # the first of them is "no relation"
    types: tuple[RelationType, ...] = ()
    none: str = "none"  # with types: the label of a pair without a relation
    negated: Literal["none", "related"] = "none"  # with types: how a negated finding counts
    speculative: Literal["none", "related"] = "related"
    named_together: str | None = None  # the label of a pair without a stated link, if not the first

    @model_validator(mode="before")
    @classmethod
    def types_make_the_labels(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not content.get("types") or "labels" in content:
            return content
        names = [t.get("name") for t in content["types"] if isinstance(t, dict)]
        if not all(isinstance(name, str) for name in names):
            return content  # the errors of the types are reported instead
        return {**content, "labels": (content.get("none", "none"), *names)}

    @model_validator(mode="after")
    def classes_agree(self) -> "Relation":
        if len(self.labels) < 2 or len(set(self.labels)) < len(self.labels):
            raise ValueError(
                f"the classes {', '.join(self.labels)} must be two or more, all different"
            )
        if self.types and self.labels != (self.none, *(t.name for t in self.types)):
            raise ValueError("give `types` or `labels`, not both: the types make the labels")
        if self.named_together not in (None, *self.labels):
            raise ValueError(f"relation.named_together is none of {', '.join(self.labels)}")
        for one in self.types:
            if one.inverse and (one.inverse not in self.labels or self.head != self.tail):
                raise ValueError(
                    f"{one.name}: `inverse` names another type, of a pair of one lexicon"
                )
        return self

    @property
    def one_lexicon(self) -> bool:
        """Whether head and tail are of the same kind, as two drugs are."""
        return self.head == self.tail

    @property
    def symmetric(self) -> bool:
        """Whether no type has a direction."""
        return bool(self.types) and all(one.symmetric for one in self.types)


@lru_cache(maxsize=1)
def asked_how() -> dict[str, Any]:
    """The wording of requests: builders/prompts/relation.yaml."""
    path = shipped("builders", "prompts", "relation.yaml")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def kinds_of(relation: Relation) -> Iterator[dict[str, Any]]:
    """The `kinds` of a recipe whose relation has types, as a recipe would write them."""
    wording = asked_how()
    stated = [*wording["stated"]]
    if relation.speculative == "related":
        stated += wording["speculative"]
    total = sum(one.weight for one in relation.types)
    for one in relation.types:
        asked = [*stated]
        if relation.negated == "related":
            asked += wording["none"]["negated"]["statements"]
        yield {
            "name": one.name,
            "label": one.name,
            "weight": 50 * one.weight / total,
            "seeds": [relation.head, relation.tail],
            "claim": "stated" if relation.negated == "none" else "any",
            "attributes": {
                "statement": [fill(text, clause) for text in asked for clause in one.statements]
            },
        }
    absent = {name: kind for name, kind in wording["none"].items() if applies(name, relation)}
    total = sum(kind["weight"] for kind in absent.values())
    for name, kind in absent.items():
        statements = [text for one in asked_of(name, relation) for text in spoken(kind, one)]
        yield {
            "name": name,
            "label": relation.none,
            "weight": 50 * kind["weight"] / total,
            "seeds": [
                {"head": relation.head, "tail": relation.tail}[role] for role in kind["seeds"]
            ],
            "claim": kind["claim"],
            "attributes": {"statement": list(dict.fromkeys(statements))},
        }


def applies(name: str, relation: Relation) -> bool:
    """Whether a kind of "no relation" can be asked for."""
    if name == "negated":
        return relation.negated == "none"
    if name == "wrong direction":
        return any(asked_of(name, relation))
    return True


def asked_of(name: str, relation: Relation) -> list[RelationType]:
    """The types that a kind of "no relation" is asked with."""
    if name != "wrong direction":
        return list(relation.types)
    if not relation.one_lexicon:
        return []
    return [one for one in relation.types if not one.symmetric and one.inverse is None]


def spoken(kind: dict[str, Any], one: RelationType) -> Iterator[str]:
    """Each statement of a kind with each clause of a type."""
    for text in kind["statements"]:
        for clause in one.statements:
            yield fill(text, clause)


def fill(text: str, clause: str) -> str:
    """The clause in its place in `text`, also with a third name or with the names swapped."""
    swapped = clause.replace("{head}", "\0").replace("{tail}", "{head}").replace("\0", "{tail}")
    return (
        text.replace("{clause}", clause)
        .replace("{clause:other_tail}", clause.replace("{tail}", "{other}"))
        .replace("{clause:other_head}", clause.replace("{head}", "{other}"))
        .replace("{clause:swapped}", swapped)
    )
