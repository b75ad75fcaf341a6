"""The rows and cells of CSV and TSV."""

import csv
import re
from collections.abc import Iterator
from contextlib import suppress

from corpusmith.errors import UserError
from corpusmith.text_files import Bad, TextFile

OUR_COLUMNS = (
    *("id", "start", "end", "label", "text", "score", "concept_id", "attributes", "relations"),
    "document",
)
"""The header of `extract --to csv`. Cells that look like formulas have a leading apostrophe."""
QUOTED = re.compile(r'"[^"]*"')
SEPARATOR = re.compile(r'"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)
FORMULA = re.compile(r"'+\s*[-=+@\t\r]")

Cells = dict[str, str]
Row = tuple[str, Cells]
"""The place of a row, and its cells by role."""


def table_rows(file: TextFile, bad: Bad | None = None) -> Iterator[Row]:
    """The header, as names by name, and then each row with all of its cells.

    The delimiter is the tab in a .tsv, else whichever of , ; and tab the header holds most of. A
    header of one column means that every line is one cell. Excel's line `sep=;` above it names the
    delimiter. A first column without a name, as pandas writes its index, and empty rows are left
    out.
    """
    lines = file.lines(ends=True)
    first = next((line for line in lines if line.strip()), None)
    number = 1
    separator = SEPARATOR.fullmatch(first) if first else None
    if separator:
        number += 1
        first = next((line for line in lines if line.strip()), None)
    if first is None:
        return
    tabs = file.name.lower().endswith((".tsv", ".tab")) or "\t" in first
    bare = QUOTED.sub("", first)
    delimiter = separator[1] if separator else "\t" if tabs else max(",;", key=bare.count)
    if delimiter not in bare:
        delimiter = "\x1f"  # a control character that separates nothing here
    try:
        header, *_ = list(csv.reader([first], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UserError(
            f"{file.name}, line {number}: not CSV ({error}); put a name with quotes in quotes"
        ) from error
    names = [name.strip() for name in header]
    index = len(names) > 1 and not names[0]
    named = slice(1 if index else 0, None)
    if not all(names[named]):
        raise UserError(f"{file.name}, line {number}: a column has no name; name each")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(
            f"{file.name}, line {number}: the column {twice!r} is there twice; name each once"
        )
    yield f"{file.name}, line {number}", dict(zip(names[named], names[named], strict=True))
    ours = tuple(names) == OUR_COLUMNS
    csv.field_size_limit(1 << 30)  # a cell may be a whole document
    # By convention a TSV file has no quoting. Writers that quote every cell quote the header too.
    table: Iterator[list[str]] = (
        tab_rows(lines, len(names))
        if delimiter == "\t" and not first.startswith('"')
        else csv.reader(lines, delimiter=delimiter, strict=True)
    )
    while True:
        number += 1
        where = f"{file.name}, row {number}"
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"{where}: not CSV ({error}); put a cell with quotes in quotes"
            ) from error
        if not any(cell.strip() for cell in row[named]):
            continue
        if len(row) != len(names):
            wrong = UserError(
                f"{where}: {len(row)} cells for {len(names)} columns; put a cell that holds "
                f"{delimiter!r} in quotes"
            )
            if bad is None:
                raise wrong
            bad(wrong)
            continue
        cells = [cell.removeprefix("'") if FORMULA.match(cell) else cell for cell in row]
        kept = (cells if ours else row)[named]
        yield where, dict(zip(names[named], kept, strict=True))


def tab_rows(lines: Iterator[str], columns: int) -> Iterator[list[str]]:
    """The cells of each line of a TSV file; spreadsheets quote cells that hold tabs or quotes.

    Raises:
        csv.Error: a quotation mark opens in one line and may close in another: the lines are one
            row or several.
    """
    open_ = False
    for line in lines:
        line = line.rstrip("\r\n")
        cells = line.split("\t")
        if len(cells) != columns and '"' in line:
            with suppress(csv.Error):  # a tab inside quotes separates nothing
                (quoted,) = csv.reader([line], delimiter="\t", strict=True)
                if len(quoted) == columns:
                    yield quoted
                    continue
        for cell in cells:
            if cell.count('"') % 2 and open_ and cell.endswith('"'):
                raise csv.Error("a quotation mark opens in one line and closes in another")
            open_ = open_ or (cell.startswith('"') and cell.count('"') % 2 == 1)
        yield [unquoted(cell) for cell in cells]


def unquoted(cell: str) -> str:
    """A TSV cell without the quotes of a CSV writer, which doubles the quotes inside."""
    wrapped = len(cell) > 1 and cell[0] == cell[-1] == '"'
    if wrapped and '""' in cell[1:-1] and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell
