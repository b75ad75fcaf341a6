"""The lists of a recipe that can grow, and the tables of names that they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Lexicon
from corpusmith.lexicon.fitness import other_numbers, spelling_key
from corpusmith.lexicon.load import load_lexicon
from corpusmith.recipe.load import RECIPES, line_of, load_recipe, recipe_path
from corpusmith.recipe.schema import Recipe
from corpusmith.text_files import TextFile
from corpusmith.yaml_files import read_yaml

GENERAL = "general"  # the lexicon of names that don't count, in base/any-type.yaml


@dataclass(frozen=True)
class GrowingList:
    """A list of names. `label` is the recipe's, `spoken` how a prompt says it."""

    label: str
    spoken: str
    path: Path

    @cached_property
    def lexicon(self) -> Lexicon:
        return load_lexicon(str(self.path))

    @cached_property
    def concept_of(self) -> dict[str, str]:
        """The concept of each listed name, by the keys under which it may be proposed."""
        return {
            key: concept.id
            for concept in reversed(self.lexicon.concepts)
            for name in concept.names
            for key in keys_of(name)
        }

    def concept_named(self, name: str) -> str | None:
        """The id of the concept with this name, in any number or case."""
        return next((self.concept_of[k] for k in keys_of(name) if k in self.concept_of), None)


@dataclass(frozen=True)
class GrowingRecipe:
    """A recipe of the user's own, with its lists."""

    path: Path
    recipe: Recipe
    lists: tuple[GrowingList, ...] = field(repr=False)

    def beside(self, ending: str) -> Path:
        """A file beside the recipe, such as `species.grown.tsv`."""
        return self.path.with_name(f"{self.path.stem}.{ending}")

    @property
    def has_general(self) -> bool:
        """Whether the recipe asks for sentences with names that don't count."""
        return GENERAL in self.recipe.lexicons


def growing(name_or_path: str, model: str | None = None) -> GrowingRecipe:
    """Read a recipe whose lists are to grow.

    Raises:
        UserError: there is no such recipe, it ships with corpusmith, or a list is no table that
            `corpusmith new` writes.
    """
    path = recipe_path(name_or_path)
    if path.is_relative_to(RECIPES):
        raise UserError(
            f"{name_or_path} ships with corpusmith and can't be changed in place: write a recipe "
            "of your own with `corpusmith new NAME --words FILE`, then grow NAME.yaml"
        )
    recipe = load_recipe(name_or_path)
    if model is not None:
        teacher = recipe.teacher.model_copy(update={"model": model})
        recipe = recipe.model_copy(update={"teacher": teacher})
    return GrowingRecipe(path, recipe, tuple(growing_lists(recipe, path)))


def growing_lists(recipe: Recipe, path: Path) -> Iterator[GrowingList]:
    """The lists behind the recipe's labels; of a relation, those of heads and tails."""
    labels = recipe.labels
    if recipe.relation is not None:
        labels = {name: name for name in (recipe.relation.head, recipe.relation.tail)}
    for label, lexicon in labels.items():
        source = recipe.lexicons[lexicon].source
        where = f"{path}:{line_of(path, ['lexicons', lexicon]) or 1}"
        if not source.endswith(".tsv") or "://" in source:
            raise UserError(
                f"{where}: the list {lexicon!r} is {source}; grow adds to a .tsv file with the "
                "columns concept_id, name and synonyms, which `corpusmith new` writes"
            )
        columns = next(TextFile.of(Path(source)).lines(), "").split("\t")
        if missing := sorted({"concept_id", "name", "synonyms"} - set(columns)):
            raise UserError(f"{source}:1: no column {missing[0]!r}: add it to the first line")
        yield GrowingList(label, spoken_label(label), Path(source))


def spoken_label(label: str) -> str:
    """The words of a label: "MedicalDevice" and "medical-device" are "medical device"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label).replace("-", " ").replace("_", " ")
    return " ".join(word if word.isupper() else word.lower() for word in parted.split())


def keys_of(name: str) -> list[str]:
    """Keys that are equal for a name in singular and plural; the first is the name's own."""
    return list(dict.fromkeys(map(spelling_key, (name, *other_numbers(name)))))


def general_source(growing_recipe: GrowingRecipe) -> Path | None:
    """The recipe's own file of names that don't count; None if it uses the shipped list.

    Raises UserError if it is something that can't be added to.
    """
    path = growing_recipe.path
    own = read_yaml(path).get("lexicons") or {}
    if GENERAL not in own:
        return None
    source = growing_recipe.recipe.lexicons[GENERAL].source
    if not source.endswith(".txt"):
        line = line_of(path, ["lexicons", GENERAL])
        raise UserError(
            f"{path}:{line}: the list {GENERAL!r} is {source}; grow adds to a .txt file with one "
            "name a line"
        )
    return Path(source)
