"""Find shipped data, and read and write files."""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PACKAGE = Path(__file__).parent
BUFFER = 1 << 18  # bytes read or written at once, for files of many rows


def shipped(*parts: str) -> Path:
    """A file or folder that ships with corpusmith, such as `shipped("builders", "recipes")`.

    A wheel holds these folders in `corpusmith/data`; in a checkout they are at the top of the repo.
    """
    installed = PACKAGE / "data"
    return (installed if installed.is_dir() else PACKAGE.parent).joinpath(*parts)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Consecutive lists of `size` items; the last one may be shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def write_tsv(rows: Iterable[Iterable[Any]], path: Path) -> None:
    """Write rows of cells with tabs between, and no quotation marks. Raises csv.Error at a cell
    with a tab or a line break."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(
            lines, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
        ).writerows(rows)


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_json(content: Any, path: Path, indent: int | None = 2) -> None:
    """Write atomically: a reader never sees half a file, and a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)
