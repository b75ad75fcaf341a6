"""Ask a teacher over many tasks: each has its own ledger and writes answers as plain files."""

import json
import shutil
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from corpusmith.cluster import Cluster
from corpusmith.corpus.generate import Estimate, estimate, generate
from corpusmith.corpus.scale.answers import write_answers
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.recipe.fingerprint import plan_identity
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.prices import Price

TASKS = "tasks.json"  # in a folder of answers: the number of shards of the plan


class Ask(PipelineStep):
    """Ask the teacher for one shard of the plan; ledger and answers are in the same folder."""

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
                return  # the file already holds these answers
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

    Task t writes `out/ledger-t.sqlite`, from which it resumes after a failure, and
    `out/answers-t.jsonl`, which `build_at_scale` reads. `out` is a folder that all tasks share.
    Each task takes its endpoint from its own OPENAI_BASE_URL, so that a server on each node serves
    the tasks of that node. `tasks` defaults to what the folder was begun with, else to the workers.
    `rpm`, `tpm` and `max_cost` are those of all tasks together; `concurrency` is that of one task.
    Returns how many requests are `answered`, `failed` and `pending`.

    Raises UserError when the endpoint cannot be used, or when `out` was begun with another number
    of tasks.
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
    # Completion markers are not used: the ledgers record what is done.
    shutil.rmtree(out / "logs" / "generate" / "completions", ignore_errors=True)
    cluster.run("generate", [Ask(recipe, out, base_url, of_a_task)], tasks, str(out))
    asked = [json.loads((out / f"asked-{rank:05d}.json").read_text()) for rank in range(tasks)]
    return Counter(
        {name: sum(one[name] for one in asked) for name in ("answered", "failed", "pending")}
    )


def estimate_at_scale(
    recipe: Recipe, out: Path, workers: int, tasks: int | None, price: Price | None
) -> Estimate:
    """The size and cost of `generate_at_scale`, over the ledgers of all tasks."""
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
    """The number of tasks that a folder of answers was started with; for a new folder `tasks`, else
    `default`. Another number would assign requests to other ledgers and repeat paid requests.
    """
    if not (folder / TASKS).exists():
        return tasks or default
    begun: int = json.loads((folder / TASKS).read_text())
    if tasks not in (None, begun):
        raise UserError(
            f"{folder} was begun with {begun} tasks: give --tasks {begun}, or another folder"
        )
    return begun
