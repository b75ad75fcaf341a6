"""Entities, relations, and spans of tags."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TAG = re.compile(r"O|[BIELSUMW](?:-.+)?", re.DOTALL)


SCHEMES = str.maketrans("LUMW", "ESIS")


"""The letters of BILOU and BMES, mapped to those of BIOES."""


@dataclass(frozen=True)
class Entity:
    """An entity: `text` is the input at [start, end), in Unicode code points; `score` is 0 to 1."""

    start: int
    end: int
    label: str
    text: str
    score: float


@dataclass(frozen=True)
class Relation:
    """The relation of a pair of entities. `masked_text` is their sentence as the model's input.

    `label` is the class at the model's threshold. `score` is the probability of the most probable
    type. `symmetric` is true if the order of head and tail does not matter, `across` if they are in
    two neighbouring sentences.
    """

    head: Entity
    tail: Entity
    label: str
    score: float
    masked_text: str
    symmetric: bool = False
    across: bool = False


def spans(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(label, first word, one past the last) of each span of BIO, IOB1, IO, BIOES, BILOU or BMES.

    An inside tag without a span before it starts one, as in seqeval's default mode.
    """
    label, first = None, 0
    for i, tag in enumerate([*tags, "O"]):
        letter, kind = tag[0].translate(SCHEMES), tag[2:]
        if label is not None and not (letter in "IE" and kind == label):
            yield label, first, i
            label = None
        if letter != "O" and label is None:
            label, first = kind, i
        if letter in "ES" and label is not None:
            yield label, first, i + 1
            label = None


def bio(tags: Sequence[str]) -> list[str]:
    """Tags of any scheme as BIO."""
    found = ["O"] * len(tags)
    for label, first, last in spans(tags):
        end = f"-{label}" if label else ""
        found[first:last] = [f"B{end}"] + [f"I{end}"] * (last - first - 1)
    return found
