"""A recipe with other augmentation than its file says, for the tests of augmentation."""

from pathlib import Path
from typing import Any

from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import LexiconSource, Recipe


def augmented(recipe: Path, **changes: Any) -> Recipe:
    """The recipe of a file with these keys of `augment`; a lexicon that `contrasted_lexicons` names
    is a shipped one.
    """
    loaded = load_recipe(str(recipe))
    shipped = {name: LexiconSource(source=name) for name in changes.get("contrasted_lexicons", ())}
    augment = loaded.augment.model_copy(update=changes)
    return loaded.model_copy(
        update={"lexicons": {**loaded.lexicons, **shipped}, "augment": augment}
    )
