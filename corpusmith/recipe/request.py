"""A request to the teacher, and the phrases that its answer must contain."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from corpusmith.recipe.schema import Kind


@dataclass(frozen=True)
class Seed:
    """A phrase that the answer must contain. A coordination has two concept ids, joined by `|`."""

    text: str
    lexicon: str
    concept_id: str


@dataclass(frozen=True)
class Request:
    """A request to the teacher, with its seeds, kind and split."""

    index: int
    id: str
    kind: Kind
    split: str
    seeds: tuple[Seed, ...]
    payload: dict[str, Any]
    prompt: str  # version of the template that asked
    attributes: Mapping[str, str] = field(default_factory=dict)  # as drawn: section, topic, …


def filled_statement(statement: str, seeds: Sequence[Seed]) -> str:
    """The statement with the names drawn in place of `{head}`, `{tail}`, `{other}` and
    `{another}`.
    """
    slots = ("{head}", "{tail}", "{other}", "{another}")
    names = dict(zip(slots, (seed.text for seed in seeds), strict=False))
    return re.sub(
        r"\{(head|tail|other|another)\}", lambda slot: names.get(slot[0], slot[0]), statement
    )
