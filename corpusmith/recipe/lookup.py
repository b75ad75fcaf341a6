"""Look up the names of a corpus's own recipe, or of lists."""

from collections.abc import Sequence
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import Matcher
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan

LOCAL_RECIPE = ".local-recipe.yaml"  # beside recipe.yaml, with the paths of this machine


def corpus_lookup(folder: Path, name: str | None = None) -> dict[str, Matcher]:
    """A matcher for each label of the recipe that a corpus folder was built from.

    The folder holds a copy of the recipe. If there are several, `name` chooses one.

    Raises:
        UserError: when the folder holds no recipe, or its lexicons cannot be read.
    """
    found = sorted(folder.glob(f"recipes/{name or '*'}/recipe.yaml"))
    if len(found) != 1:
        problem = "several recipes" if found else "no recipe"
        raise UserError(f"{folder} holds {problem}: give a folder that `corpusmith build` wrote")
    local = found[0].with_name(LOCAL_RECIPE)
    recipe = load_recipe(str(local if local.exists() else found[0]))
    lexicons = Plan(recipe).lexicons
    return {label: lexicons[lexicon].matcher for label, lexicon in recipe.labels.items()}


def lookup_of(given: Sequence[str]) -> dict[str, Matcher]:
    """A matcher for each label, from corpus folders and from lists written LABEL=FILE.

    A list may be a shipped lexicon's name too. A later one replaces an earlier one of its label.

    Raises:
        UserError: one can't be read.
    """
    found: dict[str, Matcher] = {}
    for text in given:
        label, _, source = text.partition("=")
        if Path(text).is_dir() or not source:
            found |= corpus_lookup(Path(text))
        else:
            found[label] = load_lexicon(source).matcher
    return found
