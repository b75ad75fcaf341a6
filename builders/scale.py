"""A build or a generation over many tasks: datatrove pipelines on one host, a Ray cluster or a Slurm cluster.

The result is that of `builders.build.build` on one machine: the same rows, the same content hash. docs/scaling.md tells
what each stage needs.
"""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor, SlurmPipelineExecutor
from datatrove.executor.base import PipelineExecutor
from datatrove.io import DataFolder, get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupBuckets

from builders.answers import write_answers
from builders.blocks import Deal, Judge, Part, Publish, Repeats, Signatures, minhash_config, upload
from builders.build import SPLITS, facts_of, keep_sources, write_json
from builders.corpus import Counts
from builders.ledger import Ledger
from builders.plan import Plan
from builders.recipe import Recipe, load_recipe
from builders.teacher import generate
from builders.versioning import content_hash, fingerprint
from corpusmith_errors import UserError

ROWS_A_TASK = 50_000  # answers that a task holds in memory at once


@dataclass(frozen=True)
class Cluster:
    """Where tasks run. `workers` run at a time; `partition`, `time` and `setup` (shell) are Slurm's."""

    executor: Literal["local", "ray", "slurm"] = "local"
    workers: int = 1
    memory_gb: int = 2
    partition: str = ""
    time: str = "24:00:00"
    setup: str = f"export PATH={Path(sys.executable).parent}:$PATH"

    def executor_of(self, name: str, pipeline: list[PipelineStep], tasks: int, work: str) -> PipelineExecutor:
        """datatrove's executor of one stage; its logs and completions lie below `work`."""
        common: dict[str, Any] = {"tasks": tasks, "workers": self.workers, "logging_dir": f"{work}/logs/{name}"}
        if self.executor == "local":
            return LocalPipelineExecutor(pipeline, **common)
        if self.executor == "ray":
            return RayPipelineExecutor(pipeline, mem_per_cpu_gb=self.memory_gb, **common)
        return SlurmPipelineExecutor(
            pipeline,
            time=self.time,
            partition=self.partition,
            mem_per_cpu_gb=self.memory_gb,
            job_name=f"corpusmith-{name}",
            env_command=self.setup,
            qos="",
            **common,
        )

    def run(self, name: str, pipeline: list[PipelineStep], tasks: int, work: str) -> None:
        """Run every task that has not completed. Raises UserError, naming the logs, when one did not."""
        if self.executor == "ray":
            import ray

            if not ray.is_initialized():
                ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), log_to_driver=False)
        executor = self.executor_of(name, pipeline, tasks, work)
        logs = executor.logging_dir.resolve_paths("logs")
        try:
            executor.run()
            if isinstance(executor, SlurmPipelineExecutor):
                wait_for(executor)
        except UserError:
            raise
        except Exception as error:  # datatrove re-raises whatever a block raised
            raise UserError(f"stage {name} failed ({type(error).__name__}: {error}); see {logs}") from error
        if missing := executor.get_incomplete_ranks(skip_completed=True):
            raise UserError(f"stage {name}: {len(missing)} of {tasks} tasks did not complete; see {logs}")


def wait_for(executor: SlurmPipelineExecutor, pause: float = 5.0) -> None:
    """Until the job has left Slurm's queue: finished, failed or cancelled."""
    while executor.job_id not in (None, -1):
        queue = subprocess.run(["squeue", "-h", "-j", str(executor.job_id)], capture_output=True, text=True)
        if not queue.stdout.strip():
            return
        time.sleep(pause)


