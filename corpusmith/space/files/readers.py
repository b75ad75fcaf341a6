"""Read an uploaded CSV, TSV, JSON Lines or text file: every text whole, or a refusal."""

import codecs
import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from corpusmith.space.files.table import Table
from corpusmith.space.schema import LONE_SURROGATE, MAX_CHARACTERS, InputError

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_HEADER = 50_000  # bytes of the line of column names
MAX_CELLS = 200_000
MAX_JSON_LINE = 500_000  # characters
SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt")
LINE_END = re.compile(r"\r\n|\r|\n")
QUOTED = re.compile(r'"[^"]*"')


def read_table(path: Path) -> Table:
    """The table in `path`. Of a .txt file, each line that is not blank is a row.

    Raises:
        InputError: the file breaks a limit or its texts can't be read whole. The message says
            what to change and never repeats what the file contains.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"Files of this kind are not read. Upload one of {', '.join(SUFFIXES)}.")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it.")
    if suffix in (".csv", ".tsv"):
        check_header(path)
    text = decode(path.read_bytes())
    if suffix == ".txt":
        table = text_table(text)
    elif suffix == ".jsonl":
        table = json_table(text)
    else:
        table = delimited_table(text, suffix)
    check(table)
    return table


def check_header(path: Path) -> None:
    """Refuse a first line that is too long, before the file is in memory."""
    with path.open("rb") as file:
        start = file.read(MAX_HEADER)
    if len(start) == MAX_HEADER and b"\n" not in start and b"\r" not in start:
        raise InputError(
            f"The line of column names is longer than {MAX_HEADER:,} bytes. Keep the columns you "
            f"need, {MAX_COLUMNS} at most."
        )


def decode(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 if a byte order mark says so."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if utf16 else "UTF-8"
        raise InputError(
            f"The file is not {encoding} (byte {error.start}). Save it as UTF-8."
        ) from None
    if "\0" in text:
        raise InputError("The file contains NUL characters. Save it as plain text in UTF-8.")
    return text


def text_table(text: str) -> Table:
    rows: list[tuple[str]] = []
    for line in line_by_line(text):
        if line.strip():
            count(rows, 1)
            rows.append((line.rstrip("\r\n"),))
    return Table(("text",), tuple(rows))


def json_table(text: str) -> Table:
    """The values of each object that are text or numbers, by key; null is an empty cell."""
    records: list[dict[str, str]] = []
    columns: dict[str, None] = {}
    nested: dict[str, int] = {}  # key -> first line where its value is no text and no number
    for number, line in enumerate(line_by_line(text), 1):
        if not line.strip():
            continue
        record = json_object(line.rstrip("\r\n"), number)
        for key, value in record.items():
            if not isinstance(value, str | None):
                nested.setdefault(key, number)
        records.append({key: value for key, value in record.items() if isinstance(value, str)})
        columns |= dict.fromkeys(records[-1])
        count(records, len(columns))
    for column in columns:
        if column in nested:
            raise InputError(
                f"Line {nested[column]} has a list, an object, true or false where other lines "
                "have text. Write text in each line."
            )
    rows = tuple(tuple(record.get(column, "") for column in columns) for record in records)
    return Table(tuple(columns), rows)


def json_object(line: str, number: int) -> dict[str, Any]:
    """The object of one line; its numbers as they are written."""
    if len(line) > MAX_JSON_LINE:
        raise InputError(f"Line {number} is longer than {MAX_JSON_LINE:,} characters. Split it.")
    try:
        record = json.loads(
            line, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=unique_keys
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise InputError(f"Line {number}: {error}") from None
        raise InputError(
            f"Line {number} is not JSON. A .jsonl file has one JSON object on each line."
        ) from None
    if not isinstance(record, dict):
        raise InputError(f'Line {number} is not an object. Write each line as {{"text": "..."}}.')
    return record


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise InputError("A key occurs twice in one object. Rename one.")
    return record


def delimited_table(text: str, suffix: str) -> Table:
    """A table with a line of column names. Each row must have a cell for each column."""
    header = LINE_END.split(text, maxsplit=1)[0]
    bare = QUOTED.sub("", header)
    delimiter = "\t" if suffix == ".tsv" else max(",;\t", key=bare.count)
    if header.count(delimiter) >= MAX_COLUMNS:
        raise InputError(f"The file has more than {MAX_COLUMNS} columns. Keep those you need.")
    if suffix == ".csv":
        return parsed(text, delimiter, suffix)
    # By convention a TSV file has no quoting. Spreadsheets quote cells that hold tabs or quotes,
    # and writers that quote every cell quote the header too. `corpusmith extract` reads it alike.
    refusals: list[InputError] = []
    quoted: Table | None = None
    literal: Table | None = None
    try:
        quoted = parsed(text, delimiter, suffix)
    except InputError as error:
        refusals.append(error)
    try:
        literal = parsed(text, delimiter, suffix, csv.QUOTE_NONE)
    except InputError as error:
        refusals.append(error)
    if quoted and literal and len(quoted.rows) != len(literal.rows):
        raise InputError(
            "A quotation mark opens in one line and closes in another. Remove the quotation marks, "
            "or the line break between them."
        )
    if literal and not (quoted and header.startswith('"')):
        return Table(literal.columns, tuple(tuple(map(unquoted, row)) for row in literal.rows))
    if quoted is None:
        raise refusals[-1]
    return quoted


def unquoted(cell: str) -> str:
    """A cell without the quotes of a CSV writer, which doubles the quotes inside."""
    wrapped = len(cell) > 1 and cell[0] == cell[-1] == '"'
    if wrapped and '""' in cell[1:-1] and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell


def parsed(
    text: str, delimiter: str, suffix: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
) -> Table:
    lines = BoundedLines(text, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting)
    rows: list[tuple[str, ...]] = []
    try:
        names = next(reader, [])
        columns = tuple(name.strip() or f"column {at}" for at, name in enumerate(names, 1))
        for cells in reader:
            lines.cells = 0
            if not cells:
                continue
            if len(cells) != len(columns):
                raise InputError(
                    f"Line {reader.line_num} has {cells_of(len(cells))}, the first line "
                    f"{cells_of(len(columns))}. Put quotation marks around a text that contains "
                    "the separator, and leave no cell out."
                )
            count(rows, len(columns))
            rows.append(tuple(cells))
    except csv.Error as error:
        raise InputError(
            f"Line {reader.line_num} cannot be read as {suffix[1:].upper()}: {error}."
        ) from None
    return Table(columns, tuple(rows))


class BoundedLines(Iterator[str]):
    """The lines of a text for `csv.reader`, which refuse to feed a row of very many cells."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.lines = line_by_line(text)
        self.delimiter = delimiter
        self.cells = 0  # at most, since the last row

    def __next__(self) -> str:
        line = next(self.lines)
        self.cells += line.count(self.delimiter)
        if self.cells > MAX_CELLS:
            raise InputError(f"The file has a row of more than {MAX_CELLS:,} cells. Split it.")
        return line


