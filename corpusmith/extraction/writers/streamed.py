"""Write documents with mentions: one function per format. The readers can read them back."""

import csv
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, MentionPair, utf16_offset
from corpusmith.extraction.words import words_and_tags

Documents = Iterator[Document]

CSV_COLUMNS = (
    *("id", "start", "end", "label", "text", "score", "concept_id", "attributes", "relations"),
    "document",
)
FORMULA = re.compile(r"\s*[-=+@\t\r]")
"""Matches cells that a spreadsheet would run as formulas (CWE-1236)."""


def row_of(document: Document) -> dict[str, Any]:
    """A document as a JSON row; `json_documents` reads it."""
    row: dict[str, Any] = {
        "id": document.id,
        "text": document.text,
        "entities": [entity_of(mention) for mention in document.mentions or ()],
    }
    if document.relations:
        row["relations"] = [relation_of(pair) for pair in document.relations]
    return row


def relation_of(pair: MentionPair) -> dict[str, Any]:
    facts = {"head": pair.head, "tail": pair.tail, "label": pair.label, "score": pair.score}
    marks = {"symmetric": pair.symmetric or None, "across": pair.across or None}
    return without_empty(facts | marks)


def entity_of(mention: Mention) -> dict[str, Any]:
    return without_empty(
        {
            "start": mention.start,
            "end": mention.end,
            "label": mention.label,
            "text": mention.text,
            "score": mention.score,
            "concept_id": mention.concept_id,
            "fragments": [list(piece) for piece in mention.fragments],
            "attributes": list(mention.attributes),
        }
    )


def without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value not in (None, [])}


def write_jsonl(documents: Documents, file: IO[str]) -> None:
    """One document per line."""
    for document in documents:
        file.write(json.dumps(row_of(document), ensure_ascii=False) + "\n")


def write_csv(documents: Documents, file: IO[str]) -> None:
    """One mention per row, for spreadsheets. A document's text is in its first row.

    A document without mentions has one row. Cells that a spreadsheet would run as formulas get a
    leading apostrophe, which the reader removes.
    """
    writer = csv.writer(file)
    writer.writerow(CSV_COLUMNS)
    for document in documents:
        text = document.text
        relations = [[p.head, p.tail, p.label, p.score] for p in document.relations]
        linked = json.dumps(relations, ensure_ascii=False) if relations else ""
        for mention in document.mentions or (None,):
            cells = {"id": document.id, "document": text, "relations": linked}
            if mention is not None:
                row = entity_of(mention)
                cells |= row | {"attributes": " ".join(mention.attributes)}
            writer.writerow([spreadsheet_safe(cells.get(name, "")) for name in CSV_COLUMNS])
            text = linked = ""


def spreadsheet_safe(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and FORMULA.match(cell.lstrip("'")) else cell


def write_pubtator(documents: Documents, file: IO[str]) -> None:
    """The first line as the title, the rest as the abstract; line ends and tabs become spaces.

    Scores, attributes and relations are not written.
    """
    for document in documents:
        name = str(document.id)
        if re.search(r"[|\t\n\r]", name):
            raise UserError(f"the id {name!r} can't be written in PubTator: choose another format")
        title, newline, abstract = re.sub(r"[\t\r\x0b\x0c]", " ", document.text).partition("\n")
        file.write(f"{name}|t|{title}\n")
        if newline:
            file.write(f"{name}|a|{abstract.replace(chr(10), ' ')}\n")
        for m in document.mentions or ():
            text = re.sub(r"\s", " ", document.text[m.start : m.end])
            file.write(f"{name}\t{m.start}\t{m.end}\t{text}\t{m.label}\t{m.concept_id or '-'}\n")
        file.write("\n")


def write_bioc(documents: Documents, file: IO[str]) -> None:
    """BioC XML, one passage per document."""
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<collection>\n<source>corpusmith</source>\n'
    )
    file.write("<date></date>\n<key>corpusmith.key</key>\n")
    for document in documents:
        file.write(f"<document><id>{xml(str(document.id))}</id>\n")
        file.write(f"<passage><offset>0</offset><text>{xml(document.text)}</text>\n")
        for number, m in enumerate(document.mentions or ()):
            pieces = m.fragments or ((m.start, m.end),)
            places = "".join(f'<location offset="{a}" length="{b - a}"/>' for a, b in pieces)
            infons = {"type": m.label, "identifier": m.concept_id, "score": m.score}
            infons["attributes"] = " ".join(m.attributes)
            file.write(
                f'<annotation id="T{number}">{infons_of(infons)}{places}'
                f"<text>{xml(m.text)}</text></annotation>\n"
            )
        for number, pair in enumerate(document.relations):
            file.write(
                f'<relation id="R{number}">{infons_of({"type": pair.label, "score": pair.score})}'
                f'<node refid="T{pair.head}" role="head"/><node refid="T{pair.tail}" role="tail"/>'
                "</relation>\n"
            )
        file.write("</passage></document>\n")
    file.write("</collection>\n")


