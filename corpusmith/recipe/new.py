"""A recipe for an entity type of one's own, from a plain list of names."""

import shutil
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe

FEWEST_NAMES = 10
TEMPLATE = """\
# A recipe of ten lines: docs/recipes.md tells what else it may say.
name: {name}
title: Mentions of {spoken} in biomedical text
task: ner
labels: {{{label}: words}}
lexicons: {{words: {{source: {words}}}}}
prompt: ner.v1
attributes: {{section: sections, topic: general, detail: details}}
kinds:
  - {{name: mention, weight: 4, seeds: [words]}}
  - {{name: two mentions, weight: 2, seeds: [words, words]}}
  - {{name: no mention, weight: 4, avoid: "{spoken}"}}
teacher: {{model: {model}}}
rows: 500
"""


def new_recipe(name: str, words: Path, folder: Path = Path(), model: str = "gpt-4o-mini") -> Path:
    """Write `{name}.yaml` and a copy of the word list beside it. Returns the recipe's path.

    `words` has one name a line, further names of the same thing behind it, split by `|`.

    Raises UserError when the list is missing or too short to fill a train and a test split, or when the recipe exists.
    """
    if not words.is_file():
        raise UserError(f"no word list at {words}: give a text file with one name a line")
    names = [
        line
        for line in words.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    if len(names) < FEWEST_NAMES:
        raise UserError(
            f"{words} holds {len(names)} names: give at least {FEWEST_NAMES}, better a few hundred"
        )
    recipe = folder / f"{name}.yaml"
    if recipe.exists():
        raise UserError(f"{recipe} exists: choose another name, or delete it")
    kept = folder / f"{name}.txt"
    if kept.resolve() != words.resolve():
        shutil.copy(words, kept)
    spoken = name.replace("-", " ")
    label = "".join(part.capitalize() for part in name.split("-"))
    written = TEMPLATE.format(name=name, spoken=spoken, label=label, words=kept, model=model)
    recipe.write_text(written, encoding="utf-8")
    try:
        load_recipe(str(recipe))
    except UserError:
        recipe.unlink()
        raise
    return recipe
