"""Training sets of a report: parts of the corpus, changed recipes, real sentences.

Their folder is deleted at the end, because some hold benchmark text.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpusmith.corpus.benchmarks import benchmark_texts
from corpusmith.corpus.build import build
from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.evidence.ablations import Ablation
from corpusmith.evidence.student_runs import Measured, TrainingSet
from corpusmith.quality.second_build import Run, build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe

SPLITS = ("train", "validation")
HELD_OUT = 10  # every tenth real sentence is in the validation split


@dataclass(frozen=True)
class Sources:
    """Builds the corpora of a report. `run.folder` keeps row predictions and distances."""

    run: Run
    dry_run: bool = False

    def corpus(self, name_or_path: str, out: Path) -> dict[str, Any]:
        """Build a recipe as `corpusmith run` does. A dry run checks no row and keeps all."""
        if self.dry_run:
            return build(name_or_path, out, self.run.ledger, self.run.benchmarks)
        return build_twice(name_or_path, out, self.run)

    def training_set(self, name_or_path: str, out: Path) -> TrainingSet:
        """A recipe's corpus to train on. Raises UserError if a split is empty."""
        built = self.corpus(name_or_path, out)
        if built["counts"]["accepted"] == 0 or "validation" not in built["splits"]:
            raise UserError(f"a split of {load_recipe(name_or_path).name} has no row left")
        return TrainingSet.of(out)


@dataclass(frozen=True)
class Arm:
    """One line of a table.

    Each part has a training set, and the ids of the benchmark rows that its student is measured on
    (None: all). There are several parts in cross-validation on a benchmark.
    """

    name: str
    parts: tuple[tuple[TrainingSet, frozenset[str] | None], ...]

    @property
    def training_rows(self) -> int:
        """The mean over the parts."""
        return round(sum(rows.count for rows, _ in self.parts) / len(self.parts))


def curve_sizes(total: int, first: int) -> list[int]:
    """`first`, 2 `first`, 4 `first`, ... below `total`; then `total`."""
    sizes = []
    while first < total:
        sizes.append(first)
        first *= 2
    return [*sizes, total]


def answered_requests(corpus: Path) -> list[str]:
    """Requests of the train split whose answer is a row, in the order of the plan."""
    rows = read_split(corpus, "train").select(["id", "request_id"]).to_pylist()
    return [row["id"] for row in rows if row["id"] == row["request_id"]]


def first_rows(corpus: Path, requests: Collection[str], out: Path) -> TrainingSet:
    """The training rows of these requests' answers, with the whole validation split."""
    write_split(out, "train", of_requests(read_split(corpus, "train"), set(requests)))
    write_split(out, "validation", read_split(corpus, "validation"))
    return TrainingSet.of(out)


def ablated(
    ablation: Ablation, recipe: Recipe, corpus: Path, sources: Sources, out: Path
) -> TrainingSet:
    """The corpus with one change: built anew, or without the rows of some kinds.

    Raises UserError when a split has no row left.
    """
    if ablation.without:
        dropped = {r.id for r in Plan(recipe).requests() if ablation.without(recipe, r.kind)}
        for split in SPLITS:
            table = read_split(corpus, split)
            kept = set(table.column("request_id").to_pylist()) - dropped
            if not kept:
                raise UserError(f"no row of the {split} split is left")
            write_split(out, split, of_requests(table, kept))
        return TrainingSet.of(out)
    changed = ablation.changed(recipe)
    assert changed is not None
    path = out / "recipe.yaml"
    out.mkdir(parents=True)
    path.write_text(
        yaml.safe_dump(changed.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
    )
    return sources.training_set(str(path), out / "corpus")


def gold(recipe: Recipe, measured: Measured, corpus: Path | None, out: Path) -> Arm | None:
    """Real sentences to train on, followed by those of `corpus` if given.

    They are the benchmark's train split. Without one, if its rows name a `fold`, the folds are
    split in two halves for two-fold cross-validation. None without either.
    """
    benchmark, split = measured.folder, measured.data.split
    name = "gold+synthetic" if corpus else "gold"
    extra = (
        {part: plain_rows(read_split(corpus, part), recipe) for part in SPLITS} if corpus else {}
    )
    if (benchmark / "train.jsonl").exists() and split != "train":
        rows = list(benchmark_texts(benchmark / "train.jsonl"))
        return Arm(name, ((write_gold(recipe, rows, extra, out / "train"), None),))
    rows = list(benchmark_texts(benchmark / f"{split}.jsonl"))
    folds = sorted({row["fold"] for row in rows if "fold" in row})
    if len(folds) < 2:
        return None
    parts = []
    for number in (0, 1):
        test = set(folds[number::2])
        test_ids = frozenset(str(row["id"]) for row in rows if row["fold"] in test)
        train = [row for row in rows if row["fold"] not in test]
        parts.append((write_gold(recipe, train, extra, out / f"half-{number}"), test_ids))
    return Arm(name, tuple(parts))


def write_gold(
    recipe: Recipe, rows: Sequence[Mapping[str, Any]], extra: Mapping[str, list[dict]], out: Path
) -> TrainingSet:
    """Write benchmark rows as a corpus, followed by the `extra` rows of each split."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    names = ClassLabel(names=class_names(recipe))
    ner = recipe.task == "ner"
    columns = (
        {"tokens": List(Value("string")), "ner_tags": List(names)}
        if ner
        else {"text": Value("string"), "label": names}
    )
    given = [{name: row[name] for name in columns} for row in rows]
    if ner and (unknown := {tag for row in given for tag in row["ner_tags"]} - set(names.names)):
        raise UserError(
            f"the benchmark's tags {', '.join(sorted(unknown))} are none of {recipe.name}'s labels"
        )
    if ner:
        given = [
            {**row, "ner_tags": [names.str2int(tag) for tag in row["ner_tags"]]} for row in given
        ]
    parts = {
        "validation": given[::HELD_OUT],
        "train": [row for i, row in enumerate(given) if i % HELD_OUT],
    }
    folder = out / "data" / "real"
    folder.mkdir(parents=True)
    for split, part in parts.items():
        table = Dataset.from_list([*part, *extra.get(split, [])], features=Features(columns))
        table.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return TrainingSet.of(out)


def plain_rows(table: Any, recipe: Recipe) -> list[dict]:
    return table.select(
        ["tokens", "ner_tags"] if recipe.task == "ner" else ["text", "label"]
    ).to_pylist()


def of_requests(table: Any, requests: Collection[str]) -> Any:
    import pyarrow as pa

    return table.filter(
        pa.array([request in requests for request in table.column("request_id").to_pylist()])
    )


def read_split(corpus: Path, split: str) -> Any:
    """A split as an Arrow table, whose metadata hold the features."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    shards = list(split_files(corpus, split))
    if not shards:
        raise UserError(
            f"the corpus has no {split} split: "
            "too few answers, or too few concepts to deal to three splits"
        )
    return pa.concat_tables([pq.read_table(shard) for shard in shards])


def split_files(corpus: Path, split: str) -> Iterator[Path]:
    folders = (
        folder for folder in sorted((corpus / "data").iterdir()) if folder.name != "rejected"
    )
    return (shard for folder in folders for shard in sorted(folder.glob(f"{split}-*.parquet")))


def write_split(folder: Path, split: str, table: Any) -> None:
    import pyarrow.parquet as pq

    target = folder / "data" / "part"
    target.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target / f"{split}-00000-of-00001.parquet")
