"""The verbs that make corpora: generate, build."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import (
    BaseUrl,
    Executor,
    LedgerPath,
    MaxCost,
    Memory,
    NumberOfRequests,
    Prices,
    RecipeName,
    Sbatch,
    Setup,
    Tasks,
    TeacherModel,
    Workers,
    cluster_of,
)
from corpusmith.errors import UserError

PREVIEWED = 5  # prompts that a dry run shows


def generate(
    recipe: RecipeName,
    rows: NumberOfRequests = None,
    base_url: BaseUrl = None,
    model: TeacherModel = None,
    ledger: LedgerPath = None,
    shard: Annotated[
        str, typer.Option(help="I/N: only requests I, I+N, I+2N, … of the plan.")
    ] = "0/1",
    concurrency: Annotated[
        int, typer.Option(help="Maximum requests in flight; with --executor, in each task.")
    ] = 64,
    rpm: Annotated[float | None, typer.Option(help="Maximum requests per minute.")] = None,
    tpm: Annotated[float | None, typer.Option(help="Maximum tokens per minute.")] = None,
    prices: Prices = None,
    max_cost: MaxCost = None,
    retry_failed: Annotated[bool, typer.Option(help="Retry failed requests once.")] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Continue even if few of the first ten answers become rows."),
    ] = False,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Use the Batch API: half the price, answers within a day."),
    ] = False,
    batch_size: Annotated[int, typer.Option(help="Maximum requests per batch.")] = 50_000,
    batch_tokens: Annotated[
        float | None, typer.Option(help="Maximum tokens enqueued in all batches.")
    ] = None,
    batches: Annotated[int, typer.Option(help="Maximum batches in flight.")] = 4,
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
    """Send the requests of a recipe to a teacher. An answered request is never sent again."""
    from corpusmith.cli.display import LiveProgress, estimate_lines, generation_line, preview_lines
    from corpusmith.corpus import generate as asking
    from corpusmith.recipe.plan import Plan
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import AskLimits

    resized = asking.resized(recipe, rows, model)
    destination = ["--out", f"runs/{resized.name}/dataset"]  # of the build that is printed
    destination += ["--model", model] if model else []
    destination += ["--rows", str(rows)] if rows else []
    price = asking.price_of(resized, prices)
    limits = AskLimits(
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        price=price,
        max_cost=max_cost,
        retry_failed=retry_failed,
        anyway=anyway,
        batch_size=batch_size,
        batch_tokens=batch_tokens,
        batches=batches,
    )
    if executor:
        if batch or ledger or shard != "0/1":
            raise UserError(
                "--executor cannot be used with --batch, --ledger or --shard: "
                "each task keeps a ledger for its shard"
            )
        spread = cluster_of(executor, workers, memory_gb, sbatch, setup)
        from corpusmith.corpus.scale import generate as scale

        folder = answers or Path("runs") / resized.name / "answers"
        if dry_run:
            planned = scale.estimate_at_scale(resized, folder, workers, tasks, price)
            typer.echo(estimate_lines(resized, planned))
            return
        counts = scale.generate_at_scale(
            resized, folder, spread, tasks, base_url=base_url, limits=limits
        )
        typer.echo(
            f"{folder}: {counts['answered']} answered, {counts['failed']} failed, "
            f"{counts['pending']} pending"
        )
        following = ["corpusmith", "build", recipe, "--executor", executor]
        following += ["--answers", str(folder), *destination]
        typer.echo(f"next: {shlex.join(following)}")
        return
    path = ledger or Path("runs") / resized.name / "ledger.sqlite"
    following = ["corpusmith", "build", recipe, "--ledger", str(path), *destination]
    with Ledger(path) as opened:
        if dry_run:
            planned = asking.estimate(resized, opened, parse_shard(shard), price)
            for request in islice(Plan(resized).requests(*parse_shard(shard)), PREVIEWED):
                typer.echo(preview_lines(request, None))
            typer.echo(estimate_lines(resized, planned))
            return
        ask = asking.generate_by_batch if batch else asking.generate
        show = LiveProgress()
        try:
            with show:
                done = ask(
                    resized,
                    opened,
                    parse_shard(shard),
                    base_url=base_url,
                    limits=limits,
                    on_progress=show,
                )
        except (UserError, KeyboardInterrupt):
            if show.last:
                typer.echo(generation_line(path, show.last))
            raise
    typer.echo(generation_line(path, done, shlex.join(following)))


def build(
    recipe: RecipeName,
    out: Annotated[
        str, typer.Option(help="The dataset folder to write; with --executor, a folder or URL.")
    ],
    ledger: LedgerPath = None,
    rows: NumberOfRequests = None,
    model: TeacherModel = None,
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
            help="With --executor: folder or URL for intermediate files; default OUT/work."
        ),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Reject rows that `noise` flagged in this file.")
    ] = None,
    outliers: Annotated[
        Path | None, typer.Option(help="Reject rows that `outliers` flagged in this file.")
    ] = None,
) -> None:
    """Verify and filter answers, and write a dataset folder.

    Without --ledger, use the answers that ship with the recipe.
    """
    from corpusmith.corpus import build as building

    if executor is None:
        from corpusmith.quality.second_build import vetoes_of
        from corpusmith.recipe.load import load_recipe

        with asked_recipe(recipe, rows, model) as asked:
            vetoes = vetoes_of(load_recipe(asked), noise, outliers)
            facts = building.build(asked, Path(out), ledger, vetoes=vetoes)
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
        spread = cluster_of(executor, workers, memory_gb, sbatch, setup)
        from corpusmith.corpus.scale.build import build_at_scale

        with asked_recipe(recipe, rows, model) as asked:
            facts = build_at_scale(asked, answers, out, replace(spread, work=work), tasks)
    counts = facts["counts"]
    typer.echo(
        f"{out}: {counts['accepted']} rows accepted and {counts['rejected']} rejected "
        f"of {counts['answered']} answers; "
        f"{counts['failed']} requests failed, {counts['pending']} pending"
    )
    if unanswered := counts["borrowed_unanswered"]:
        typer.echo(f"  of the borrowed requests {unanswered} are left out: no answer is recorded")
    for reason, count in {**facts["rejected_by_reason"], **facts["filtered_by_reason"]}.items():
        typer.echo(f"  {count:>6} {reason}")
    typer.echo(
        "  "
        + ", ".join(
            f"{split} {split_facts['rows']}" for split, split_facts in facts["splits"].items()
        )
    )
    if problem := building.missing_splits(facts):
        typer.echo(f"note: {problem}", err=True)


@contextmanager
def asked_recipe(recipe: str, rows: int | None, model: str | None) -> Iterator[str]:
    """The recipe's name, or a file of it with another number of requests or another model.

    Errors name the recipe either way.
    """
    if rows is None and model is None:
        yield recipe
        return
    from corpusmith.api.folder import recipe_file
    from corpusmith.corpus.generate import resized

    with recipe_file(resized(recipe, rows, model)) as file:
        try:
            yield file
        except UserError as error:
            raise UserError(str(error).replace(file, recipe)) from None


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n` as (i, n). Raises UserError unless 0 <= i < n."""
    first, _, of = text.partition("/")
    if not (first.isdigit() and of.isdigit() and int(first) < int(of)):
        raise UserError(f"--shard {text}: give I/N with I from 0 to N-1, such as 0/4")
    return int(first), int(of)
