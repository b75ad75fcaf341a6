import tracemalloc
from pathlib import Path

import pytest

from corpusmith.space.files.readers import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_JSON_LINE,
    MAX_ROWS,
    read_table,
)
from corpusmith.space.schema import MAX_CHARACTERS, InputError


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(folder: Path, name: str, content: str | bytes) -> list[tuple[str, str]]:
    table = read_table(written(folder, name, content))
    return table.texts(table.likely_column)


WHOLE = {
    "csv with quoted line break and byte order mark": (
        "a.csv",
        '\ufeffid,note,text\n7,x,"two\nlines, one ""cell"""\n',
        [("7", 'two\nlines, one "cell"')],
    ),
    "semicolons": ("a.csv", "id;text\n7;Gout, mild.\n", [("7", "Gout, mild.")]),
    "semicolon in a quoted header": ("a.csv", '"a;b;c",text\n1,Gout\n', [("1", "Gout")]),
    "tabs, suffix in capitals": ("a.TSV", "id\ttext\n7\tGout, mild.\n", [("7", "Gout, mild.")]),
    "carriage returns alone": (
        "a.csv",
        "id,text\r7,Fever\r8,Gout\r",
        [("7", "Fever"), ("8", "Gout")],
    ),
    "both line ends": ("a.csv", "id,text\r\n7,Fever\r\n", [("7", "Fever")]),
    "blank lines": ("a.csv", "text\n\nFever\n\nGout\n", [("1", "Fever"), ("2", "Gout")]),
    "tsv with a quoted word at the start": (
        "a.tsv",
        'id\ttext\n7\t"Fever" was high.\n8\tGout.\n',
        [("7", '"Fever" was high.'), ("8", "Gout.")],
    ),
    "tsv with an open quotation mark": (
        "a.tsv",
        'id\ttext\n7\t"Fever was high.\n8\tGout.\n9\t"Rickets" x\n',
        [("7", '"Fever was high.'), ("8", "Gout."), ("9", '"Rickets" x')],
    ),
    "tsv that a spreadsheet quoted": (
        "a.tsv",
        'id\ttext\n7\t"a\ttab, a ""word"""\n',
        [("7", 'a\ttab, a "word"')],
    ),
    "json lines with numbers as written": (
        "a.jsonl",
        '{"body": "One.", "n": 1e999, "tags": []}\n\n{"body": "Two.", "n": 2.50}\n',
        [("1", "One."), ("2", "Two.")],
    ),
    "json with a byte order mark": ("a.jsonl", '\ufeff{"text": "Fever"}\n', [("1", "Fever")]),
    "json with the id 0 and an empty id": (
        "a.jsonl",
        '{"id": 0, "text": "Fever"}\n{"id": "", "text": "Gout"}\n',
        [("0", "Fever"), ("2", "Gout")],
    ),
    "json with null": (
        "a.jsonl",
        '{"text": null}\n{"text": "Fever"}\n',
        [("1", ""), ("2", "Fever")],
    ),
    "text with other line separators": (
        "a.txt",
        "Fever\u2028was seen.\nGout\x0cwas too.\x85Yes.\r\n",
        [("1", "Fever\u2028was seen."), ("2", "Gout\x0cwas too.\x85Yes.")],
    ),
    "utf-16": ("a.csv", "text\nMénière\n".encode("utf-16"), [("1", "Ménière")]),
}


@pytest.mark.parametrize("case", WHOLE)
def test_texts_are_read_completely(tmp_path: Path, case: str) -> None:
    name, content, rows = WHOLE[case]
    assert texts(tmp_path, name, content) == rows


