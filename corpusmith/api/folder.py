"""The result of a stage: a folder and the facts that the stage wrote about it."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpusmith.recipe.schema import Recipe
    from corpusmith.training.config import TrainingConfig

PathName = str | PathLike[str]


@dataclass(frozen=True)
class Folder(PathLike[str]):
    """The output folder of a stage. Use it wherever a path is expected, as in `Path(folder)`.

    Attributes:
        path: where it is.
        facts: what the stage recorded, such as build.json (corpus) or training.json (student).
    """

    path: Path
    facts: Mapping[str, Any]

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


@contextmanager
def recipe_file(recipe: "Recipe | PathName") -> Iterator[str]:
    """A name or path of the recipe; a `Recipe` is written to a temporary file."""
    from corpusmith.recipe.schema import Recipe

    if not isinstance(recipe, Recipe):
        yield str(recipe)
        return
    import yaml

    with tempfile.TemporaryDirectory(prefix="corpusmith-recipe-") as scratch:
        path = Path(scratch) / f"{recipe.name}.yaml"
        content = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
        path.write_text(content, encoding="utf-8")
        yield str(path)


def parsed(recipe: "Recipe | PathName") -> "Recipe":
    from corpusmith.recipe.load import load_recipe
    from corpusmith.recipe.schema import Recipe

    return recipe if isinstance(recipe, Recipe) else load_recipe(str(recipe))


def path_or_none(path: PathName | None) -> Path | None:
    return None if path is None else Path(path)


def training_config(
    config: "TrainingConfig | Mapping[str, Any] | PathName | None",
) -> "TrainingConfig":
    """Training settings from a YAML file, a mapping or a TrainingConfig. Raises UserError."""
    from corpusmith.training.config import TrainingConfig, read_training_settings

    if isinstance(config, TrainingConfig):
        return config
    settings = (
        config if isinstance(config, Mapping) else read_training_settings(path_or_none(config))
    )
    return TrainingConfig.from_dict(dict(settings))
