"""The verbs that concern everything: run the whole way, look at the installation."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import EncoderName, LedgerPath, Public


def run(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE...", help="Recipes, by name or path, in order.")
    ],
    hub: Annotated[
        str, typer.Option(help="Address of a Hub, or `local` for one on this machine.")
    ] = "local",
    root: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("runs"),
    encoder: EncoderName = "embedded",
    ledger: LedgerPath = None,
    public: Public = False,
) -> None:
    """Do everything: corpus, student, evaluation, cards, Space, release, and a loading test.

    Run the same command again to continue after an interruption; what is done is not repeated.
    """
    # Each stage prints a line of its own.
    for quiet in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(quiet, "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from corpusmith.pipeline import run as run_all

    if public:
        typer.confirm(
            f"Make everything that is released to {hub} visible to everybody?", abort=True
        )
    benchmarks = os.environ.get("CORPUSMITH_BENCHMARKS")
    run_all(
        recipes,
        hub=hub,
        root=root,
        encoder=encoder,
        ledger=ledger,
        public=public,
        say=say,
        benchmarks=Path(benchmarks) if benchmarks else None,
    )


def doctor() -> None:
    """Check the installation, the teacher, the Hub and the account, and say what to fix."""
    from corpusmith.cli.doctor import doctor as look

    troubled = False
    for finding in look():
        troubled = troubled or finding.remedy is not None
        typer.echo(finding.line())
    if troubled:
        typer.echo("Lines marked with ! need fixing only if you use that part.")


def say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()
