"""The verbs about recipes: list those that ship, write one of your own."""

import os
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import BaseUrl


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


def new(
    name: Annotated[str, typer.Argument(help="Name of the entity type, such as medical-device.")],
    words: Annotated[Path, typer.Option(help="A text file with one name a line.")],
    model: Annotated[str, typer.Option(help="The model to ask for.")] = "gpt-4o-mini",
    base_url: BaseUrl = None,
) -> None:
    """Write a recipe of your own and show five of its prompts.

    With an endpoint it also asks for the five answers and verifies them.
    """
    from corpusmith.cli.display import preview_lines
    from corpusmith.corpus.preview import preview
    from corpusmith.recipe.new import new_recipe

    recipe = new_recipe(name, words, model=model)
    asked = bool(base_url or os.environ.get("OPENAI_BASE_URL"))
    ledger = Path("runs") / name / "ledger.sqlite"
    for request, outcome in preview(str(recipe), ledger, asked, base_url):
        typer.echo(preview_lines(request, outcome))
    typer.echo(f"wrote {recipe}; next: corpusmith generate {recipe} --dry-run")
