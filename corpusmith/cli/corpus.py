"""The verbs that make corpora: generate, build, baseline."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpusmith.cli.options import (
    BaseUrl,
    Executor,
    LedgerPath,
    MaxCost,
    Memory,
    Prices,
    RecipeName,
    Sbatch,
    Setup,
    Tasks,
    TeacherModel,
    Workers,
)
from corpusmith.errors import UserError

if TYPE_CHECKING:
    from corpusmith.corpus.scale.build import Cluster


def generate(
    recipe: RecipeName,
    rows: Annotated[
        int | None, typer.Option(help="Requests, in place of the recipe's number.")
    ] = None,
    base_url: BaseUrl = None,
    model: TeacherModel = None,
    ledger: LedgerPath = None,
    shard: Annotated[
        str, typer.Option(help="I/N: only the requests I, I+N, I+2N, … of the plan.")
    ] = "0/1",
    concurrency: Annotated[
        int, typer.Option(help="Most requests in flight, with --executor in each task.")
    ] = 64,
    rpm: Annotated[float | None, typer.Option(help="Most requests a minute.")] = None,
    tpm: Annotated[float | None, typer.Option(help="Most tokens a minute.")] = None,
    prices: Prices = None,
    max_cost: MaxCost = None,
    retry_failed: Annotated[bool, typer.Option(help="Ask failed requests once more.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="By the Batch API: half the price, within a day.")
    ] = False,
    executor: Executor = None,
    tasks: Tasks = None,
    workers: Workers = 1,
    memory_gb: Memory = 2,
    sbatch: Sbatch = None,
    setup: Setup = None,
    answers: Annotated[
        Path | None, typer.Option(help="With --executor: the folder that all tasks share.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print requests, tokens and cost; send nothing.")
    ] = False,
) -> None:
    """Ask a teacher for what a recipe plans. The same command continues; nothing is asked twice."""
    from corpusmith.cli.display import LiveProgress, estimate_lines
    from corpusmith.corpus import generate as asking
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import AskLimits

    resized = asking.resized(recipe, rows, model)
    price = asking.price_of(resized, prices)
    limits = AskLimits(
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        price=price,
        max_cost=max_cost,
        retry_failed=retry_failed,
    )
    if executor:
        if batch or ledger or shard != "0/1":
            raise UserError(
                "--executor can't be used with --batch, --ledger or --shard: "
                "each task keeps a ledger for its shard"
            )
        spread = cluster(executor, workers, memory_gb, sbatch, setup)
        from corpusmith.corpus.scale import generate as scale

        folder = answers or Path("runs") / resized.name / "answers"
        if dry_run:
            typer.echo(
                estimate_lines(
                    resized, scale.estimate_at_scale(resized, folder, workers, tasks, price)
                )
            )
            return
        counts = scale.generate_at_scale(
            resized, folder, spread, tasks, base_url=base_url, limits=limits
        )
        typer.echo(
            f"{folder}: {counts['answered']} answered, {counts['failed']} failed, "
            f"{counts['pending']} pending"
        )
        typer.echo(
            f"next: corpusmith build {recipe} --executor {executor} --answers {folder} --out DIR"
        )
        return
    path = ledger or Path("runs") / resized.name / "ledger.sqlite"
    with Ledger(path) as opened:
        if dry_run:
            typer.echo(
                estimate_lines(resized, asking.estimate(resized, opened, parse_shard(shard), price))
            )
            return
        ask = asking.generate_by_batch if batch else asking.generate
        with LiveProgress() as show:
            done = ask(
                resized,
                opened,
                parse_shard(shard),
                base_url=base_url,
                limits=limits,
                on_progress=show,
            )
    typer.echo(
        f"{path}: {done.before + done.answered} answered, {done.failed} failed, "
        f"{done.pending} pending"
    )
    typer.echo(f"next: corpusmith build {recipe} --ledger {path} --out runs/{resized.name}/dataset")


def build(
    recipe: RecipeName,
    out: Annotated[
        str, typer.Option(help="The dataset folder to write; with --executor perhaps a URL.")
    ],
    ledger: LedgerPath = None,
    executor: Executor = None,
    tasks: Tasks = None,
    workers: Workers = 1,
    memory_gb: Memory = 2,
    sbatch: Sbatch = None,
    setup: Setup = None,
    answers: Annotated[
        str | None, typer.Option(help="With --executor: folder or URL of the answers.")
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(
            help="With --executor: folder or URL of what stages hand on; default OUT/work."
        ),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Leave out what these predictions of `noise` deny.")
    ] = None,
    outliers: Annotated[
        Path | None, typer.Option(help="Leave out what lies far off in this file of `outliers`.")
    ] = None,
) -> None:
    """Verify and filter answers, and write a dataset folder.

    Without --ledger the answers are those that ship with the recipe.
    """
    from corpusmith.corpus import build as building

    if executor is None:
        from corpusmith.quality.second_build import vetoes_of
        from corpusmith.recipe.load import load_recipe

        vetoes = vetoes_of(load_recipe(recipe), noise, outliers)
        facts = building.build(recipe, Path(out), ledger, vetoes=vetoes)
    elif noise is not None or outliers is not None:
        raise UserError(
            "--noise and --outliers go without --executor: rows are judged on one machine"
        )
    elif answers is None:
        raise UserError(
            "--executor reads a folder of answers: give --answers, "
            "as `corpusmith generate --executor` wrote it"
        )
    else:
        spread = cluster(executor, workers, memory_gb, sbatch, setup)
        from corpusmith.corpus.scale.build import build_at_scale

        facts = build_at_scale(recipe, answers, out, replace(spread, work=work), tasks)
    counts = facts["counts"]
    typer.echo(
        f"{out}: {counts['accepted']} rows accepted and {counts['rejected']} rejected "
        f"of {counts['answered']} answers; "
        f"{counts['failed']} requests failed, {counts['pending']} pending"
    )
    for reason, count in {**facts["rejected_by_reason"], **facts["filtered_by_reason"]}.items():
        typer.echo(f"  {count:>6} {reason}")
    typer.echo(
        "  "
        + ", ".join(
            f"{split} {split_facts['rows']}" for split, split_facts in facts["splits"].items()
        )
    )


def baseline(
    system: Annotated[
        str, typer.Argument(help="dictionary (relations: always related) or zero-shot")
    ],
    recipe: RecipeName,
    benchmark: Annotated[Path, typer.Argument(help="A benchmark folder, {split}.jsonl in it.")],
    out: Annotated[Path, typer.Option(help="The predictions to write (JSONL), for `evaluate`.")],
    split: Annotated[str, typer.Option(help="The split to predict.")] = "test",
    base_url: BaseUrl = None,
    ledger: LedgerPath = None,
    i_may_send_this_text: Annotated[
        bool,
        typer.Option("--i-may-send-this-text", help="zero-shot: the text may go to the endpoint."),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, help="zero-shot: only so many rows, drawn at random, for `report --zero-shot`."
        ),
    ] = None,
) -> None:
    """Predict without a student, by the recipe's lexicons or by its teacher.

    The teacher (zero-shot) gets the text of the benchmark.
    """
    from corpusmith.recipe.load import load_recipe

    parsed = load_recipe(recipe)
    if system == "dictionary":
        from corpusmith.evaluation.dictionary import baseline_predictions

        baseline_predictions(parsed, benchmark, split, out)
        typer.echo(f"{out}: next: corpusmith evaluate {out} {benchmark} --split {split}")
        return
    if system != "zero-shot":
        raise UserError(f"no baseline {system!r}: dictionary or zero-shot")
    from corpusmith.quality.zero_shot import ZeroShotTeacher, zero_shot_predictions
    from corpusmith.teacher.ledger import Ledger

    with Ledger(ledger or Path("runs") / parsed.name / "zero-shot.sqlite") as opened:
        teacher = ZeroShotTeacher(parsed.teacher.model, base_url, i_may_send_this_text)
        done = zero_shot_predictions(benchmark, split, out, opened, teacher, sample)
    typer.echo(
        f"{out}: {done['rows']} rows, {done['unusable']} of {done['requests']} answers were no use"
    )


def cluster(
    executor: str, workers: int, memory_gb: int, sbatch: list[str] | None, setup: str | None
) -> "Cluster":
    """The cluster of the options. Raises UserError if it doesn't exist or can't be used here."""
    if executor not in ("local", "ray", "slurm"):
        raise UserError(f"no executor {executor!r}: local, ray or slurm")
    if executor != "slurm" and (sbatch or setup):
        raise UserError(f"--sbatch and --setup are for --executor slurm, not {executor}")
    if wrong := [option for option in sbatch or () if "=" not in option]:
        raise UserError(f"--sbatch {wrong[0]}: give NAME=VALUE, such as partition=cpu")
    for module, package in (
        ("datatrove", "corpusmith[scale]"),
        *([("ray", "ray")] if executor == "ray" else ()),
    ):
        if find_spec(module) is None:
            raise UserError(f"--executor {executor} needs {module}: pip install '{package}'")
    from corpusmith.corpus.scale.cluster import Cluster

    given = {"setup": setup} if setup else {}
    options = dict(option.lstrip("-").split("=", 1) for option in sbatch or ())
    return Cluster(executor, workers, memory_gb, options, **given)  # type: ignore[arg-type]


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n` as (i, n). Raises UserError unless 0 <= i < n."""
    first, _, of = text.partition("/")
    if not (first.isdigit() and of.isdigit() and int(first) < int(of)):
        raise UserError(f"--shard {text}: give I/N with I from 0 to N-1, such as 0/4")
    return int(first), int(of)
