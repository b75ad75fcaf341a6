"""Read benchmark folders, for decontamination, audits and form. Their text is never copied to
outputs.
"""

from collections.abc import Iterator
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.text_files import TextFile, checked_row, json_rows


def benchmark_splits(root: Path) -> dict[str, Path]:
    """Every `{set}/{split}.jsonl` below `root`, keyed `set/split`, in the order of the keys.

    A single benchmark folder (`{split}.jsonl` directly in it) is accepted too.
    """
    if not root.is_dir():
        raise UserError(
            f"{root} is not a folder of benchmarks: give one that holds {{split}}.jsonl files"
        )
    return dict(sorted((f"{path.parent.name}/{path.stem}", path) for path in root.rglob("*.jsonl")))


def benchmark_texts(path: Path) -> Iterator[dict]:
    """Rows of one split, each with a `text`: pretokenised sentences are joined by spaces."""
    for number, (where, row) in enumerate(json_rows(TextFile.of(path)), 1):
        found = checked_row(row, where)
        yield found if "id" in found else {**found, "id": f"{path.stem}-{number}"}
