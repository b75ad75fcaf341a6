"""What the students of a report are trained on: parts of the corpus, changed recipes, real sentences.

All of it is written to a folder that goes when the report is done, since some of it is benchmark text.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpusmith.corpus.benchmarks import benchmark_rows
from corpusmith.corpus.build import build
from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.evidence.ablations import Ablation
from corpusmith.evidence.student_runs import Rows
from corpusmith.quality.second_build import Run, build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe

SPLITS = ("train", "validation")
HELD_OUT = 10  # every tenth real sentence chooses the epoch, as a corpus's validation split does


@dataclass(frozen=True)
class Sources:
    """Where the corpora of a report come from; `runs` keeps what judging their labels found, as a killed report goes on."""

    ledger: Path | None
    root: Path | None
    runs: Path
    encoder: str
    dry_run: bool = False

    def corpus(self, name_or_path: str, out: Path) -> dict[str, Any]:
        """Build a recipe as `corpusmith run` does; a dry run judges no row and keeps all."""
        if self.dry_run:
            return build(name_or_path, out, self.ledger, self.root)
        run = Run(self.runs, self.encoder, self.ledger, self.root)
        return build_twice(name_or_path, out, run)

    def rows(self, name_or_path: str, out: Path) -> Rows:
        """A recipe's corpus to train on. Raises UserError when a split has no row."""
        built = self.corpus(name_or_path, out)
        if built["counts"]["accepted"] == 0 or "validation" not in built["splits"]:
            raise UserError(f"a split of {load_recipe(name_or_path).name} has no row left")
        return Rows.of(out)


@dataclass(frozen=True)
class Arm:
    """One line of a table. In several parts where halves of a benchmark take turns: each (rows to train on, ids of the
    benchmark's rows that it is judged by; None: all)."""

    name: str
    parts: tuple[tuple[Rows, frozenset[str] | None], ...]

    @property
    def training_rows(self) -> int:
        """On average over the parts."""
        return round(sum(rows.count for rows, _ in self.parts) / len(self.parts))


def curve_sizes(total: int, first: int) -> list[int]:
    """`first`, doubled as long as it is below `total`; then `total`."""
    sizes = []
    while first < total:
        sizes.append(first)
        first *= 2
    return [*sizes, total]


def originals(corpus: Path) -> list[str]:
    """Requests of the train split whose answer is a row, in the order of the plan; copies of it are not counted."""
    rows = read_split(corpus, "train").select(["id", "request_id"]).to_pylist()
    return [row["id"] for row in rows if row["id"] == row["request_id"]]


def first_rows(corpus: Path, requests: Collection[str], out: Path) -> Rows:
    """The rows of the train split that were made of these requests' answers, beside the whole validation split."""
    write_split(out, "train", of_requests(read_split(corpus, "train"), set(requests)))
    write_split(out, "validation", read_split(corpus, "validation"))
    return Rows.of(out)


def ablated(ablation: Ablation, recipe: Recipe, corpus: Path, sources: Sources, out: Path) -> Rows:
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
        return Rows.of(out)
    changed = ablation.changed(recipe)
    assert changed is not None
    path = out / "recipe.yaml"
    out.mkdir(parents=True)
    path.write_text(
        yaml.safe_dump(changed.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
    )
    return sources.rows(str(path), out / "corpus")


def gold(recipe: Recipe, benchmark: Path, split: str, corpus: Path | None, out: Path) -> Arm | None:
    """Real sentences, with those of `corpus` where it is given: the benchmark's train split; where it has none but says
    `fold` in each row, each half of its folds in turn, judged by the other. None where it has neither."""
    name = "gold+synthetic" if corpus else "gold"
    extra = (
        {part: plain_rows(read_split(corpus, part), recipe) for part in SPLITS} if corpus else {}
    )
    if (benchmark / "train.jsonl").exists() and split != "train":
        rows = list(benchmark_rows(benchmark / "train.jsonl"))
        return Arm(name, ((write_gold(recipe, rows, extra, out / "train"), None),))
    rows = list(benchmark_rows(benchmark / f"{split}.jsonl"))
    folds = sorted({row["fold"] for row in rows if "fold" in row})
    if len(folds) < 2:
        return None
    parts = []
    for number in (0, 1):
        judging = set(folds[number::2])
        judged = frozenset(str(row["id"]) for row in rows if row["fold"] in judging)
        learned = [row for row in rows if row["fold"] not in judging]
        parts.append((write_gold(recipe, learned, extra, out / f"half-{number}"), judged))
    return Arm(name, tuple(parts))


def write_gold(
    recipe: Recipe, rows: Sequence[Mapping[str, Any]], extra: Mapping[str, list[dict]], out: Path
) -> Rows:
    """Benchmark rows in the columns of a corpus, and `extra` rows of each split behind them."""
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
    return Rows.of(out)


def plain_rows(table: Any, recipe: Recipe) -> list[dict]:
    return table.select(
        ["tokens", "ner_tags"] if recipe.task == "ner" else ["text", "label"]
    ).to_pylist()


def sentences(table: Any, recipe: Recipe) -> list[list[Any]]:
    """Ids and labels of the rows that are answers themselves."""
    rows = table.select(
        ["id", "request_id", "text", "ner_tags" if recipe.task == "ner" else "label"]
    ).to_pylist()
    return [list(row.values()) for row in rows if row["id"] == row["request_id"]]


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
            f"the corpus has no {split} split: too few answers, or too few concepts to deal to three splits"
        )
    return pa.concat_tables([pq.read_table(shard) for shard in shards])


def split_names(corpus: Path) -> list[str]:
    """Of train, validation and test those that have a row."""
    return [split for split in (*SPLITS, "test") if any(split_files(corpus, split))]


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
