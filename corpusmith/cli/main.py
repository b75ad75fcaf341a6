"""The command `corpusmith`: the verbs in groups, and the exit status of an error.

A verb is a plain function with the same arguments. It imports the library when it is called, so
that `corpusmith --help` stays quick.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from corpusmith import __version__
from corpusmith.cli.corpus import build, generate
from corpusmith.cli.hub import diff, hub_app, publish, repin
from corpusmith.cli.ledger import ledger_app
from corpusmith.cli.local import adapt, export_corpus, extract, review
from corpusmith.cli.model import evaluate, export, search, train
from corpusmith.cli.quality import aim, grow, noise, outliers, prompts_app
from corpusmith.cli.report import baseline, report
from corpusmith.cli.start import doctor, new, recipes, run
from corpusmith.errors import UserError
from corpusmith.redaction import redact

GROUPS = {
    "Make a corpus": (recipes, new, grow, generate, build),
    "Train and measure": (train, adapt, search, evaluate, baseline, report),
    "Use": (extract, review, export, export_corpus, doctor),
    "Publish": (run, publish, diff, repin),
    "Improve": (noise, outliers, aim),
}
SUBCOMMANDS = {"ledger": ("Make a corpus", ledger_app), "hub": ("Publish", hub_app)}
SUBCOMMANDS |= {"prompts": ("Improve", prompts_app)}
INTERRUPTED = 130
# Wrong usage, such as an unknown verb or a missing argument. The base class has no public name.
UsageError: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]

app = typer.Typer(
    help="Synthetic biomedical corpora written by an LLM, and the encoders that learn from them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group, verbs in GROUPS.items():
    for verb in verbs:
        app.command(rich_help_panel=group)(verb)
    for name, (home, verbs_of_it) in SUBCOMMANDS.items():
        if home == group:
            app.add_typer(verbs_of_it, name=name, rich_help_panel=group)


def print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"corpusmith {__version__}")
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    os.environ["CORPUSMITH_VERBOSE"] = "1" if verbose else os.environ.get("CORPUSMITH_VERBOSE", "")


def is_network_error(error: Exception) -> bool:
    """Whether the Hub's HTTP client raised the error. Avoids importing the client."""
    return any(kind.__module__.startswith("httpx") for kind in type(error).__mro__)


def main(lines: Sequence[Sequence[str]] | None = None) -> None:
    """Run the command line, or the arguments of several verbs in turn until one fails.

    Exit status: 2 with one line on stderr for an error that the user can fix, 130 after Ctrl-C.
    """
    status = 0
    try:
        for words in [sys.argv[1:]] if lines is None else lines:
            status = app(words, standalone_mode=False) or 0
            if status:
                break
    except UserError as error:
        if os.environ.get("CORPUSMITH_VERBOSE"):
            raise
        print(f"error: {redact(str(error))}", file=sys.stderr)
        status = 2
    except typer.Abort:
        print("stopped: nothing was done", file=sys.stderr)
        status = 1
    except UsageError as error:
        message = error.format_message()  # type: ignore[attr-defined]
        if message:  # else the help was printed
            print(f"error: {message} Try --help.", file=sys.stderr)
        status = 2
    except Exception as error:
        if os.environ.get("CORPUSMITH_VERBOSE") or not is_network_error(error):
            raise
        remedy = "check HF_ENDPOINT, or the path of a folder"
        said = redact(str(error))
        print(f"error: the Hub can't be reached ({said}): {remedy}", file=sys.stderr)
        status = 2
    if status == INTERRUPTED:
        print("stopped: run the same command again to continue", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
