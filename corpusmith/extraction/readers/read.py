"""Detect the format of a file, folder, URL or stdin, and read its documents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.readers.binary import read_docbin, read_excel, read_parquet
from corpusmith.extraction.readers.bioc import read_bioc
from corpusmith.extraction.readers.brat import read_brat
from corpusmith.extraction.readers.conll import read_conll
from corpusmith.extraction.readers.json_formats.documents import read_json_documents
from corpusmith.extraction.readers.pubtator import read_pubtator
from corpusmith.extraction.readers.relations import WRITE, is_relation_file, read_relations
from corpusmith.extraction.readers.table import read_table
from corpusmith.extraction.readers.webanno import read_webanno
from corpusmith.text_files import Bad, TextFile

SUFFIXES = {
    **dict.fromkeys([".jsonl", ".json", ".ndjson"], "json"),
    ".csv": "table",
    **dict.fromkeys([".tsv", ".tab"], "tabs"),
    **dict.fromkeys([".conll", ".iob", ".bio"], "conll"),
    ".pubtator": "pubtator",
    **dict.fromkeys([".xml", ".bioc"], "bioc"),
    ".spacy": "docbin",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".txt": "text",
}
NOT_READ = (".doc", ".docx", ".odt", ".rtf", ".pdf", ".xls", ".ods")
"""Office and PDF files: text that is copied out of their layout would have other offsets."""
FORMATS = (
    "text",
    "lines",
    "json",
    "table",
    "conll",
    "pubtator",
    "bioc",
    "docbin",
    "parquet",
    "excel",
    "webanno",
    "relations",
)


@dataclass(frozen=True)
class Reading:
    """Options for reading files.

    The format, if name and content don't show it; the encoding of files that are not UTF-8; and the
    names of columns (`{"text": "Note"}`; in CoNLL their numbers from 1).
    """

    format: str | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


DETECTED = Reading()
"""Detect everything by name and content."""


def read_documents(path: Path, reading: Reading = DETECTED) -> Iterator[Document]:
    """The documents of a file, or of a BRAT folder.

    Raises:
        UserError: when the format is not known, or the file does not fit it; it names file and
            line.
    """
    if path.is_dir():
        return read_brat(path, reading.encoding)
    if not path.is_file():
        raise UserError(f"no file or folder at {path}")
    return read_stream(TextFile.of(path, reading.encoding), reading, path)


def read_stream(
    file: TextFile, reading: Reading, path: Path | None = None, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of a file, a URL or stdin.

    `bad` is called with the error of each bad row of JSON and tables, and of each bad document of
    PubTator and BioC; without it they are raised.
    """
    format_ = reading.format or format_of(file)
    columns = dict(reading.columns)
    match format_:
        case "text":
            return iter([Document(None, file.text(), where=file.name)])
        case "lines":
            return read_lines(file)
        case "json":
            return read_json_documents(file, columns, bad)
        case "table":
            return read_table(file, columns, bad)
        case "conll":
            return read_conll(file, columns)
        case "pubtator":
            return read_pubtator(file, bad)
        case "bioc":
            return read_bioc(file, bad)
        case "webanno":
            return read_webanno(file)
        case "relations":
            return read_relations(file)
        case "parquet":
            return read_parquet(file, columns, bad)
        case "excel":
            return read_excel(file, columns, bad)
        case "docbin":
            if path is None:
                raise UserError(
                    f"{file.name}: a DocBin is read from a file on this machine; copy it"
                )
            return read_docbin(path)
    raise UserError(f"no format {format_!r}: one of {', '.join(FORMATS)}")


def format_of(file: TextFile) -> str:
    """The format by the suffix; of .tsv, .txt and unknown suffixes by the first lines."""
    known = SUFFIXES.get(Path(file.name).suffix.lower())
    if known not in (None, "tabs", "text"):
        return str(known)
    raise_for_office_file(file.name)
    lines = []
    for line in file.lines():
        if line.strip():
            lines.append(line)
        if len(lines) == 50:
            break
    first = lines[0] if lines else ""
    if first.startswith("#FORMAT=WebAnno"):
        return "webanno"
    if re.match(r"[^|\t]+\|[ta]\|", first):
        return "pubtator"
    if known == "tabs":
        return tabs_format(lines, file)
    if known is None and first[:1] in ("{", "["):
        return "json"
    if known is None and first.startswith("<?xml"):
        return "bioc"
    if known is None and Path(file.name).suffix:
        raise UserError(
            f"{file.name}: no format is known by this suffix; rename the file, or give --from "
            f"with one of {', '.join(FORMATS)}"
        )
    return "text"


def raise_for_office_file(name: str) -> None:
    suffix = Path(name).suffix.lower()
    if suffix in NOT_READ:
        to = ".xlsx or .csv" if suffix in (".xls", ".ods") else "text (.txt, UTF-8)"
        raise UserError(f"{name}: {suffix} files are not read; save it as {to}")


def tabs_format(lines: list[str], file: TextFile) -> str:
    """Words with tags, relations, or a table with names."""
    if is_relation_file(lines):
        return "relations"
    cells = [line.split("\t") for line in lines if not line.startswith("#")]
    if cells and all(len(of) == 2 and of[0] in ("0", "1") for of in cells):
        raise UserError(f"{file.name}: the labels come first; {WRITE}")
    names = {cell.strip().lower() for cell in cells[0]} if cells else set()
    body = [of for of in cells[1:] if of[0] != "-DOCSTART-"]
    tagged = [of for of in body if any(re.fullmatch("O|[BIELSUMW](-.+)?", cell) for cell in of)]
    if names & {"text", "sentence", "document", "start", "sentence_id", "sentence #"}:
        return "table"
    return "conll" if tagged or not body or len(cells[0]) == 2 else "table"


def read_lines(file: TextFile) -> Iterator[Document]:
    """One document per non-blank line; its id is the line number."""
    for number, line in enumerate(file.lines(), 1):
        if line.strip():
            yield Document(str(number), line, where=f"{file.name}, line {number}")
