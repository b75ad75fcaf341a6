"""Write formats that are not a single text file: BRAT folders, spaCy's DocBin, Parquet."""

import re
from collections.abc import Iterator
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.writers.streamed import Documents, row_of
from corpusmith.files import batches


def write_brat(documents: Documents, folder: Path) -> None:
    """`{id}.txt` and `{id}.ann` per document. Mentions are split at line ends."""
    written: set[str] = set()
    for document in documents:
        name = str(document.id)
        parts = Path(name).parts
        if ".." in parts or Path(name).is_absolute() or not parts or "\0" in name:
            raise UserError(f"the id {name!r} can't be a file name: give the documents other ids")
        if name in written:
            raise UserError(f"two documents have the id {name}: BRAT needs a file each")
        written.add(name)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(target.name + ".txt").open("w", encoding="utf-8", newline="") as file:
            file.write(document.text)
        with target.with_name(target.name + ".ann").open("w", encoding="utf-8", newline="") as file:
            file.writelines(brat_lines(document))


def brat_lines(document: Document) -> Iterator[str]:
    """The lines of an .ann file. Concept ids and scores are notes, attributes are BRAT's."""
    notes = attributes = 0
    for number, m in enumerate(document.mentions or (), 1):
        pieces = [
            piece
            for first, last in m.fragments or ((m.start, m.end),)
            for piece in lines_of(document.text, first, last)
        ]
        places = ";".join(f"{first} {last}" for first, last in pieces)
        text = " ".join(document.text[first:last] for first, last in pieces)
        yield f"T{number}\t{m.label} {places}\t{text}\n"
        for what, value in (("concept", m.concept_id), ("score", m.score)):
            if value is not None:
                notes += 1
                yield f"#{notes}\tAnnotatorNotes T{number}\t{what} {value}\n"
        for attribute in m.attributes:
            attributes += 1
            yield f"A{attributes}\t{attribute} T{number}\n"
    for number, pair in enumerate(document.relations, 1):
        yield f"R{number}\t{pair.label} Arg1:T{pair.head + 1} Arg2:T{pair.tail + 1}\n"
        if pair.score is not None:
            notes += 1
            yield f"#{notes}\tAnnotatorNotes R{number}\tscore {pair.score}\n"


def lines_of(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) in pieces without a line end."""
    for found in re.finditer(r"[^\r\n]+", text[start:end]):
        yield start + found.start(), start + found.end()


def write_docbin(documents: Documents, path: Path) -> None:
    """spaCy's DocBin, with `kb_id` and sentence starts; needs spaCy.

    A mention whose ends are inside a token, or that overlaps another, can't be an entity there.
    """
    from corpusmith.extraction.spacy_documents import doc_bin

    path.write_bytes(doc_bin(documents).to_bytes())


def write_parquet(documents: Documents, path: Path) -> None:
    """One document per row, in row groups of 10,000."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    span = pa.list_(pa.list_(pa.int64()))
    entity = {
        "start": pa.int64(),
        "end": pa.int64(),
        "label": pa.string(),
        "text": pa.string(),
        "score": pa.float64(),
        "concept_id": pa.string(),
        "fragments": span,
        "attributes": pa.list_(pa.string()),
    }
    pair = {"head": pa.int64(), "tail": pa.int64(), "label": pa.string(), "score": pa.float64()}
    pair |= {"symmetric": pa.bool_(), "across": pa.bool_()}
    schema = pa.schema(
        {
            "id": pa.string(),
            "text": pa.string(),
            "entities": pa.list_(pa.struct(entity)),
            "relations": pa.list_(pa.struct(pair)),
        }
    )
    with pq.ParquetWriter(path, schema) as writer:
        for rows in batches(map(row_of, documents), 10_000):
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
