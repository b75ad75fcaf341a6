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


def test_unknown_encoding_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "caf\xe9"}')
    with pytest.raises(UserError, match="no encoding 'foo': give one such as cp1252"):
        ids(tmp_path, reading=Reading(encoding="foo"))
