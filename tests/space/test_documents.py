from pathlib import Path

import pytest

from corpusmith.space.documents import MAX_BYTES, MAX_ROWS, read_table
from corpusmith.space.schema import MAX_CHARACTERS, InputError


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_with_quotes_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    table = read_table(
        written(tmp_path, "a.csv", '\ufeffid,note,text\n7,x,"two\nlines, one ""cell"""\n')
    )
    assert table.columns == ("id", "note", "text")
    assert table.likely_column == "text"
    assert table.texts("text") == [("7", 'two\nlines, one "cell"')]


def test_semicolons_and_tabs(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a.csv", "a;b\n1,5;x\n")).rows == ({"a": "1,5", "b": "x"},)
    assert read_table(written(tmp_path, "a.TSV", "a\tb\n1,5\tx\n")).rows == (
        {"a": "1,5", "b": "x"},
    )


def test_json_lines_keep_what_is_text(tmp_path: Path) -> None:
    table = read_table(
        written(tmp_path, "a.jsonl", '{"body": "One.", "n": 3, "tags": []}\n\n{"body": "Two."}\n')
    )
    assert table.texts("body") == [("1", "One."), ("2", "Two.")]
    assert table.columns == ("body", "n")


def test_plain_text_has_a_row_a_line(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a.txt", "One.\n\nTwo.\r\n")).texts("text") == [
        ("1", "One."),
        ("2", "Two."),
    ]


def test_utf16_is_known_by_its_mark(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a.txt", "Ménière".encode("utf-16"))).texts("text") == [
        ("1", "Ménière")
    ]


def test_without_a_usual_name_the_longest_column_is_likely(tmp_path: Path) -> None:
    assert (
        read_table(written(tmp_path, "a.csv", "code,passage\nA1,a longer passage\n")).likely_column
        == "passage"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.exe", b"MZ", "Upload one of"),
        ("a", b"text", "Upload one of"),
        ("a.csv", b"", "holds no rows"),
        ("a.csv", b"text\n", "holds no rows"),
        ("a.txt", b"\n \n", "holds no rows"),
        ("a.csv", b'text\n"open', "Line 2"),
        ("a.csv", b"text\nM\xe9ni\xe8re\n", "UTF-8"),
        ("a.txt", b"\xff\xfe\x00", "UTF-16"),
        ("a.jsonl", b"{\n", "Line 1 is not JSON"),
        ("a.jsonl", b"[" * 100_000, "Line 1 is not JSON"),
        ("a.jsonl", b'"text"\n', "Line 1 is not an object"),
        ("a.txt", b"x" * (MAX_CHARACTERS + 1), "Row 1 is longer"),
        ("a.txt", b"x\n" * (MAX_ROWS + 1), "20,001 rows"),
        ("a.txt", b"x" * (MAX_BYTES + 1), "larger than 5 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, name, content))


def test_a_column_that_is_not_there_is_refused_without_repeating_it(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.txt", "x"))
    with pytest.raises(InputError) as refused:
        table.texts("<img src=x onerror=alert(1)>")
    assert "<" not in str(refused.value)
