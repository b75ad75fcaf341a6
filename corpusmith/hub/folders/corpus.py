"""Read the folder of a built corpus: build.json and facts from its Parquet files."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyarrow import ArrowException

from corpusmith.cards.corpus import split_name
from corpusmith.errors import UserError

EXAMPLES = 4
ROWS_SEEN = 5000  # of a shard, to choose examples from
SHOWABLE = 300  # characters: a longer sentence does not fit a table of examples
Shards = Mapping[str, list[Path]]  # by split


def published_build(folder: Path) -> dict[str, Any]:
    """The folder's build.json with features, sizes, examples and counts of its Parquet files.

    Examples come from the test split, which no student was trained on.

    Raises:
        UserError: the folder holds no build.
    """
    build = read_build(folder)
    shards = {
        split: sorted(folder.glob(f"data/{build['recipe']}/{split}-*.parquet"))
        for split in build["splits"]
    }
    if missing := [split for split, files in shards.items() if not files]:
        raise UserError(f"{folder} holds no Parquet file of {', '.join(missing)}: build it again")
    own = f"data/rejected/{split_name(build['recipe'])}-*.parquet"  # others built beside it
    try:
        return _with_rows(build, shards, sorted(folder.glob(own)))
    except (ArrowException, KeyError, TypeError, StopIteration) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(
            f"a Parquet file below {folder / 'data'} can't be read ({reason}): build it again"
        ) from None


def _with_rows(build: dict[str, Any], shards: Shards, rejected: list[Path]) -> dict[str, Any]:
    """The build with the facts that its rows hold."""
    shown = shards.get("test") or list(shards.values())[-1]
    build["features"] = features(shown[0])
    build["splits"] = {
        split: {**facts, **_sizes(shards[split])} for split, facts in build["splits"].items()
    }
    build["examples"] = examples(shown[0], build["task"])
    build["example_row"] = example_row(shown[0], build["task"])
    build["rows_by_teacher"] = rows_by_teacher(shards)
    build["written_rows"] = sum(build["rows_by_teacher"].values())
    if build["task"] == "ner":
        build["mentions_in_train"] = mentions_in_train(shards)
    if rejected:
        build["rejected"] = {**_sizes(rejected), "features": features(rejected[0])}
    return build


def read_build(folder: Path) -> dict[str, Any]:
    """The folder's build.json. Raises UserError if it is missing or damaged."""
    path = folder / "build.json"
    try:
        build = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} holds no build.json: give the folder that `corpusmith build --out` wrote"
        ) from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}): build the corpus again") from None
    keys = ("recipe", "task", "splits")
    missing = [key for key in keys if not isinstance(build, dict) or not build.get(key)]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}: build the corpus again")
    return build


def _sizes(shards: Sequence[Path]) -> dict[str, int]:
    """Rows, bytes of the columns, and bytes of the files."""
    from pyarrow import parquet

    parts = [parquet.read_metadata(shard) for shard in shards]
    groups = [part.row_group(i) for part in parts for i in range(part.num_row_groups)]
    return {
        "rows": sum(part.num_rows for part in parts),
        "bytes": sum(group.total_byte_size for group in groups),
        "download_bytes": sum(shard.stat().st_size for shard in shards),
    }


def features(shard: Path) -> list[dict[str, Any]]:
    """The columns of a Parquet file as a card's YAML names them, ClassLabel names included."""
    from datasets import DatasetInfo, Features
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData
    from pyarrow import parquet

    card = DatasetCardData()
    info = DatasetInfo(features=Features.from_arrow_schema(parquet.read_schema(shard)))
    DatasetInfosDict({"default": info}).to_dataset_card_data(card)
    return card["dataset_info"]["features"]


def examples(shard: Path, task: str) -> list[dict[str, Any]]:
    """Choose a few rows of each kind: with and without a mention, or of each label.

    They are spread over the file, as neighbours may be variants of one sentence.
    """
    from datasets import Features
    from pyarrow import parquet

    names = Features.from_arrow_schema(parquet.read_schema(shard))
    kinds: dict[Any, list[dict[str, Any]]] = {}
    for row in _first_rows(shard):
        if task == "ner":
            spans = [[e["start"], e["end"], e["label"]] for e in row["entities"]]
            shown: dict[str, Any] = {"text": row["text"], "spans": spans}
            kind: Any = bool(spans)
        else:
            kind = names["label"].int2str(row["label"])
            spans = [[e["start"], e["end"], e["label"]] for e in (row["head"], row["tail"])]
            shown = {"text": row["source_text"], "spans": sorted(spans), "label": kind}
            shown["masked"] = row["text"]
        if _derived(row):
            shown["derived"] = True
        if len(shown["text"]) <= SHOWABLE:
            kinds.setdefault(kind, []).append(shown)
    per_kind = max(1, EXAMPLES // max(1, len(kinds)))
    counts = {kind: min(per_kind, len(rows)) for kind, rows in kinds.items()}
    return [
        rows[i * len(rows) // counts[kind]]
        for kind, rows in kinds.items()
        for i in range(counts[kind])
    ]


def example_row(shard: Path, task: str) -> dict[str, Any]:
    """One whole row as `load_dataset` returns it: the first short one with a mention or a link."""
    rows = [row for row in _first_rows(shard) if len(row["text"]) <= SHOWABLE]
    marked = (row for row in rows if (row["entities"] if task == "ner" else row["label"]))
    return next(marked, rows[0] if rows else {})


def rows_by_teacher(shards: Shards) -> dict[str, int]:
    """Number of rows that each teacher wrote, most first; augmentation derived the others."""
    rows = _columns(shards, ["id", "request_id", "teacher"])
    written = Counter(row["teacher"] for _, row in rows if not _derived(row))
    return dict(written.most_common())


def mentions_in_train(shards: Shards) -> dict[str, tuple[int, int]]:
    """For each other split: distinct mentions that also occur in train, and distinct mentions."""
    mentions: dict[str, set[str]] = {split: set() for split in shards}
    for split, row in _columns(shards, ["entities"]):
        mentions[split].update(entity["text"].casefold() for entity in row["entities"])
    train = mentions.get("train", set())
    return {
        split: (len(found & train), len(found))
        for split, found in mentions.items()
        if split != "train"
    }


def _derived(row: Mapping[str, Any]) -> bool:
    return row.get("id") != row.get("request_id")


def _first_rows(shard: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return next(parquet.ParquetFile(shard).iter_batches(batch_size=ROWS_SEEN)).to_pylist()


def _columns(shards: Shards, columns: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(split, row) of every row, with these columns alone."""
    from pyarrow import parquet

    for split, files in shards.items():
        for file in files:
            for batch in parquet.ParquetFile(file).iter_batches(columns=columns):
                for row in batch.to_pylist():
                    yield split, row