def line_by_line(text: str) -> Iterator[str]:
    """The lines with their ends, one at a time."""
    start = 0
    for found in LINE_END.finditer(text):
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def cells_of(number: int) -> str:
    return f"{number:,} cell{'s'[: number != 1]}"


def count(rows: Sequence[object], columns: int) -> None:
    """Refuse a table that grows past the limits, before it is in memory."""
    if columns > MAX_COLUMNS:
        raise InputError(f"The file has more than {MAX_COLUMNS} columns. Keep those you need.")
    if len(rows) > MAX_ROWS:
        raise InputError(f"The file has more than {MAX_ROWS:,} rows. Split it.")
    if len(rows) * columns > MAX_CELLS:
        raise InputError(f"The file has more than {MAX_CELLS:,} cells. Keep the columns you need.")


def check(table: Table) -> None:
    """Refuse names or ids that are given twice, and texts that are too long or no valid text."""
    if not table.columns or not table.rows:
        raise InputError("The file has no rows. It needs at least one text.")
    if len(table.rows) > MAX_ROWS:
        raise InputError(f"The file has more than {MAX_ROWS:,} rows. Split it.")
    seen: dict[str, int] = {}
    for number, name in enumerate(table.columns, 1):
        if name in seen:
            raise InputError(f"Columns {seen[name]} and {number} have the same name. Rename one.")
        seen[name] = number
    seen = {}
    for number, row_id in enumerate(table.ids(), 1):
        if row_id in seen:
            raise InputError(
                f"Rows {seen[row_id]:,} and {number:,} have the same id. Make the ids unique, "
                "or rename the column."
            )
        seen[row_id] = number
    for number, row in enumerate(table.rows, 1):
        if any(len(cell) > MAX_CHARACTERS for cell in row):
            raise InputError(
                f"Row {number:,} is longer than {MAX_CHARACTERS:,} characters. Split it into "
                "paragraphs."
            )
        if any(LONE_SURROGATE.search(cell) for cell in row):
            raise InputError(
                f"Row {number:,} contains a lone surrogate, which is not a character. "
                "Export the file again."
            )
