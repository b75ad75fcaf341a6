"""The dataset builders' common part: JSON lines of finished rows to Parquet with features and splits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

PROVENANCE = {
    "request_id": datasets.Value("string"),
    "prompt": datasets.Value("string"),
    "teacher": datasets.Value("string"),
}


@dataclass
class RowsConfig(datasets.BuilderConfig):
    """A config of the published dataset: class names, and where each split's rows lie."""

    class_names: tuple[str, ...] = ()
    rows: dict[str, Path] | None = None


class RowsBuilder(datasets.GeneratorBasedBuilder):
    """Reads `{split}.jsonl`. Subclasses say which columns a row has."""

    BUILDER_CONFIG_CLASS = RowsConfig

    def features(self) -> datasets.Features:
        """The columns of a row."""
        raise AttributeError("a builder of rows names its features")

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=self.features())

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        return [datasets.SplitGenerator(split, gen_kwargs={"path": path}) for split, path in self.config.rows.items()]

    def _generate_examples(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                yield number, json.loads(line)


class RejectBuilder(RowsBuilder):
    """What was refused: the answer as it came, and why."""

    def features(self) -> datasets.Features:
        return datasets.Features(
            {
                "request_id": datasets.Value("string"),
                "answer": datasets.Value("string"),
                "reason": datasets.Value("string"),
                "prompt": datasets.Value("string"),
                "teacher": datasets.Value("string"),
            }
        )
