"""The verbs to start with: recipes, new, run, doctor."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import BaseUrl, EncoderName, LedgerPath, Public, TeacherModel
from corpusmith.errors import UserError
from corpusmith.processes import silence_libraries


def recipes() -> None:
    """List the recipes that ship with corpusmith."""
    from corpusmith.recipe.load import load_recipe, shipped_recipes
    from corpusmith.teacher.transcript import transcript_path

    for name in shipped_recipes():
        recipe = load_recipe(name)
        recorded = "answers shipped" if transcript_path(recipe).exists() else "needs a teacher"
        typer.echo(
            f"{name:<20} {recipe.task:<10} {recipe.rows:>6} requests  {recorded:<16} {recipe.title}"
        )


def new(
    name: Annotated[str, typer.Argument(help="Name of the entity type, such as medical-device.")],
    words: Annotated[
        Path | None, typer.Option(help="Entities: a text file with one name per line.")
    ] = None,
    relation: Annotated[
        list[str] | None,
        typer.Option(
            help="Relations: a type and its statements, as 'inhibits: {head} inhibits {tail}; "
            "{head} blocks {tail}'. Repeat for more types."
        ),
    ] = None,
    heads: Annotated[
        str | None, typer.Option(help="Relations: the names of heads, as FILE or LABEL=FILE.")
    ] = None,
    tails: Annotated[
        str | None, typer.Option(help="Relations: the names of tails; default the heads.")
    ] = None,
    about: Annotated[
        str, typer.Option(help="What counts as a mention: 'organs and cells; not molecules'.")
    ] = "",
    domain: Annotated[
        str, typer.Option(help="Style of the sentences, such as 'discharge summaries'.")
    ] = "PubMed abstracts",
    model: Annotated[str, typer.Option(help="The model to use.")] = "gpt-4o-mini",
    base_url: BaseUrl = None,
) -> None:
    """Write a recipe of your own from word lists and show five of its prompts.

    Of an entity type from --words, or of relation types from --relation and --heads. First
    normalises each list for running text. Shows the changes, and keeps them beside the recipe.
    With an endpoint, also requests the five answers and verifies them.
    """
    from corpusmith.cli.display import preview_lines
    from corpusmith.quality.preview import preview
    from corpusmith.recipe.new.entities import new_recipe, summary_of
    from corpusmith.recipe.new.relations import new_relation_recipe

    if words is not None and not (relation or heads or tails):
        recipe = new_recipe(name, words, about, domain, model=model)
    elif relation and heads and words is None and not about:
        lists = [heads, *([tails] if tails else [])]
        recipe = new_relation_recipe(name, relation, lists, domain, model=model)
    else:
        raise UserError(
            "give --words for an entity type, or --relation and --heads for relation types "
            "(--about is for entity types)"
        )
    typer.echo(summary_of(recipe))
    asked = bool(base_url or os.environ.get("OPENAI_BASE_URL"))
    ledger = Path("runs") / name / "ledger.sqlite"
    for request, outcome in preview(str(recipe), ledger, asked, base_url):
        typer.echo(preview_lines(request, outcome))
    typer.echo(f"wrote {recipe}; next: corpusmith generate {recipe} --dry-run")
    typer.echo(f"more names for the list, from the LLM: corpusmith grow {recipe} --dry-run")


def run(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE...", help="Recipes, by name or path, in order.")
    ],
    hub: Annotated[
        str, typer.Option(help="Address of a Hub, or `local` for one on this machine.")
    ] = "local",
    root: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("runs"),
    encoder: EncoderName = "embedded",
    ledger: LedgerPath = None,
    model: TeacherModel = None,
    public: Public = False,
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            help="Local text without labels, to adapt the students to at the end, on this machine. "
            "Repeat for more."
        ),
    ] = None,
) -> None:
    """Run every stage: corpus, student, evaluation, cards, Space, release, and a loading test.

    With --documents also adapts each entity model, in ROOT/RECIPE/adapted; it is not released.
    Run the same command again to continue after an interruption; finished stages are skipped.
    """
    # Each stage prints a line of its own.
    silence_libraries()
    from corpusmith.api.folder import recipe_file
    from corpusmith.corpus.generate import resized
    from corpusmith.pipeline import run_all
    from corpusmith.quality.second_build import Run

    if public:
        typer.confirm(
            f"Make everything that is released to {hub} visible to everybody?", abort=True
        )
    with ExitStack() as stack:
        if model:
            of_model = [recipe_file(resized(name, None, model)) for name in recipes]
            recipes = [stack.enter_context(file) for file in of_model]
        run_all(recipes, Run(root, encoder, ledger), hub, public, say, documents or ())


def doctor() -> None:
    """Check the installation, the teacher, the Hub and the account, and say what to fix."""
    from corpusmith.api.doctor import doctor as look

    troubled = False
    for finding in look():
        troubled = troubled or finding.remedy is not None
        typer.echo(finding.line())
    if troubled:
        typer.echo("Lines marked with ! need fixing only if you use that part.")


def say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()
