"""JSON lines of finished rows to Parquet with features and splits."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from corpusmith.files import BUFFER, batches

ROWS_A_GROUP = 1000  # the Hub's viewer fetches whole row groups
ROWS_A_SHARD = 500_000
PROVENANCE = {
    "request_id": datasets.Value("string"),
    "prompt": datasets.Value("string"),
    "teacher": datasets.Value("string"),
}


@dataclass
class RowsConfig(datasets.BuilderConfig):
    """A config of the published dataset: class names, and the file of each split."""

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
        return [
            datasets.SplitGenerator(split, gen_kwargs={"path": path})
            for split, path in self.config.rows.items()
        ]

    def _generate_examples(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                yield number, json.loads(line)


class RejectBuilder(RowsBuilder):
    """Rejected answers with their reasons."""

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


def write_shards(builder: RowsBuilder, folder: Path) -> Path:
    """Write the builder's splits as `{split}-00000-of-00001.parquet`, zstd, in small row groups.
    Returns `folder`.

    They hold what `builder.download_and_prepare` would write, which takes each row through Python
    objects; here Arrow reads the JSON itself, by the builder's features.
    """
    folder.mkdir(parents=True)
    for split, path in builder.config.rows.items():
        with path.open("rb", buffering=BUFFER) as lines:
            shards = math.ceil(sum(1 for _ in lines) / ROWS_A_SHARD)
            lines.seek(0)
            tables = tables_of(lines, builder.info.features.arrow_schema)
            for number in range(shards):
                name = f"{split}-{number:05d}-of-{shards:05d}.parquet"
                write_shard(islice(tables, ROWS_A_SHARD // ROWS_A_GROUP), folder / name)
    return folder


def tables_of(lines: Iterable[bytes], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of JSON lines, a row group at a time."""
    parse = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    for group in batches(lines, ROWS_A_GROUP):
        content = b"".join(group)
        read = pa.json.ReadOptions(use_threads=False, block_size=len(content) + 1)
        yield pa.json.read_json(pa.BufferReader(content), read, parse).replace_schema_metadata(
            schema.metadata
        )


def write_shard(tables: Iterator[pa.Table], path: Path) -> None:
    first = next(tables)
    with pa.parquet.ParquetWriter(
        path, first.schema, compression="zstd", write_page_index=True
    ) as writer:
        for table in chain([first], tables):
            writer.write_table(table)


SPAN = {
    "start": datasets.Value("int32"),
    "end": datasets.Value("int32"),
    "label": datasets.Value("string"),
    "text": datasets.Value("string"),
    "concept_id": datasets.Value("string"),
}


class NerBuilder(RowsBuilder):
    """Sentences with words, BIO tags, and mentions as character offsets, end exclusive."""

    def features(self) -> datasets.Features:
        return datasets.Features(
            {
                "id": datasets.Value("string"),
                "text": datasets.Value("string"),
                "tokens": datasets.List(datasets.Value("string")),
                "ner_tags": datasets.List(datasets.ClassLabel(names=list(self.config.class_names))),
                "entities": datasets.List(SPAN),
                **PROVENANCE,
                "seed": datasets.Value("int64"),
            }
        )


class RelationBuilder(RowsBuilder):
    """Sentences with one masked pair (`text`) and as written (`source_text`), spans and label."""

    def features(self) -> datasets.Features:
        return datasets.Features(
            {
                "id": datasets.Value("string"),
                "text": datasets.Value("string"),
                "source_text": datasets.Value("string"),
                "head": SPAN,
                "tail": SPAN,
                "label": datasets.ClassLabel(names=list(self.config.class_names)),
                **PROVENANCE,
                "seed": datasets.Value("int64"),
            }
        )
