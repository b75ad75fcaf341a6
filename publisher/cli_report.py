"""The verb that gathers a recipe's evidence: report."""

import os
from pathlib import Path
from typing import Annotated

import typer

from publisher.cli_corpus import LedgerPath, RecipeName


def report(
    recipe: RecipeName,
    out: Annotated[Path, typer.Option(help="The folder to write: report.json, README.md, pictures.")],
    only: Annotated[str, typer.Option(help="Some sections, by commas; the others stay as they were.")] = "",
    ledger: LedgerPath = None,
    encoder: Annotated[str, typer.Option(help="`embedded`, a folder, or a Hub id that AutoModel loads.")] = "embedded",
) -> None:
    """Measure a corpus without an LLM: acceptance, form, distance from real text, memorisation."""
    for quiet in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(quiet, "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from publisher.report import SECTIONS
    from publisher.report import report as gather

    chosen = tuple(filter(None, only.split(","))) or SECTIONS
    gather(recipe, out, ledger=ledger, only=chosen, encoder=encoder, say=lambda line: typer.echo(line))
    typer.echo(f"{out / 'README.md'}")
