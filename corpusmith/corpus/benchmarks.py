"""Read benchmark folders, for decontamination, audits and form. Their text is never copied to
outputs.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.text_files import TextFile, checked_row, json_rows


def benchmark_splits(root: Path) -> dict[str, Path]:
    """Every `{set}/{split}.jsonl` below `root`, keyed `set/split`, in the order of the keys. Sets
    with equal names are keyed by their path below `root`.

    A single benchmark folder (`{split}.jsonl` directly in it) is accepted too.
    """
    if not root.is_dir():
        raise UserError(
            f"{root} is not a folder of benchmarks: give one that holds {{split}}.jsonl files"
        )
    paths = sorted(root.rglob("*.jsonl"))
    short = Counter(f"{path.parent.name}/{path.stem}" for path in paths)
    keyed = {}
    for path in paths:
        name = f"{path.parent.name}/{path.stem}"
        whole = path.relative_to(root).with_suffix("").as_posix()
        keyed[name if short[name] == 1 else whole] = path
    return dict(sorted(keyed.items()))


def benchmark_texts(path: Path) -> Iterator[dict]:
    """Rows of one split, each with a `text`: pretokenised sentences are joined by spaces."""
    for number, (where, row) in enumerate(json_rows(TextFile.of(path)), 1):
        found = checked_row(row, where)
        yield found if "id" in found else {**found, "id": f"{path.stem}-{number}"}
