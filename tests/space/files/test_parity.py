"""The Space and `corpusmith extract` read the same texts from a file, or refuse it."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpusmith.errors import UserError
from corpusmith.extraction.readers.read import Reading, read_documents
from corpusmith.space.files.readers import read_table
from corpusmith.space.schema import InputError
from tests.space.files.test_readers import WHOLE, written

Texts = list[str] | None  # None: refused


def space_texts(path: Path, column: str | None = None) -> Texts:
    try:
        table = read_table(path)
        return [text for _, text in table.texts(column or table.likely_column) if text]
    except InputError:
        return None


def extract_texts(path: Path, column: str | None = None) -> Texts:
    lines = path.suffix.lower() == ".txt"  # the Space reads each line as a text
    columns = {"text": column} if column else {}
    try:
        found = read_documents(path, Reading("lines" if lines else None, columns=columns))
        return [document.text for document in found if document.text]
    except UserError:
        return None


@pytest.mark.parametrize("case", WHOLE)
def test_every_readable_kind_is_read_alike(tmp_path: Path, case: str) -> None:
    name, content, rows = WHOLE[case]
    path = written(tmp_path, name, content)
    column = read_table(path).likely_column
    expected = [text for _, text in rows if text]
    assert space_texts(path, column) == expected
    # `extract` refuses a null text and a number beyond those of JSON
    assert extract_texts(path, column) in (expected, None)
    if case not in ("json with null", "json lines with numbers as written"):
        assert extract_texts(path, column) == expected


cells = st.text(st.sampled_from("ab \t\",;\n='"), max_size=8)
rows = st.lists(st.tuples(st.integers(1, 99).map(str), cells), min_size=1, max_size=5)


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    rows=rows, form=st.sampled_from([(",", "csv"), (";", "csv"), ("\t", "tsv")]), all_=st.booleans()
)
def test_written_table_is_read_whole_or_refused(
    tmp_path: Path, rows: list[tuple[str, str]], form: tuple[str, str], all_: bool
) -> None:
    delimiter, suffix = form
    file = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_ else csv.QUOTE_MINIMAL
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    numbered = [(f"{n}-{name}", text) for n, (name, text) in enumerate(rows)]
    writer.writerows([("id", "text"), *numbered])
    path = written(tmp_path, f"table.{suffix}", file.getvalue())
    expected = [text for _, text in numbered if text]
    for found in (space_texts(path, "text"), extract_texts(path, "text")):
        assert found is None or found == expected


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 99).map(str), st.text(st.sampled_from('ab ",;'), max_size=8)))
)
def test_table_without_quoting_is_read_alike(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """As `cut` or `awk` write it: a quotation mark is a character."""
    lines = ["id\ttext", *(f"{n}-{name}\t{text}" for n, (name, text) in enumerate(rows))]
    path = written(tmp_path, "table.tsv", "\n".join(lines) + "\n")
    one, other = space_texts(path, "text"), extract_texts(path, "text")
    assert one is None or other is None or one == other
