"""Relation types as a user writes them, and the kinds of request that follow from them.

    relation:
      head: chemical
      tail: gene
      types:
        - {name: inhibits, statements: ["{head} inhibits {tail}", "{head} blocks {tail}"]}
        - {name: activates, statements: ["{head} activates {tail}"]}

A statement is a clause with `{head}` and `{tail}`. `relation_kinds` turns the types into kinds of
request.
"""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SLOTS = {"{head}", "{tail}"}
NEGATION = re.compile(
    r"\b(no|not|nor|neither|never|cannot|without|fail(s|ed)? to|lack(s|ed)?|absence of|unlikely)\b"
    r"|n't\b",
    re.IGNORECASE,
)
LABELS = ("unrelated", "related")  # of a recipe that names neither labels nor types


def with_slots(statements: tuple[str, ...]) -> tuple[str, ...]:
    """The statements. Raises ValueError if one doesn't name head and tail, or has other slots."""
    for statement in statements:
        slots = set(re.findall(r"\{[^}]*\}", statement))
        if slots != SLOTS:
            raise ValueError(
                f"{statement!r} needs the slots {{head}} and {{tail}}, and no other: "
                "for example '{head} inhibits {tail}'"
            )
    return statements


class RelationType(BaseModel):
    """A relation type: its statements, and whether direction matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]*$")
    statements: tuple[str, ...] = Field(min_length=1)
    weight: float = Field(default=1.0, gt=0)  # share of the related requests
    symmetric: bool = False  # "{head} interacts with {tail}": the order of the pair has no meaning
    exclusive: bool = False  # reject a sentence that has a cue word of another type as well
    inverse: str | None = None  # the type that holds when head and tail are swapped

    @field_validator("statements")
    @classmethod
    def statements_name_the_pair(cls, statements: tuple[str, ...]) -> tuple[str, ...]:
        return with_slots(statements)

    @model_validator(mode="after")
    def one_direction_rule(self) -> "RelationType":
        if self.symmetric and self.inverse:
            raise ValueError(f"{self.name}: a symmetric type has no inverse")
        return self

    @property
    def stated_by_negation(self) -> bool:
        """Whether a statement of the type has a negation itself: "should not be taken with"."""
        return any(NEGATION.search(statement) for statement in self.statements)


class RelationRecipe(BaseModel):
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
    other_links: tuple[str, ...] = ()  # with types: statements of links that are none of the types
    named_together: str | None = None  # the label of a pair without a stated link, if not the first

    @field_validator("other_links")
    @classmethod
    def other_links_name_the_pair(cls, statements: tuple[str, ...]) -> tuple[str, ...]:
        return with_slots(statements)

    @model_validator(mode="before")
    @classmethod
    def types_make_the_labels(cls, content: Any) -> Any:
        types = content.get("types") if isinstance(content, dict) else None
        if not isinstance(types, list | tuple) or not types or "labels" in content:
            return content
        names = [t.get("name") for t in types if isinstance(t, dict)]
        if not all(isinstance(name, str) for name in names):
            return content  # the errors of the types are reported instead
        return {**content, "labels": (content.get("none", "none"), *names)}

    @model_validator(mode="after")
    def classes_agree(self) -> "RelationRecipe":
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
