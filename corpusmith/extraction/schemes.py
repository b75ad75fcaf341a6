"""Tag schemes: BIO, IOB1, IO, BIOES (IOBES), BILOU and BMES are recognised and converted to BIO."""

import re
from collections.abc import Sequence

from corpusmith.errors import UserError
from corpusmith.inference import bio

TAG = re.compile(r"(O)|([BIELSUMW])(?:-(.+))?", re.DOTALL)
SCHEMES = {
    "BIO": "BI",  # IOB1, IOB2 and IO too: an I- without a span before it starts one
    "BIOES": "BIES",
    "BILOU": "BILU",
    "BMES": "BMES",
    "BMEWO": "BMEW",
}

NOT_RELATED = {"unrelated", "none", "no relation", "no_relation", "negative", "false", "0"}
RELATED = {"related", "relation", "positive", "true", "1"}
"""Accepted names of the two relation classes, in lower case."""


def to_bio(rows: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, ...]]:
    """BIO tags of rows, each given as (place, tags). All rows of a file are in one scheme.

    Malformed spans are read as seqeval reads them by default: an inside tag without a span
    before it starts one.

    Raises:
        UserError: when a tag is in no scheme, or the tags mix two of them.
    """
    letters: dict[str, str] = {}
    typed: dict[bool, str] = {}
    for where, tags in rows:
        for tag in tags:
            letter, type_ = parts(tag, where)
            if letter != "O":
                letters.setdefault(letter, where)
                typed.setdefault(type_ is not None, f"{where} ({tag})")
    if len(typed) == 2:
        raise UserError(
            f"tags with a type at {typed[True]}, and without at {typed[False]}: write B-TYPE in all"
        )
    if not any(set(letters) <= set(known) for known in SCHEMES.values()):
        named = ", ".join(f"{letter}- at {where}" for letter, where in letters.items())
        raise UserError(f"tags of no one scheme: {named}; write all in BIO, BIOES or BILOU")
    return [tuple(bio(tags)) for _, tags in rows]


def parts(tag: object, where: str) -> tuple[str, str | None]:
    """Letter and type of a tag.

    Raises:
        UserError: when it is not a tag; the message suggests what was meant.
    """
    found = TAG.fullmatch(tag) if isinstance(tag, str) else None
    if found:
        return found[1] or found[2], found[3]
    if isinstance(tag, int | float):
        remedy = "a number has no name in a text file: write tags such as B-Disease and O"
    elif tag in ("", None):
        remedy = "write O for a word outside"
    else:
        remedy = "write O, or a prefix and a type such as B-Disease and I-Disease"
    raise UserError(f"{where}: {tag!r} is no BIO tag; {remedy}")


def checked_names(names: Sequence[str], where: str) -> list[str]:
    """The names of a ClassLabel of tags, which must be those of one scheme."""
    to_bio([(where, names)])
    return list(names)