REFUSED = [
    ("a.exe", b"MZ", "Upload one of"),
    ("a", b"text", "Upload one of"),
    ("a.csv", b"", "no rows"),
    ("a.csv", b"text\n", "no rows"),
    ("a.txt", b"\n \n", "no rows"),
    ("a.csv", b'text\n"open', "Line 2"),
    ("a.csv", b"text\nM\xe9ni\xe8re\n", "not UTF-8"),
    ("a.txt", b"\xff\xfe\x00", "not UTF-16"),
    ("a.txt", "Ménière".encode("utf-16-le"), "UTF-8|NUL"),
    ("a.txt", b"zero\x00byte", "NUL"),
    ("a.jsonl", b"{\n", "Line 1 is not JSON"),
    ("a.jsonl", b"[" * 100_000, "Line 1 is not JSON"),
    ("a.jsonl", b'"text"\n', "Line 1 is not an object"),
    ("a.jsonl", b'[{"text": "Fever"}]\n', "Line 1 is not an object"),
    ("a.jsonl", b'{"text": "a"}\n{"text": ["b"]}\n', "Line 2 has a list"),
    ("a.jsonl", b'{"text": "a", "text": "b"}\n', "Line 1: A key occurs twice"),
    ("a.jsonl", b'{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n', "Rows 1 and 2 .* same id"),
    ("a.jsonl", b'{"id": 2, "text": "a"}\n{"text": "b"}\n', "Rows 1 and 2 .* same id"),
    ("a.jsonl", rb'{"text": "half \ud83d here"}', "surrogate"),
    ("a.jsonl", b"{" + b" " * 500_000 + b"}", "Line 1 is longer"),
    ("a.csv", b"text\nFever, gout and rickets.\n", "Line 2 has 2 cells, the first line 1 cell"),
    ("a.csv", b"id,text\n7,Fever, gout.\n8,None.\n", "Line 2 has 3 cells, the first line 2"),
    ("a.csv", b"id;text\n7;Fever, gout; rickets.\n", "Line 2 has 3 cells"),
    ("a.csv", b"id,text\n7\n8,Gout\n", "Line 2 has 1 cell,"),
    ("a.tsv", b"id\ttext\n7\tFever\tgout.\n", "Line 2 has 3 cells"),
    ("a.tsv", b'id\ttext\n7\t"Fever\n8\tGout"\n', "quotation mark opens in one line"),
    ("a.csv", b"id,text,text\n7,Fever,Gout\n", "Columns 2 and 3 have the same name"),
    ("a.csv", b"a," * MAX_COLUMNS + b"b\n", "more than 100 columns"),
    ("a.tsv", b"a" * 50_000, "line of column names is longer"),
    ("a.txt", b"x" * (MAX_CHARACTERS + 1), "Row 1 is longer"),
    ("a.txt", b"x\n" * (MAX_ROWS + 1), "more than 20,000 rows"),
    ("a.csv", b"a,b\n" + b"x,y\n" * (MAX_ROWS + 1), "more than 20,000 rows"),
    ("a.jsonl", b'{"a":1}\n' * (MAX_ROWS + 1), "more than 20,000 rows"),
    (
        "a.csv",
        b",".join([b"a%d" % i for i in range(50)]) + (b"\n" + b"x," * 49 + b"y") * 5_000,
        "cells",
    ),
    ("a.txt", b"x" * (MAX_BYTES + 1), "larger than 5 MB"),
]


@pytest.mark.parametrize(("name", "content", "message"), REFUSED)
def test_error_for_unreadable_file_names_remedy(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, name, content))


@pytest.mark.parametrize(
    "content",
    [
        b",".join([b"c"] * 2_400_000),  # a header of very many columns
        b"text\n" + b"ab," * 1_600_000,  # a row of very many cells
        b'text\n"' + b'a\n",ab,"' * 500_000,  # the same over many lines
        b"text\n" + b"a\n" * 2_400_000,  # very many rows
    ],
)
def test_hostile_table_uses_little_memory(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, "a.csv", content)
    tracemalloc.start()
    with pytest.raises(InputError):
        read_table(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * 1024**2


def test_longest_column_is_read_if_no_column_has_usual_name(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.csv", "code,passage\nA1,a longer passage\n"))
    assert table.likely_column == "passage"


def test_message_does_not_repeat_column_name(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a.txt", "x"))
    with pytest.raises(InputError) as refused:
        table.texts("<img src=x onerror=alert(1)>")
    assert "<" not in str(refused.value)


@pytest.mark.parametrize(("name", "line"), [("a.txt", "ab\n"), ("a.jsonl", '{"a":1}\n')])
def test_file_of_too_many_lines_is_refused_before_they_are_in_memory(
    tmp_path: Path, name: str, line: str
) -> None:
    path = written(tmp_path, name, line * (MAX_BYTES // len(line)))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=f"more than {MAX_ROWS:,} rows"):
            read_table(path)
        assert tracemalloc.get_traced_memory()[1] < 5 * MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_lines_keep_no_line_end(tmp_path: Path, end: str) -> None:
    assert texts(tmp_path, "a.txt", f"Gout{end or '.'}{end}Fever{end}")[0][1] == (
        "Gout" if end else "Gout.Fever"
    )
    longest = '{"text": "' + "x" * (MAX_JSON_LINE - 12) + '"}'
    with pytest.raises(InputError, match="longer than 20,000 characters"):  # of the text alone
        texts(tmp_path, "a.jsonl", longest + end)
