"""YAML files that people write: one line for each fault, with the file and the line."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.yaml_files import read_yaml


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: [", r"x\.yaml:2: not valid YAML: expected the node content"),
        (b"\t- a", r"x\.yaml:1: not valid YAML: found character '\\t'"),
        (b"a: 1\nb: caf\xe9\n", r"x\.yaml, line 2: not UTF-8; save it as UTF-8$"),
        ("a: 1\n".encode("utf-16-le"), r"x\.yaml holds zero bytes"),
        (b"a: 1\nb: \x07\n", r"x\.yaml:2: not valid YAML: the character 7 is not allowed"),
        (b'a: "\\ud800"', r"x\.yaml: '\\ud800' has a control character"),
        (b'"\\u001b[31m": 1', r"x\.yaml: '\\x1b\[31m' has a control character"),
        (b'a: [{b: ["\\b"]}]', r"x\.yaml: '\\x08' has a control character"),
        (b"a: " + b"[" * 20_000, r"x\.yaml: not valid YAML: nested too deeply"),
        (b"a: 2001-13-45", r"x\.yaml: not valid YAML: month must be in 1\.\.12; put .* in quotes"),
        (b"a: " + b"9" * 5000, r"x\.yaml: not valid YAML: .*digits"),
        (b"a: !!python/object/apply:os.system [ls]", r"x\.yaml:1: .* constructor"),
        (
            b"rows: !!int ''",
            r"x\.yaml: not valid YAML: a value does not fit its tag \(IndexError\)",
        ),
        (b"x: !!bool maybe", r"x\.yaml: not valid YAML: a value does not fit its tag"),
        (b"d: !!timestamp foo", r"x\.yaml: not valid YAML: a value does not fit its tag"),
        (b"rows: 1\nseed: 2\nrows: 3\n", r"x\.yaml:3: .* the key 'rows' stands twice"),
        (b"a:\n  - {b: 1, b: 2}\n", r"x\.yaml:2: .* the key 'b' stands twice"),
    ],
)
def test_fault_is_one_line_with_file_and_place(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_yaml(tmp_path / "x.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"", None),
        (b"\xef\xbb\xbfa: caf\xc3\xa9", {"a": "café"}),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n".encode("utf-16"), {"a": 1, "b": "x\ny\n"}),
        (b"a: &a {x: 1, y: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, z: 3}\n", {"x": 2, "y": 1}),
    ],
)
def test_content_is_read_in_any_unicode_encoding_and_with_merged_keys(
    content: bytes, value: object, tmp_path: Path
) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    found = read_yaml(tmp_path / "x.yaml")
    assert (found["b"] if isinstance(found, dict) and "c" in found else found) == value


def test_content_that_contains_itself_or_repeats_is_visited_once(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a [*a, 1]\n")
    assert read_yaml(tmp_path / "x.yaml")["a"][1] == 1
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    (tmp_path / "x.yaml").write_text("\n".join(["a0: &a0 [x]", *levels]))
    assert len(read_yaml(tmp_path / "x.yaml")) == 20
