"""Relations of documents as triples: head, type, tail, and the sentence that says so."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import IO

from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.writers.streamed import Documents, spreadsheet_safe
from corpusmith.inference import Entity, sentences


@dataclass(frozen=True)
class Triple:
    """A relation of two mentions. Offsets are code points of the document's text.

    `evidence` is the sentence of the two, or both of their sentences if `across` is true.
    """

    head: str
    type: str
    tail: str
    score: float | None
    evidence: str
    document: str
    symmetric: bool
    across: bool
    head_label: str
    head_start: int
    head_end: int
    head_id: str
    tail_label: str
    tail_start: int
    tail_end: int
    tail_id: str
    evidence_start: int


def triples_of(document: Document) -> Iterator[Triple]:
    """The relations of a document, in its order."""
    mentions = document.mentions or ()
    if not document.relations:
        return
    cuts = sentence_bounds(document.text, mentions)
    for pair in document.relations:
        head, tail = mentions[pair.head], mentions[pair.tail]
        first, last = min(head.start, tail.start), max(head.start, tail.start)
        start = next(start for start, end in cuts if start <= first < end)
        end = next(end for start, end in cuts if start <= last < end)
        said = document.text[start:end]
        yield Triple(
            head.text,
            pair.label,
            tail.text,
            pair.score,
            said.strip(),
            str(document.id),
            pair.symmetric,
            pair.across,
            head.label,
            head.start,
            head.end,
            head.concept_id or "",
            tail.label,
            tail.start,
            tail.end,
            tail.concept_id or "",
            start + len(said) - len(said.lstrip()),
        )


def sentence_bounds(text: str, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """[start, end) of each sentence, as the relation model was shown them."""
    entities = [Entity(m.start, m.end, m.label, m.text, m.score or 0.0) for m in mentions]
    return list(sentences(text, entities))


def write_triples(documents: Documents, file: IO[str]) -> None:
    """CSV, one relation a row, for spreadsheets and graph databases.

    Cells that a spreadsheet would run as formulas get a leading apostrophe.
    """
    writer = csv.writer(file)
    writer.writerow([field.name for field in fields(Triple)])
    for document in documents:
        for triple in triples_of(document):
            cells = asdict(triple) | {
                "score": "" if triple.score is None else triple.score,
                "symmetric": str(triple.symmetric).lower(),
                "across": str(triple.across).lower(),
            }
            writer.writerow([spreadsheet_safe(cell) for cell in cells.values()])
