"""Build a corpus over many tasks: datatrove pipelines on a `Cluster`.

The rows and the content hash are the same as with `corpusmith.corpus.build.build`. See
docs/scaling.md for the needs of each stage.
"""

import json
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from datatrove.io import DataFolder, get_datafolder
from datatrove.pipeline.dedup import MinhashDedupBuckets

from corpusmith.cluster import Cluster
from corpusmith.corpus.build import SPLITS, benchmarks_at_hand, facts_of, keep_sources
from corpusmith.corpus.counts import Counts
from corpusmith.corpus.scale.blocks import (
    Deal,
    Judge,
    Part,
    Publish,
    Repeats,
    Signatures,
    minhash_config,
    upload,
)
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.recipe.fingerprint import content_hash, fingerprint
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe

ROWS_A_TASK = 50_000  # answers that a task holds in memory together


def build_at_scale(
    recipe: str,
    answers: str,
    out: str,
    cluster: Cluster,
    tasks: int | None = None,
    benchmarks: Path | None = None,
) -> dict[str, Any]:
    """Build the corpus of `recipe` from a folder of answer files into the dataset folder `out`.

    Folders are paths or fsspec URLs that every task can reach. An interrupted build continues in
    the cluster's working folder; a finished one leaves nothing there.

    Args:
        answers: files as `corpusmith.corpus.scale.answers` describes them.
        tasks: default one for each 50,000 requests.
        benchmarks: folder of `{set}/{split}.jsonl`; None takes $CORPUSMITH_BENCHMARKS.

    Returns:
        What build.json holds.
    """
    parsed = load_recipe(recipe)
    root = benchmarks_at_hand(benchmarks)
    root = root and root.resolve()  # tasks may run in another folder
    place = f"{(cluster.work or out.rstrip('/') + '/work').rstrip('/')}/{parsed.name}"
    tasks = tasks or -(-len(Plan(parsed)) // ROWS_A_TASK)
    build = ScaledBuild(parsed, answers, out, place, tasks, root)
    folder = build.begin()
    config = minhash_config(parsed)
    buckets = MinhashDedupBuckets(
        f"{place}/signatures", f"{place}/pairs", config=config, lines_to_buffer=4096
    )
    cluster.run("deal", [Deal(parsed, answers, place)], tasks, place)
    cluster.run("judge", [Judge(parsed, place), Signatures(parsed, place)], tasks, place)
    cluster.run("pairs", [buckets], config.num_buckets, place)
    cluster.run("repeats", [Repeats(parsed, place)], 1, place)
    cluster.run("publish", [Publish(parsed, place, out, root)], tasks, place)
    facts = build.finish(folder, recipe)
    folder.rm("", recursive=True)
    return facts


@dataclass(frozen=True)
class ScaledBuild:
    """One build: its input, its output, and the working folder `place` of its stages."""

    recipe: Recipe
    answers: str
    out: str
    place: str
    tasks: int
    root: Path | None  # of benchmarks

    @cached_property
    def plan(self) -> Plan:
        return Plan(self.recipe)

    def begin(self) -> DataFolder:
        """The working folder; emptied unless the same build began there."""
        source = get_datafolder(self.answers)
        files = {path: source.size(path) for path in source.list_files(glob_pattern="**/*.jsonl*")}
        if not files:
            raise UserError(
                f"{self.answers} holds no answers (*.jsonl, *.jsonl.gz): "
                "give the folder that `generate` wrote"
            )
        begun = {
            "recipe": fingerprint(self.recipe, self.plan.lexicons),
            "rows": self.recipe.rows,
            "answers": files,
            "out": get_datafolder(self.out).path,
            "tasks": self.tasks,
            "benchmarks": str(self.root),
        }
        folder = get_datafolder(self.place)
        if folder.isfile("begun.json"):
            if json.loads(folder.cat_file("begun.json")) == begun:
                return folder
            folder.rm("", recursive=True)
        elif folder.exists("") and folder.list_files():
            raise UserError(
                f"{self.place} holds what no build has left there: "
                "delete it, or give another folder for the work"
            )
        with folder.open("begun.json", "wt") as opened:
            json.dump(begun, opened)
        return folder

    def finish(self, folder: DataFolder, name_or_path: str) -> dict[str, Any]:
        """Add up the parts, hash their rows in order, delete old shards, and write the facts."""
        out, name = get_datafolder(self.out), self.recipe.name
        total = Part(Counts())
        for part in range(self.tasks):
            total.merge(pickle.loads(folder.cat_file(f"measures/{part:05d}.pickle")))
        if not total.counts.accepted:
            raise UserError(f"{name}: no answer became a row; the rejects in {out.path} say why")
        rejected = name.replace("-", "_")
        for pattern in (f"data/{name}/*.parquet", f"data/rejected/{rejected}-*.parquet"):
            for old in set(out.glob(pattern)) - set(total.shards):
                out.rm(old)
        rows = {split: rows_files(folder, split, self.tasks) for split in SPLITS}
        measured: dict[str, Any] = {
            **total.measures.figures(audited=self.root is not None),
            "content_hash": content_hash(rows),
        }
        facts = facts_of(self.recipe, self.plan, total.counts, measured, self.root)
        with tempfile.TemporaryDirectory(prefix="corpusmith-") as scratch:
            keep_sources(self.recipe, name_or_path, Path(scratch))
            write_json(facts, Path(scratch) / "build.json")
            # build.json is written last, when all files that it names exist.
            for path in sorted(Path(scratch).rglob("*.*"), reverse=True):
                upload(path, out, str(path.relative_to(scratch)))
        return facts


def rows_files(folder: DataFolder, split: str, parts: int) -> Iterator[BinaryIO]:
    """The rows of a split, in the order of the plan."""
    return (folder.open(f"rows/{part:05d}/{split}.jsonl", "rb") for part in range(parts))
