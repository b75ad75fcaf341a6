"""Measure the rows of a build in one pass."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from corpusmith.corpus.example import sentence_of
from corpusmith.corpus.measure.form import Form
from corpusmith.corpus.measure.overlap import Audit, Overlap
from corpusmith.files import BUFFER
from corpusmith.recipe.plan import SPLIT_FOLDS


@dataclass
class Measures:
    """Running figures of rows, by split and against benchmarks. Those of several shards add up."""

    form: Form = field(default_factory=Form)
    overlaps: dict[str, Overlap] = field(default_factory=dict)
    splits: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # rows, bytes of their Parquet, and mentions if any

    def texts(self, split: str, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        """Count the rows of a split; yield the id and unmasked text of each."""
        for row in rows:
            if split not in self.splits:
                self.splits[split] = {
                    "rows": 0,
                    "bytes": 0,
                    **({"mentions": 0} if "entities" in row else {}),
                }
            self.splits[split]["rows"] += 1
            if "entities" in row:
                self.splits[split]["mentions"] += len(row["entities"])
            self.form.add(row)
            yield row["id"], sentence_of(row)

    def merge(self, other: "Measures") -> None:
        self.form.merge(other.form)
        for name, overlap in other.overlaps.items():
            self.overlaps.setdefault(name, Overlap()).merge(overlap)
        for split, figures in other.splits.items():
            mine = self.splits.setdefault(split, dict.fromkeys(figures, 0))
            self.splits[split] = {name: mine[name] + value for name, value in figures.items()}

    def figures(self, audited: bool) -> dict[str, Any]:
        """The figures for `build.json`."""
        splits = {split: self.splits[split] for split in SPLIT_FOLDS if split in self.splits}
        figures: dict[str, Any] = {"splits": splits, "statistics": self.form.figures()}
        if audited:
            figures["audit"] = {name: overlap.figures() for name, overlap in self.overlaps.items()}
        return figures


def measure_rows(rows: Mapping[str, Path], benchmarks: Path | None) -> Measures:
    """Measure the JSON lines of each split. Empty splits are left out."""
    measures = Measures()
    audit = Audit(benchmarks) if benchmarks else None
    for split, path in rows.items():
        with path.open("rb", buffering=BUFFER) as lines:
            for row_id, text in measures.texts(split, map(orjson.loads, lines)):
                if audit:
                    audit.add(row_id, text)
    measures.overlaps = audit.splits if audit else {}
    return measures
