"""Find, read and check recipes, which are YAML files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.recipe.checks import Problem, beside, problems_of
from corpusmith.recipe.schema import Recipe
from corpusmith.text_files import TextFile
from corpusmith.yaml_files import read_yaml

RECIPES = shipped("builders", "recipes")
MOST_EXTENSIONS = 8


def shipped_recipes() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def recipe_path(name_or_path: str) -> Path:
    """The path of a recipe. Raises UserError with the shipped names if there is none."""
    for path in (RECIPES / f"{name_or_path}.yaml", Path(name_or_path)):
        if path.is_file():
            return path
    raise UserError(
        f"no recipe {name_or_path!r}: give the path of a YAML file, or one of "
        f"{', '.join(shipped_recipes())}"
    )


def load_recipe(name_or_path: str) -> Recipe:
    """Read and check a recipe. Raises UserError that names the file, the line and the remedy."""
    path = recipe_path(name_or_path)
    try:
        recipe = Recipe.model_validate(merged(path))
    except ValidationError as error:
        problems = error.errors()
        causes = [problem for problem in problems if problem["type"] != "too_short"]
        lines = [explain(path, problem) for problem in causes or problems]
        raise UserError("\n".join(lines)) from None
    refuse(path, problems_of(recipe))
    return recipe


def refuse(path: Path, problems: Iterable[Problem]) -> None:
    """Raise UserError with the file and line of each problem, if there is one."""
    lines = [error_at(path, [*place], remedy) for place, remedy in problems]
    if lines:
        raise UserError("\n".join(lines))


def error_at(path: Path, place: list[str], remedy: str) -> str:
    line = line_of(path, place)
    return f"{path}{f':{line}' if line else ''}: {'.'.join(place) or 'recipe'}: {remedy}"


def merged(path: Path, depth: int = 0) -> dict[str, Any]:
    """The mapping in `path`, merged with the recipe that it `extends`. A key replaces the inherited
    value as a whole; entries of `lexicons` are merged by name.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: a recipe is a mapping; see docs/recipes.md")
    refuse(path, beside(path, content))
    base = content.pop("extends", None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise UserError(error_at(path, ["extends"], "give the name of one recipe"))
    if depth == MOST_EXTENSIONS:
        raise UserError(f"{path}: `extends` forms a cycle")
    below = merged(recipe_path(base), depth + 1)
    if "lexicons" in below and isinstance(content.get("lexicons"), dict):
        content["lexicons"] = {**below["lexicons"], **content["lexicons"]}
    return {**below, **content}


def explain(path: Path, problem: Any) -> str:
    """One line for one pydantic error: file, line of the key, what is wrong, what would be
    right."""
    place = [str(part) for part in problem["loc"]]
    remedy = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        remedy = f"unknown key; known here: {', '.join(known_keys(place[:-1]))}"
    return error_at(path, place, remedy)


def known_keys(place: list[str]) -> list[str]:
    model: Any = Recipe
    for part in place:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        for candidate in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return list(model.model_fields)


def line_of(path: Path, place: list[str]) -> int | None:
    """The line of the innermost key of `place`; None if the key is inherited."""
    node = yaml.compose(TextFile.of(path).text())
    line = None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line
