"""What a build measures of the rows that it keeps, in one pass over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.audit import Audit, Overlap
from builders.filters import TEXTS_AT_ONCE
from builders.ledger import batches
from builders.plan import SPLIT_FOLDS
from builders.statistics import Form


@dataclass
class Measures:
    """Running figures of rows, by split and against benchmarks. Those of several shards add up."""

    form: Form = field(default_factory=Form)
    overlaps: dict[str, Overlap] = field(default_factory=dict)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)  # rows, bytes of their Parquet, and mentions if any

    def merge(self, other: "Measures") -> None:
        self.form.merge(other.form)
        for name, overlap in other.overlaps.items():
            self.overlaps.setdefault(name, Overlap()).merge(overlap)
        for split, figures in other.splits.items():
            mine = self.splits.setdefault(split, dict.fromkeys(figures, 0))
            self.splits[split] = {name: mine[name] + value for name, value in figures.items()}

    def figures(self, audited: bool) -> dict[str, Any]:
        """What `build.json` holds of them."""
        splits = {split: self.splits[split] for split in SPLIT_FOLDS if split in self.splits}
        figures: dict[str, Any] = {"splits": splits, "statistics": self.form.figures()}
        if audited:
            figures["audit"] = {name: overlap.figures() for name, overlap in self.overlaps.items()}
        return figures


def measure(rows: Mapping[str, Path], benchmarks: Path | None) -> Measures:
    """Measure the JSON lines of each split; those without a row are left out."""
    measures = Measures()
    audit = Audit(benchmarks) if benchmarks else None
    for split, path in rows.items():
        figures: dict[str, int] = {}
        with path.open("rb") as lines:
            for part in batches(map(orjson.loads, lines), TEXTS_AT_ONCE):
                for row in part:
                    figures = figures or {"rows": 0, "bytes": 0, **({"mentions": 0} if "entities" in row else {})}
                    figures["rows"] += 1
                    if "entities" in row:
                        figures["mentions"] += len(row["entities"])
                    measures.form.add(row)
                if audit:
                    audit.add([(row["id"], row.get("source_text", row["text"])) for row in part])
        if figures:
            measures.splits[split] = figures
    measures.overlaps = audit.splits if audit else {}
    return measures
