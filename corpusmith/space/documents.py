"""Tables that a visitor uploads: CSV, TSV, JSON Lines and plain text, read with limits and clear refusals."""

import codecs
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from corpusmith.space.schema import MAX_CHARACTERS, InputError

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt")
USUAL_COLUMNS = ("text", "sentence", "abstract", "document", "content", "body")


@dataclass(frozen=True)
class Table:
    """Rows of named cells; cells that a row lacks are empty."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    @property
    def likely_column(self) -> str:
        """A usual name for text, or else the column that holds the most of it."""
        named = [column for column in self.columns if column.lower() in USUAL_COLUMNS]
        sizes = {
            column: sum(len(row.get(column, "")) for row in self.rows[:100])
            for column in self.columns
        }
        return named[0] if named else max(sizes, key=sizes.__getitem__)

    def texts(self, column: str) -> list[tuple[str, str]]:
        """`(id, text)` a row: the id is the cell `id`, or the row's number from 1."""
        if column not in self.columns:
            raise InputError("The file has no such column. Choose one from the list.")
        return [
            (row.get("id") or str(number), row.get(column, ""))
            for number, row in enumerate(self.rows, 1)
        ]


def read_table(path: Path) -> Table:
    """The table in `path`, by its suffix. A plain text file has one column, `text`, and a row for each line not blank.

    Raises InputError with what to do about it; no message repeats what the file holds.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"Files of this kind are not read. Upload one of {', '.join(SUFFIXES)}.")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it.")
    text = decode(path.read_bytes())
    if suffix == ".txt":
        rows = [{"text": line} for line in text.splitlines() if line.strip()]
    elif suffix == ".jsonl":
        rows = json_rows(text)
    else:
        rows = delimited_rows(text, suffix)
    return checked(rows)


def decode(content: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so."""
    encoding = (
        "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    )
    try:
        return content.decode(encoding).replace("\0", "\ufffd")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The file is not {error.encoding.upper()} (byte {error.start}). Save it as UTF-8."
        ) from None


def json_rows(text: str) -> list[dict[str, str]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(
                f"Line {number} is not JSON. A .jsonl file holds one JSON object a line."
            ) from None
        if not isinstance(record, dict):
            raise InputError(
                f'Line {number} is not an object. Write each line as {{"text": "..."}}.'
            )
        rows.append(
            {
                name: str(value)
                for name, value in record.items()
                if isinstance(value, (str, int, float))
            }
        )
    return rows


def delimited_rows(text: str, suffix: str) -> list[dict[str, str]]:
    header = text.split("\n", 1)[0]
    delimiter = "\t" if suffix == ".tsv" else max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [
            name.strip() or f"column {number}" for number, name in enumerate(next(reader, []), 1)
        ]
        return [dict(zip(names, cells, strict=False)) for cells in reader if cells]
    except csv.Error as error:
        raise InputError(
            f"Line {reader.line_num} cannot be read as {suffix[1:].upper()}: {error}."
        ) from None


def checked(rows: list[dict[str, str]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        raise InputError(
            "The file holds no rows. It needs a line of column names and at least one row of text."
        )
    if len(rows) > MAX_ROWS:
        raise InputError(
            f"The file has {len(rows):,} rows; {MAX_ROWS:,} are read at once. Split it."
        )
    for number, row in enumerate(rows, 1):
        if any(len(cell) > MAX_CHARACTERS for cell in row.values()):
            raise InputError(
                f"Row {number} is longer than {MAX_CHARACTERS:,} characters. Split it into paragraphs."
            )
    return Table(columns, tuple(rows))
