"""Documents with their mentions, in one form for every file format."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corpusmith.errors import UserError

SPACE = re.compile(r"\s")


@dataclass(frozen=True)
class Mention:
    """An entity at [start, end) of a document, in Unicode code points.

    `fragments` are the pieces of a discontinuous mention ("breast ... cancer"); `start` and `end`
    span all of them. `attributes` are properties in context, such as "negated".
    """

    start: int
    end: int
    label: str
    text: str
    score: float | None = None
    concept_id: str | None = None
    fragments: tuple[tuple[int, int], ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MentionPair:
    """A relation between two mentions of a document, given by their positions in its list.

    `symmetric` is true if the order of head and tail does not matter, `across` if they are in two
    neighbouring sentences.
    """

    head: int
    tail: int
    label: str
    score: float | None = None
    symmetric: bool = False
    across: bool = False


@dataclass(frozen=True)
class Document:
    """A document as read from a file.

    `id` is None if the file has none. `mentions` is None if the format has no entities, and empty
    if it has them but the document has none. `tokens` and `tags` (BIO) are set if the file splits
    the text into words. `label` and `score` are those of a masked text, unchanged from the file.
    `concept_relations` counts relations between concepts, which are not read: they name no
    mention. `event_lines` counts BRAT's lines of events, which are not read. `where` is the
    place in the file, for errors.
    """

    id: str | None
    text: str
    mentions: tuple[Mention, ...] | None = None
    relations: tuple[MentionPair, ...] = ()
    tokens: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    label: Any = None
    score: Any = None
    concept_relations: int = 0
    event_lines: int = 0
    where: str = ""


Convert = Callable[[int], int | None]
"""Maps an offset in a tool's unit to code points; None if it is not the start of a character."""

Unit = Callable[[str], Convert]
"""The conversion of offsets in a text."""


def checked(
    document: Document,
    stated: Sequence[bool] | None = None,
    units: Sequence[Unit] | None = None,
) -> Document:
    """The document with its mentions' offsets in code points, each compared with the text.

    A tool may count UTF-16 units (Java, JavaScript), UTF-8 bytes, or a line end of two characters
    as one. The first of the units in which all mentions fit is that of the document.

    Args:
        stated: whether the file states each mention's text (all of them, if not given). The others
            can't be compared, but are converted alike, and lie in the text. If no text is stated,
            the first unit is the document's.
        units: code points first, if not given.

    Raises:
        UserError: when a mention is not the text at its offsets.
    """
    mentions, text = document.mentions or (), document.text
    known = [True] * len(mentions) if stated is None else stated
    tried = units or UNITS
    outside: Mention | None = None  # where those with a text fit, but not one without
    for unit in tried if any(known) else tried[:1]:
        convert = unit(text)
        moved = [converted(mention, convert) for mention in mentions]
        unfit = [
            (mention, same)
            for mention, m, same in zip(mentions, moved, known, strict=True)
            if m is None or not (same_text(m, text) if same else within(m, text))
        ]
        if not unfit:
            joined = tuple(
                without_gaps(m if same else replace(m, text=text[m.start : m.end]), text)
                for m, same in zip(moved, known, strict=True)
                if m is not None
            )
            return replace(document, mentions=None if document.mentions is None else joined)
        if outside is None and not any(same for _, same in unfit):
            outside = unfit[0][0]
    if outside:
        raise UserError(
            f"{document.where}: an entity from {outside.start} to {outside.end} does not lie in "
            f"the text of {len(text)} characters; check its offsets"
        )
    pairs = zip(mentions, known, strict=True)
    wrong = next(m for m, same in pairs if same and not same_text(m, text))
    raise UserError(f"{document.where}: {why_not(wrong, text)}")


def converted(mention: Mention, convert: Convert) -> Mention | None:
    start, end = convert(mention.start), convert(mention.end)
    pieces = [(convert(first), convert(last)) for first, last in mention.fragments]
    whole = [(first, last) for first, last in pieces if first is not None and last is not None]
    if start is None or end is None or len(whole) < len(pieces):
        return None
    return replace(mention, start=start, end=end, fragments=tuple(whole))


