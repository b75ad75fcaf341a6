"""A build or a generation over many tasks: datatrove pipelines on a `corpusmith.corpus.scale.cluster.Cluster`.

The result is that of `corpusmith.corpus.build.build` on one machine: the same rows, the same content hash. docs/scaling.md tells
what each stage needs.
"""

import json
import pickle
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from datatrove.io import DataFolder, get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupBuckets

from corpusmith.corpus.build import SPLITS, benchmarks_at_hand, facts_of, keep_sources
from corpusmith.corpus.counts import Counts
from corpusmith.corpus.generate import Estimate, estimate, generate
from corpusmith.corpus.scale.answers import write_answers
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
from corpusmith.corpus.scale.cluster import Cluster
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.recipe.fingerprint import content_hash, fingerprint, plan_identity
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.prices import Price

ROWS_A_TASK = 50_000  # answers that a task holds in memory at once
TASKS = "tasks.json"  # in a folder of answers: into how many shards the plan was dealt


def build_at_scale(
    recipe: str,
    answers: str,
    out: str,
    cluster: Cluster,
    tasks: int | None = None,
    benchmarks: Path | None = None,
    work: str | None = None,
) -> dict[str, Any]:
    """Build the corpus of `recipe` from a folder of answer files (`corpusmith.corpus.scale.answers`) into the dataset folder `out`.

    `answers`, `out` and `work` are folders or fsspec URLs that every task can reach. `work` (default: `out`/work) holds
    what stages hand on: an interrupted build goes on there, a finished one leaves nothing. `tasks` defaults to one for
    each 50,000 requests. Returns what `build.json` holds.
    """
    parsed = load_recipe(recipe)
    root = benchmarks_at_hand(benchmarks)
    root = root and root.resolve()  # tasks may run in another folder
    place = f"{(work or out.rstrip('/') + '/work').rstrip('/')}/{parsed.name}"
    plan = Plan(parsed)
    tasks = tasks or -(-len(plan) // ROWS_A_TASK)
    folder = resume(place, parsed, plan, answers, out, tasks, root)
    config = minhash_config(parsed)
    buckets = MinhashDedupBuckets(
        f"{place}/signatures", f"{place}/pairs", config=config, lines_to_buffer=4096
    )
    cluster.run("deal", [Deal(parsed, answers, place)], tasks, place)
    cluster.run("judge", [Judge(parsed, place), Signatures(parsed, place)], tasks, place)
    cluster.run("pairs", [buckets], config.num_buckets, place)
    cluster.run("repeats", [Repeats(parsed, place)], 1, place)
    cluster.run("publish", [Publish(parsed, place, out, root)], tasks, place)
    facts = finish(recipe, parsed, plan, folder, get_datafolder(out), tasks, root)
    folder.rm("", recursive=True)
    return facts


def resume(
    place: str, recipe: Recipe, plan: Plan, answers: str, out: str, tasks: int, root: Path | None
) -> DataFolder:
    """The working folder, emptied unless what it holds was begun with the same recipe, answers, tasks and target."""
    source = get_datafolder(answers)
    files = {path: source.size(path) for path in source.list_files(glob_pattern="**/*.jsonl*")}
    if not files:
        raise UserError(
            f"{answers} holds no answers (*.jsonl, *.jsonl.gz): give the folder that `generate` wrote"
        )
    begun = {
        "recipe": fingerprint(recipe, plan.lexicons),
        "rows": recipe.rows,
        "answers": files,
        "out": get_datafolder(out).path,
        "tasks": tasks,
        "benchmarks": str(root),
    }
    folder = get_datafolder(place)
    if folder.isfile("begun.json"):
        if json.loads(folder.cat_file("begun.json")) == begun:
            return folder
        folder.rm("", recursive=True)
    elif folder.exists("") and folder.list_files():
        raise UserError(
            f"{place} holds what no build has left there: delete it, or give another folder for the work"
        )
    with folder.open("begun.json", "wt") as opened:
        json.dump(begun, opened)
    return folder


def finish(
    name_or_path: str,
    recipe: Recipe,
    plan: Plan,
    folder: DataFolder,
    out: DataFolder,
    tasks: int,
    root: Path | None,
) -> dict[str, Any]:
    """Add up what the parts measured, hash their rows in order, and write the facts; shards of an older build go."""
    total = Part(Counts())
    for part in range(tasks):
        total.merge(pickle.loads(folder.cat_file(f"measures/{part:05d}.pickle")))
    if not total.counts.accepted:
        raise UserError(
            f"{recipe.name}: no answer became a row; the rejects under {out.path} tell why"
        )
    rejected = recipe.name.replace("-", "_")
    for pattern in (f"data/{recipe.name}/*.parquet", f"data/rejected/{rejected}-*.parquet"):
        for old in set(out.glob(pattern)) - set(total.shards):
            out.rm(old)
    measured: dict[str, Any] = {
        **total.measures.figures(audited=root is not None),
        "content_hash": content_hash({split: rows_files(folder, split, tasks) for split in SPLITS}),
    }
    facts = facts_of(recipe, plan, total.counts, measured, root)
    with tempfile.TemporaryDirectory(prefix="corpusmith-") as scratch:
        keep_sources(recipe, name_or_path, Path(scratch))
        write_json(facts, Path(scratch) / "build.json")
        for path in sorted(
            Path(scratch).rglob("*.*"), reverse=True
        ):  # the facts last, when all they tell of is there
            upload(path, out, str(path.relative_to(scratch)))
    return facts


def rows_files(folder: DataFolder, split: str, parts: int) -> Iterator[BinaryIO]:
    """The rows of a split, in the order of the plan."""
    return (folder.open(f"rows/{part:05d}/{split}.jsonl", "rb") for part in range(parts))


class Ask(PipelineStep):
    """Ask the teacher for one shard of the plan; the ledger and the answers lie beside each other."""

    type, name = "corpusmith", "ask the teacher"

    def __init__(
        self, recipe: Recipe, folder: Path, base_url: str | None, limits: AskLimits
    ) -> None:
        super().__init__()
        self.recipe, self.folder, self.base_url, self.limits = recipe, folder, base_url, limits

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        plan = Plan(self.recipe)
        with Ledger(ledger_of(self.folder, rank)) as ledger:
            done = generate(
                self.recipe,
                ledger,
                (rank, world_size),
                base_url=self.base_url,
                limits=self.limits,
            )
            asked = {
                "plan": plan_identity(plan, (rank, world_size)),
                "answered": done.before + done.answered,
                "failed": done.failed,
                "pending": done.pending,
            }
            known = self.folder / f"asked-{rank:05d}.json"
            if known.exists() and json.loads(known.read_text()) == asked:
                return  # the answers stand as this would write them
            partial = self.folder / f"answers-{rank:05d}.partial"
            with partial.open("w", encoding="utf-8") as out:
                write_answers(plan, ledger, out, rank, world_size)
            partial.replace(self.folder / f"answers-{rank:05d}.jsonl")
            write_json(asked, known)


def generate_at_scale(
    recipe: Recipe,
    out: Path,
    cluster: Cluster,
    tasks: int | None = None,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
) -> Counter[str]:
    """Ask the teacher for the whole plan, each task for the requests `task, task + tasks, …`.

    Task t writes `out/ledger-t.sqlite`, from which it resumes when it was lost, and `out/answers-t.jsonl`, which
    `build_at_scale` reads. `out` is a folder that all tasks share. Each task takes its endpoint from its own
    OPENAI_BASE_URL, so that a server on each node serves the tasks of that node. `tasks` defaults to what the folder was
    begun with, else to the workers. `rpm`, `tpm` and `max_cost` are those of all tasks together; `concurrency` is that
    of one task. Returns how many requests are `answered`, `failed` and `pending`.

    Raises UserError when the endpoint cannot be used, or when `out` was begun with another number of tasks.
    """
    out = out.resolve()
    tasks = agreed_tasks(out, tasks, cluster.workers)
    write_json(tasks, out / TASKS)
    share = min(cluster.workers, tasks)
    of_a_task = replace(
        limits,
        max_cost=limits.max_cost and limits.max_cost / tasks,
        rpm=limits.rpm and limits.rpm / share,
        tpm=limits.tpm and limits.tpm / share,
    )
    # What is done the ledgers know, for this plan and for others.
    shutil.rmtree(out / "logs" / "generate" / "completions", ignore_errors=True)
    cluster.run("generate", [Ask(recipe, out, base_url, of_a_task)], tasks, str(out))
    asked = [json.loads((out / f"asked-{rank:05d}.json").read_text()) for rank in range(tasks)]
    return Counter(
        {name: sum(one[name] for one in asked) for name in ("answered", "failed", "pending")}
    )


def estimate_at_scale(
    recipe: Recipe, out: Path, workers: int, tasks: int | None, price: Price | None
) -> Estimate:
    """What `generate_at_scale` would send and cost, over the ledgers of all its tasks."""
    tasks = agreed_tasks(out, tasks, workers)
    total = Estimate(0, 0, 0, 0, None if price is None else 0.0)
    for rank in range(tasks):
        path = ledger_of(out, rank)
        with Ledger(path if path.exists() else ":memory:") as ledger:
            one = estimate(recipe, ledger, (rank, tasks), price)
        sums = {
            name: getattr(total, name) + value
            for name, value in asdict(one).items()
            if value is not None
        }
        total = replace(total, **sums)
    return total


def ledger_of(folder: Path, task: int) -> Path:
    return folder / f"ledger-{task:05d}.sqlite"


def agreed_tasks(folder: Path, tasks: int | None, default: int) -> int:
    """The number of tasks that the folder of a generation was begun with; of a new one `tasks`, else `default`.

    Another number would deal the requests to other ledgers, and so ask again what is answered.
    """
    if not (folder / TASKS).exists():
        return tasks or default
    begun: int = json.loads((folder / TASKS).read_text())
    if tasks not in (None, begun):
        raise UserError(
            f"{folder} was begun with {begun} tasks: give --tasks {begun}, or another folder"
        )
    return begun