def infons_of(facts: Mapping[str, Any]) -> str:
    return "".join(
        f"<infon key={quoteattr(key)}>{xml(str(value))}</infon>"
        for key, value in facts.items()
        if value not in (None, "")
    )


def xml(text: str) -> str:
    """Escape text. Carriage returns become references; invalid characters become U+FFFD."""
    legal = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)
    return escape(legal, {"\r": "&#13;"})


def write_label_studio(documents: Documents, file: IO[str]) -> None:
    """Tasks with predictions for a labelling interface whose text is `text` and labels `label`."""
    file.write("[")
    for number, document in enumerate(documents):
        results: list[dict[str, Any]] = []
        for n, m in enumerate(document.mentions or ()):
            value = {
                "start": utf16_offset(document.text, m.start),
                "end": utf16_offset(document.text, m.end),
                "text": m.text,
                "labels": [m.label],
            }
            meta = without_empty({"concept_id": m.concept_id, "attributes": list(m.attributes)})
            results.append(
                without_empty(
                    {
                        "id": f"T{n}",
                        "from_name": "label",
                        "to_name": "text",
                        "type": "labels",
                        "value": value,
                        "score": m.score,
                        "meta": meta or None,
                    }
                )
            )
        results += [
            without_empty(
                {
                    "type": "relation",
                    "from_id": f"T{pair.head}",
                    "to_id": f"T{pair.tail}",
                    "direction": "right",
                    "labels": [pair.label],
                    "score": pair.score,
                }
            )
            for pair in document.relations
        ]
        task = {
            "data": {"id": document.id, "text": document.text},
            "predictions": [{"model_version": "corpusmith", "result": results}],
        }
        file.write((",\n" if number else "\n") + json.dumps(task, ensure_ascii=False))
    file.write("\n]\n")


def write_html(documents: Documents, file: IO[str]) -> None:
    """A page with every document and its mentions highlighted; it loads nothing from a server."""
    file.write(
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Entities</title>\n'
        "<style>body{font:1rem/1.6 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
        "article{white-space:pre-wrap;margin:0 0 2rem}mark{padding:.1em .2em;border-radius:.2em}"
        "mark small{margin-left:.4em}</style>\n"
    )
    for document in documents:
        file.write(f"<h2>{html.escape(str(document.id))}</h2>\n<article>")
        at = 0
        for m in sorted(document.mentions or (), key=lambda m: (m.start, -m.end)):
            if m.start < at:
                continue  # inside of the one before
            file.write(html.escape(document.text[at : m.start]))
            facts = [m.label, *([f"{m.score:.2f}"] if m.score is not None else [])]
            facts += [*([m.concept_id] if m.concept_id else []), *m.attributes]
            file.write(
                f"<mark>{html.escape(document.text[m.start : m.end])}"
                f"<small>{html.escape(' '.join(facts))}</small></mark>"
            )
            at = m.end
        file.write(html.escape(document.text[at:]) + "</article>\n")
    file.write("</html>\n")


def write_conll(documents: Documents, file: IO[str]) -> None:
    """One word and its BIO tag per line, with an empty line after each document."""
    for document in documents:
        words, tags = words_and_tags(document)
        for word, tag in zip(words, tags, strict=True):
            file.write(f"{word}\t{tag}\n")
        if words:
            file.write("\n")