def without_gaps(mention: Mention, text: str) -> Mention:
    """Join pieces that only white space separates; the text is the document's."""
    pieces: list[tuple[int, int]] = []
    for first, last in mention.fragments:
        if pieces and not text[pieces[-1][1] : first].strip():
            pieces[-1] = (pieces[-1][0], last)
        else:
            pieces.append((first, last))
    if len(pieces) > 1:
        return replace(mention, fragments=tuple(pieces))
    return replace(mention, fragments=(), text=text[mention.start : mention.end])


def within(mention: Mention, text: str) -> bool:
    pieces = mention.fragments or ((mention.start, mention.end),)
    return all(0 <= first < last <= len(text) for first, last in pieces)


def same_text(mention: Mention, text: str) -> bool:
    """Whether the mention's text equals the document's; kinds of white space may differ."""
    if not within(mention, text):
        return False
    pieces = mention.fragments or ((mention.start, mention.end),)
    found = " ".join(text[first:last] for first, last in pieces)
    return SPACE.sub(" ", found) == SPACE.sub(" ", mention.text)


def why_not(mention: Mention, text: str) -> str:
    """The error message for a mention that does not match the text."""
    start, end = mention.start, mention.end
    if start >= end:
        return f"an entity from {start} to {end} holds no text; give it a length or remove it"
    if start < 0 or end > len(text):
        return (
            f"an entity from {start} to {end} is outside the text of {len(text)} characters; "
            "check its offsets"
        )
    found = text[start:end]
    if unicodedata.normalize("NFC", text).find(
        unicodedata.normalize("NFC", mention.text)
    ) >= 0 and (text.find(mention.text) < 0):
        return (
            f"{mention.text!r} is spelled with other Unicode characters (NFC, NFD) than the text; "
            "normalise both alike"
        )
    return (
        f"{mention.text!r} is not the text from {start} to {end}, which is {found[:60]!r}; count "
        "characters "
        "from 0, the end exclusive"
    )


def code_points(text: str) -> Convert:
    return int


def utf16_units(text: str) -> Convert:
    return by_width(text, lambda character: 2 if ord(character) > 0xFFFF else 1)


def utf8_bytes(text: str) -> Convert:
    return by_width(text, lambda character: len(character.encode("utf-8", "replace")))


def short_ends(text: str) -> Convert:
    """Each \\r\\n counted as one character."""
    before = iter(["", *text])
    return by_width(text, lambda character: int(not (next(before) == "\r" and character == "\n")))


def by_width(text: str, width: Callable[[str], int]) -> Convert:
    places: dict[int, int] = {}
    at = 0
    for position, character in enumerate(text):
        places[at] = position  # of characters without a width the last
        at += width(character)
    places[at] = len(text)
    return places.get


UNITS: tuple[Unit, ...] = (code_points, utf16_units, utf8_bytes, short_ends)
UTF16_FIRST: tuple[Unit, ...] = (utf16_units, code_points, utf8_bytes, short_ends)
"""Of tools in a browser: JavaScript counts UTF-16 units."""


def read_score(value: Any, where: str) -> float | None:
    """A score of a file, which may have a decimal comma; None if there is none.

    Raises:
        UserError: when it is no number.
    """
    spelled = "" if value is None else str(value).strip()
    if not spelled:
        return None
    try:
        score = float(spelled.replace(",", "."))
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise UserError(
            f"{where}: the score {spelled[:40]!r} is no number; write one such as 0.95, or "
            "leave it out"
        )
    return score


def mentions_of(tokens: Sequence[str], tags: Sequence[str]) -> Iterator[Mention]:
    """The mentions of BIO tags over words that are joined by spaces."""
    from corpusmith.inference import spans

    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    text = " ".join(tokens)
    for label, first, last in spans(tags):
        start, end = starts[first], starts[last] - 1
        yield Mention(start, end, label or "_", text[start:end])


def tagged_document(
    id: str | None, tokens: Sequence[str], tags: Sequence[str], where: str
) -> Document:
    """A document of words and BIO tags; its text is the words with a space between each two."""
    words = tuple(tokens)
    return Document(
        id,
        " ".join(words),
        tuple(mentions_of(words, tags)),
        tokens=words,
        tags=tuple(tags),
        where=where,
    )


def utf16_offset(text: str, offset: int) -> int:
    """Convert a code point offset to UTF-16 units, as in JavaScript."""
    return offset + sum(ord(character) > 0xFFFF for character in text[:offset])
