"""Rows of JSON with a text and character spans, as in Doccano, Prodigy, spaCy and corpusmith."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from corpusmith.errors import UserError
from corpusmith.extraction.document import (
    UTF16_FIRST,
    Document,
    Mention,
    MentionPair,
    Unit,
    checked,
)

Row = dict[str, Any]


def id_of(row: Row) -> str | None:
    """The id as text; None if it is absent or empty."""
    name = row.get("id")
    if isinstance(name, dict | list | bool):
        raise UserError(f"an id must be text or a number, not {name!r:.60}")
    return None if name in (None, "") else str(name)


def spans_document(
    row: Row, spans: list, where: str, units: Sequence[Unit] | None = None
) -> Document:
    """A text with character spans: `{"start", "end", "label"}`, Doccano's `start_offset`,
    `[start, end, label]`, or `labels` in Label Studio's JSON-MIN.

    `units` are those that the offsets may count, by default code points first.
    """
    text = row.get("text")
    if not isinstance(text, str):
        raise UserError(f"{where}: text is {text!r:.60}; write the text of the document")
    found = [mention_of(span, text, where) for span in spans]
    mentions, stated = tuple(m for m, _ in found), [same for _, same in found]
    if units is None and any(isinstance(span, dict) and "labels" in span for span in spans):
        units = UTF16_FIRST
    relations = tuple(relations_of(row, spans, where))
    return checked(Document(id_of(row), text, mentions, relations, where=where), stated, units)


def mention_of(span: Any, text: str, where: str) -> tuple[Mention, bool]:
    """A mention, and whether the file states its text."""
    if isinstance(span, list) and len(span) == 3:
        span = dict(zip(("start", "end", "label"), span, strict=True))
    if not isinstance(span, dict):
        raise UserError(f"{where}: {span!r:.60} is no span; write [start, end, label]")
    start, end = (first_of(span, f"{side}", f"{side}_offset") for side in ("start", "end"))
    label = first_of(span, "label", "label_", "type", "labels")
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    if not (is_count(start) and is_count(end) and isinstance(label, str) and label):
        raise UserError(f"{where}: {span!r:.90} is no span; write start, end and label")
    stated = span.get("text")
    pieces = tuple((int(a), int(b)) for a, b in span.get("fragments") or ())
    mention = Mention(
        start,
        end,
        label,
        stated if isinstance(stated, str) else text[start:end],
        span.get("score"),
        span.get("concept_id") or span.get("kb_id") or None,
        pieces,
        tuple(span.get("attributes") or ()),
    )
    return mention, isinstance(stated, str)


def relations_of(row: Row, spans: list, where: str) -> Iterator[MentionPair]:
    """Pairs by position (ours) or by the spans' ids (Doccano: `from_id`, `to_id`, `type`).

    Prodigy's relations count tokens and are left out.
    """
    ids = {span["id"]: n for n, span in enumerate(spans) if isinstance(span, dict) and "id" in span}
    for relation in row.get("relations") or ():
        if not isinstance(relation, dict):
            raise UserError(f"{where}: {relation!r:.60} is no relation; write head, tail and label")
        if "head_span" in relation:
            continue
        head, tail = relation.get("head"), relation.get("tail")
        if "from_id" in relation:
            head, tail = ids.get(relation["from_id"]), ids.get(relation.get("to_id"))
        if not (is_count(head) and is_count(tail) and max(head, tail) < len(spans)):
            raise UserError(f"{where}: {relation!r:.90} names no two entities of the row")
        label = str(relation.get("label", relation.get("type", "")))
        marks = (relation.get(mark) is True for mark in ("symmetric", "across"))
        yield MentionPair(head, tail, label, relation.get("score"), *marks)


def first_of(row: Row, *names: str) -> Any:
    return next((row[name] for name in names if name in row), None)


def is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 0
