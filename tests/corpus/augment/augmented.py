"""A recipe whose `augment` keys are overridden, for tests of augmentation."""

from pathlib import Path
from typing import Any

from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import LexiconSource, Recipe


def augmented(recipe: Path, **changes: Any) -> Recipe:
    """Load a recipe file and override these keys of `augment`. The lexicons named by
    `contrasted_lexicons` are shipped ones.
    """
    loaded = load_recipe(str(recipe))
    shipped = {name: LexiconSource(source=name) for name in changes.get("contrasted_lexicons", ())}
    augment = loaded.augment.model_copy(update=changes)
    return loaded.model_copy(
        update={"lexicons": {**loaded.lexicons, **shipped}, "augment": augment}
    )
