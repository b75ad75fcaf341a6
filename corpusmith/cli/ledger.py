"""`corpusmith ledger`: show a ledger, export and import transcripts, merge ledgers."""

from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import Prices

ledger_app = typer.Typer(
    help="Show, export, import and merge the answers of a teacher.", no_args_is_help=True
)

LedgerFile = Annotated[Path, typer.Argument(metavar="LEDGER", help="A ledger (SQLite).")]


@ledger_app.command()
def show(
    ledger: LedgerFile,
    prices: Prices = None,
) -> None:
    """Counts, tokens, cost, and failures by reason."""
    from corpusmith.cli.display import money
    from corpusmith.teacher.ledger import existing_ledger
    from corpusmith.teacher.prices import load_prices, total_cost

    with existing_ledger(ledger) as opened:
        for state, count in opened.counts().items():
            typer.echo(f"{count:>9} {state}")
        usages = opened.totals()
        for usage in usages:
            where = f"{usage.host or 'unknown'}{' by batch' if usage.batch else ''}"
            unusable = f" and {usage.unusable} paid replies without one" if usage.unusable else ""
            typer.echo(
                f"{usage.model} at {where}: {usage.answers} answers{unusable}, "
                f"{usage.prompt_tokens} prompt tokens ({usage.cached_tokens} cached), "
                f"{usage.completion_tokens} completion tokens"
            )
        typer.echo(f"cost {money(total_cost(usages, load_prices(prices)) if prices else None)}")
        for reason, count in opened.failures_by_reason().items():
            typer.echo(f"{count:>9} failed: {reason}")
        for reason, count in opened.spent_by_reason().items():
            typer.echo(f"{count:>9} paid without an answer: {reason}")


@ledger_app.command()
def batches(
    ledger: LedgerFile,
    drop: Annotated[
        str | None,
        typer.Option(help="Drop this batch (id or tag): its requests are sent and paid again."),
    ] = None,
) -> None:
    """List open batches, or drop one that the endpoint no longer has."""
    from corpusmith.errors import UserError
    from corpusmith.teacher.ledger import existing_ledger

    with existing_ledger(ledger) as opened:
        known = opened.batches()
        if drop is not None:
            tags = [tag for tag, _, batch_id in known if drop in (tag, batch_id)]
            if not tags:
                raise UserError(f"{ledger} holds no open batch {drop}: see `ledger batches`")
            for tag in tags:
                opened.close_batch(tag)
            typer.echo(f"dropped {drop}: `corpusmith generate` sends its requests again")
            return
        for tag, host, batch_id in known:
            typer.echo(f"{batch_id or 'not known to have arrived'} at {host} (tag {tag})")
        if not known:
            typer.echo("no open batches")


@ledger_app.command()
def export(
    ledger: LedgerFile,
    transcript: Annotated[Path, typer.Argument(help="The transcript to write (.jsonl.gz).")],
    recipe: Annotated[
        str | None, typer.Option(help="Only the answers to this recipe's own requests.")
    ] = None,
    license: Annotated[
        str | None, typer.Option(help="Licence of the outputs; default the recipe's teacher's.")
    ] = None,
) -> None:
    """Write a transcript: a file of answers that another machine can import."""
    from corpusmith.recipe.load import load_recipe
    from corpusmith.recipe.plan import Plan
    from corpusmith.teacher.ledger import existing_ledger
    from corpusmith.teacher.payload import payload_key
    from corpusmith.teacher.transcript import export_transcript

    parsed = load_recipe(recipe) if recipe else None
    # What a recipe borrows is in the transcripts of the recipes it borrows from.
    own = Plan(parsed.own()) if parsed else None
    keys = [payload_key(request.payload) for request in own.requests()] if own else None
    outputs = license or (parsed.teacher.license if parsed else "unknown")
    with existing_ledger(ledger) as opened:
        header = export_transcript(opened, transcript, keys, license=outputs)
    typer.echo(
        f"{transcript}: {header['count']} answers of {header['model']}, "
        f"sha256 {header['sha256'][:12]}"
    )


@ledger_app.command("import")
def import_(
    ledger: LedgerFile,
    transcript: Annotated[Path, typer.Argument(help="A transcript (.jsonl.gz).")],
) -> None:
    """Add the answers of a transcript; existing answers stay."""
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.transcript import import_transcript

    with Ledger(ledger) as opened:
        header = import_transcript(transcript, opened)
        typer.echo(
            f"{ledger}: {opened.counts()['answered']} answered, "
            f"{header['count']} of them from {transcript}"
        )


@ledger_app.command()
def merge(
    ledger: LedgerFile,
    others: Annotated[
        list[Path],
        typer.Argument(help="Ledgers to copy answers from, such as those of other shards."),
    ],
) -> None:
    """Copy the answers of other ledgers, such as those of other shards, into this one."""
    from corpusmith.teacher.ledger import Ledger

    with Ledger(ledger) as opened:
        for other in others:
            opened.merge(other)
        typer.echo(f"{ledger}: {opened.counts()['answered']} answered")
