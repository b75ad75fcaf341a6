"""The command `corpusmith`: a verb is a plain function with the same arguments, imported when the verb is called."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.corpus import BaseUrl, LedgerPath, baseline, build, generate
from corpusmith.cli.hub import diff, hub_app, publish, repin
from corpusmith.cli.ledger import ledger_app
from corpusmith.cli.model import evaluate, export, search, train
from corpusmith.cli.quality import aim, noise, outliers, prompts_app
from corpusmith.cli.report import report
from corpusmith.errors import UserError

app = typer.Typer(
    help="Synthetic biomedical corpora, written by an LLM, checked, versioned, and proven by the encoder they train.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(hub_app, name="hub")
app.add_typer(ledger_app, name="ledger")
app.add_typer(prompts_app, name="prompts")


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the traceback of an error.")
    ] = False,
) -> None:
    os.environ["CORPUSMITH_VERBOSE"] = "1" if verbose else os.environ.get("CORPUSMITH_VERBOSE", "")


@app.command()
def recipes() -> None:
    """List the recipes that ship with corpusmith."""
    from corpusmith.corpus.build import transcript_path
    from corpusmith.recipe.load import load_recipe, shipped_recipes

    for name in shipped_recipes():
        recipe = load_recipe(name)
        recorded = "answers shipped" if transcript_path(recipe).exists() else "needs a teacher"
        typer.echo(
            f"{name:<20} {recipe.task:<10} {recipe.rows:>6} requests  {recorded:<16} {recipe.title}"
        )


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(help="What the entity type is called, such as medical-device.")
    ],
    words: Annotated[Path, typer.Option(help="A text file with one name a line.")],
    model: Annotated[str, typer.Option(help="The model to ask for.")] = "gpt-4o-mini",
    base_url: BaseUrl = None,
) -> None:
    """Write a recipe of your own, and show five of its prompts; with an endpoint also five verified rows."""
    from corpusmith.cli.display import preview_lines
    from corpusmith.corpus.preview import preview
    from corpusmith.recipe.new import new_recipe

    recipe = new_recipe(name, words, model=model)
    asked = bool(base_url or os.environ.get("OPENAI_BASE_URL"))
    ledger = Path("runs") / name / "ledger.sqlite"
    for request, outcome in preview(str(recipe), ledger, asked, base_url):
        typer.echo(preview_lines(request, outcome))
    typer.echo(f"wrote {recipe}; next: corpusmith generate {recipe} --dry-run")


@app.command()
def run(
    recipes: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE...", help="Recipes, in the order to work them off."),
    ],
    hub: Annotated[
        str, typer.Option(help="Address of a Hub, or `local` for one on this machine.")
    ] = "local",
    root: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("runs"),
    encoder: Annotated[
        str, typer.Option(help="`embedded`, a folder, or a Hub id that AutoModel loads.")
    ] = "embedded",
    ledger: LedgerPath = None,
    public: Annotated[
        bool, typer.Option("--public", help="Visible to everybody; asks first.")
    ] = False,
) -> None:
    """The whole way: corpus, student, cards, Space, release, and the proof that they load."""
    for quiet in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(quiet, "1")  # each stage says in a line what it did
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from corpusmith.pipeline import run as run_all

    if public:
        typer.confirm(
            f"Make everything that is released to {hub} visible to everybody?", abort=True
        )
    benchmarks = os.environ.get("CORPUSMITH_BENCHMARKS")
    run_all(
        recipes, hub=hub, root=root, encoder=encoder, ledger=ledger, public=public, say=say,
        benchmarks=Path(benchmarks) if benchmarks else None,
    )  # fmt: skip


@app.command()
def doctor() -> None:
    """Say what is installed, which teacher, Hub and account are in use, and what to mend."""
    from corpusmith.cli.doctor import doctor as findings

    troubled = False
    for finding in findings():
        troubled = troubled or finding.remedy is not None
        typer.echo(finding.line())
    if troubled:
        typer.echo("What is marked with ! needs mending only if you use it.")


def say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


for verb in (generate, build, noise, outliers, aim, baseline, train, search, export, evaluate, report, publish, repin,
             diff):  # fmt: skip
    app.command()(verb)


def main() -> None:
    """Entry point: an error that the user can mend is one message and status 2; Ctrl-C is status 130."""
    try:
        app()
    except UserError as error:
        if os.environ.get("CORPUSMITH_VERBOSE"):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