def build_at_scale(
    recipe: str,
    answers: str,
    out: str,
    cluster: Cluster,
    tasks: int | None = None,
    benchmarks: Path | None = None,
    work: str | None = None,
) -> dict[str, Any]:
    """Build the corpus of `recipe` from a folder of answer files (`builders.answers`) into the dataset folder `out`.

    `answers`, `out` and `work` are folders or fsspec URLs that every task can reach. `work` (default: `out`/work) holds
    what stages hand on: an interrupted build goes on there, a finished one leaves nothing. `tasks` defaults to one for
    each 50,000 requests. Returns what `build.json` holds.
    """
    parsed = load_recipe(recipe)
    tasks = tasks or -(-parsed.rows // ROWS_A_TASK)
    root = benchmarks or (
        Path(os.environ["CORPUSMITH_BENCHMARKS"]) if os.environ.get("CORPUSMITH_BENCHMARKS") else None
    )
    place = f"{(work or out + '/work').rstrip('/')}/{parsed.name}"
    plan = Plan(parsed)
    folder = resume(place, parsed, plan, answers, tasks, root)
    config = minhash_config(parsed)
    buckets = MinhashDedupBuckets(f"{place}/signatures", f"{place}/pairs", config=config, lines_to_buffer=4096)
    cluster.run("deal", [Deal(parsed, answers, place)], tasks, place)
    cluster.run("judge", [Judge(parsed, place), Signatures(parsed, place)], tasks, place)
    cluster.run("pairs", [buckets], config.num_buckets, place)
    cluster.run("repeats", [Repeats(parsed, place)], 1, place)
    cluster.run("publish", [Publish(parsed, place, out, root)], tasks, place)
    facts = finish(recipe, parsed, plan, folder, get_datafolder(out), tasks, root)
    folder.rm("", recursive=True)
    return facts


def resume(place: str, recipe: Recipe, plan: Plan, answers: str, tasks: int, root: Path | None) -> DataFolder:
    """The working folder, emptied unless what it holds was begun with the same recipe, answers and tasks."""
    source = get_datafolder(answers)
    files = {path: source.size(path) for path in source.list_files(glob_pattern="**/*.jsonl*")}
    if not files:
        raise UserError(f"{answers} holds no answers (*.jsonl, *.jsonl.gz): give the folder that `generate` wrote")
    begun = {
        "recipe": fingerprint(recipe, plan.lexicons),
        "rows": recipe.rows,
        "answers": files,
        "tasks": tasks,
        "benchmarks": str(root),
    }
    folder = get_datafolder(place)
    if not folder.isfile("begun.json") or json.loads(folder.cat_file("begun.json")) != begun:
        if folder.exists(""):
            folder.rm("", recursive=True)
        with folder.open("begun.json", "wt") as out:
            json.dump(begun, out)
    return folder


def finish(
    name_or_path: str, recipe: Recipe, plan: Plan, folder: DataFolder, out: DataFolder, tasks: int, root: Path | None
) -> dict[str, Any]:
    """Add up what the parts measured, hash their rows in order, and write the facts; shards of an older build go."""
    total = Part(Counts())
    for part in range(tasks):
        total.merge(pickle.loads(folder.cat_file(f"measures/{part:05d}.pickle")))
    if not total.counts.accepted:
        raise UserError(f"{recipe.name}: no answer became a row; the rejects under {out.path} tell why")
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
        write_json(facts, Path(scratch) / "recipes" / recipe.name / "build.json")
        for path in Path(scratch).rglob("*.*"):
            upload(path, out, str(path.relative_to(scratch)))
    return facts


def rows_files(folder: DataFolder, split: str, parts: int) -> Iterator[BinaryIO]:
    """The rows of a split, in the order of the plan."""
    return (folder.open(f"rows/{part:05d}/{split}.jsonl", "rb") for part in range(parts))


class Ask(PipelineStep):
    """Ask the teacher for one shard of the plan; the ledger and the answers lie beside each other."""

    type, name = "corpusmith", "ask the teacher"

    def __init__(self, recipe: Recipe, folder: Path, options: dict[str, Any]) -> None:
        super().__init__()
        self.recipe, self.folder, self.options = recipe, folder, options

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        plan = Plan(self.recipe)
        with Ledger(self.folder / f"ledger-{rank:05d}.sqlite") as ledger:
            payloads = (request.payload for request in plan.requests(rank, world_size))
            generate(payloads, ledger, total=len(range(rank, len(plan), world_size)), **self.options)
            partial = self.folder / f"answers-{rank:05d}.partial"
            with partial.open("w", encoding="utf-8") as out:
                pending = write_answers(plan, ledger, out, rank, world_size)
            partial.replace(self.folder / f"answers-{rank:05d}.jsonl")
        if pending:
            raise UserError(f"task {rank}: {pending} requests are still to be asked: run the same command again")


def generate_at_scale(recipe: str, out: Path, cluster: Cluster, tasks: int, **options: Any) -> None:
    """Ask the teacher for the whole plan, each task for the requests `task, task + tasks, …`.

    Task t writes `out/ledger-t.sqlite`, from which it resumes when it was lost, and `out/answers-t.jsonl`, which
    `build_at_scale` reads. `out` is a folder that all tasks share. Each task takes its endpoint from its own
    OPENAI_BASE_URL, so that a server on each node serves the tasks of that node; `options` are `generate`'s.
    """
    out.mkdir(parents=True, exist_ok=True)
    cluster.run("generate", [Ask(load_recipe(recipe), out.resolve(), options)], tasks, f"{out.resolve()}")
