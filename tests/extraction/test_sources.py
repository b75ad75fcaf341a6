"""Which files a folder holds, and what their documents are called."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.readers.read import DETECTED, Reading
from corpusmith.extraction.sources import every_document, sources


def written(folder: Path, **files: str) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def ids(*patterns: Path, reading: Reading = DETECTED) -> list[str | None]:
    listed = sources(list(map(str, patterns)), reading)
    return [document.id for document in every_document(listed, reading)]


def test_hidden_folders_below_the_given_one_are_left_out(tmp_path):
    given = tmp_path / ".notes"
    written(given, a_txt="Gout", _checkpoints__a_txt="old", more___x__b_txt="old")
    assert ids(given) == ["a"]


def test_equal_names_in_several_folders_are_told_apart(tmp_path):
    written(tmp_path, p1__note_txt="Gout", p2__note_txt="Ague", p2__other_txt="Well")
    assert ids(tmp_path / "p*" / "*.txt") == ["p1/note", "p2/note", "other"]
    assert ids(tmp_path / "p1", tmp_path / "p2") == ["p1/note", "p2/note", "other"]
    assert ids(tmp_path) == ["p1/note", "p2/note", "p2/other"]


def test_equal_names_in_one_folder_get_their_suffixes(tmp_path):
    written(tmp_path, more__x_txt="Gout", more__x_json='{"text": "Ague"}', more__y_txt="Well")
    assert ids(tmp_path) == ["more/x.json-1", "more/x.txt", "more/y"]
    assert ids(tmp_path / "more" / "x.*") == ["x.json-1", "x.txt"]


def test_id_of_an_earlier_file_gets_the_name_of_its_own(tmp_path):
    written(tmp_path, a_txt="Gout\nAgue", b_txt="Well\nIll\nWell")
    lines = Reading("lines")
    assert ids(tmp_path / "a.txt", reading=lines) == ["1", "2"]
    assert ids(tmp_path, reading=lines) == ["1", "2", "b-1", "b-2", "3"]


def test_unknown_encoding_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "caf\xe9"}')
    with pytest.raises(UserError, match="no encoding 'foo': give one such as cp1252"):
        ids(tmp_path, reading=Reading(encoding="foo"))
