"""Benchmark folders at hand: read for decontamination, audits and form, never copied into anything that is written."""

import json
from collections.abc import Iterator
from pathlib import Path

from corpusmith.errors import UserError


def benchmark_splits(root: Path) -> dict[str, Path]:
    """Every `{set}/{split}.jsonl` below `root`, keyed `set/split`, in the order of the keys.

    A single benchmark folder (`{split}.jsonl` directly in it) is accepted too.
    """
    if not root.is_dir():
        raise UserError(
            f"{root} is not a folder of benchmarks: give one that holds {{split}}.jsonl files"
        )
    return dict(sorted((f"{path.parent.name}/{path.stem}", path) for path in root.rglob("*.jsonl")))


def benchmark_rows(path: Path) -> Iterator[dict]:
    """Rows of one split, each with a `text`: pretokenised sentences are joined by spaces."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                row.setdefault("text", " ".join(row.get("tokens", ())))
                row.setdefault("id", f"{path.stem}-{number}")
            except (json.JSONDecodeError, AttributeError, TypeError) as error:
                raise UserError(
                    f"{path}, line {number}: not a benchmark row (id, tokens, ner_tags or id, text, label)"
                ) from error
            yield row
