"""Check that a recipe's template, attributes and files fit together, before anything is paid."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, nodes

from corpusmith.errors import UserError
from corpusmith.recipe.prompt import attribute_values, prompt_text, slots
from corpusmith.recipe.schema import Recipe

# Template variables besides the recipe's attributes; docs/recipes.md explains each.
FILLED = frozenset(
    ("kind", "label", "phrases", "avoid", "facts", "scope", "domain"),
)
LABEL = re.compile(r"(?![BIELSU]-)\S+")  # a prefix would be taken for that of a tagging scheme
Problem = tuple[tuple[str, ...], str]  # the keys that lead to the fault, and what to do


def problems_of(recipe: Recipe) -> Iterator[Problem]:
    """Problems that would otherwise fail, or be ignored, after answers have been paid for."""
    yield from faulty_values(recipe)
    text = prompt_text(recipe.prompt)
    named, tested = slots(text), tested_in(text)
    for number, kind in enumerate(recipe.kinds):
        place = ("kinds", str(number))
        missing = named - tested - FILLED - recipe.attributes.keys() - kind.attributes.keys()
        for name in sorted(missing):
            yield (
                place,
                f"the template {recipe.prompt} fills in {{{{ {name} }}}}, which kind "
                f"{kind.name!r} lacks: give it under `attributes`",
            )
        for name in sorted(kind.attributes.keys() - named):
            yield (*place, "attributes", name), unused(name, recipe, named)
        if recipe.relation is None and kind.label is not None:
            yield (
                (*place, "label"),
                f"{kind.label!r}: only relations have a label here; NER labels are under `labels`",
            )
    for name in sorted(recipe.attributes.keys() - named):
        yield ("attributes", name), unused(name, recipe, named)


def faulty_values(recipe: Recipe) -> Iterator[Problem]:
    """Values that the schema takes and a corpus or an endpoint does not."""
    for label in recipe.labels:
        if not LABEL.fullmatch(label):
            yield ("labels", label), f"{label!r}: a label has no space and no prefix such as B-"
    try:
        json.dumps(recipe.teacher.parameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        yield ("teacher", "parameters"), f"no JSON can hold them: {error}"
    places: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [(("attributes",), recipe.attributes)]
    for number, kind in enumerate(recipe.kinds):
        places.append((("kinds", str(number), "attributes"), kind.attributes))
    if recipe.augment.asides:
        places.append((("augment",), {"asides": recipe.augment.asides}))
    for place, attributes in places:
        for name, values in attributes.items():
            try:
                if not attribute_values(values):
                    yield (*place, name), "no values: give some, or leave the attribute out"
            except UserError as error:
                yield (*place, name), str(error)


def unused(name: str, recipe: Recipe, named: set[str]) -> str:
    known = ", ".join(sorted(named - FILLED)) or "none"
    return f"the template {recipe.prompt} has no variable {name!r}; it has {known}"


def tested_in(template: str) -> set[str]:
    """The optional variables of a template: tested in an `if`, or with a default by `or`."""
    tested: set[str] = set()
    parsed = Environment().parse(template)
    conditions: list[nodes.Node] = [part.left for part in parsed.find_all(nodes.Or)]
    conditions += [part.test for part in parsed.find_all(nodes.If)]
    conditions += [part.test for part in parsed.find_all(nodes.CondExpr)]
    for condition in conditions:
        if isinstance(condition, nodes.Name):
            tested.add(condition.name)
        tested |= {name.name for name in condition.find_all(nodes.Name)}
    return tested


def beside(path: Path, content: dict[str, Any]) -> Iterator[Problem]:
    """Resolve the file names in a recipe against its folder, in place; return missing files. Names
    of shipped lexicons, recipes and prompts have no suffix and stay, as do URLs.
    """
    folder = path.parent
    lexicons = content.get("lexicons")
    for name, source in lexicons.items() if isinstance(lexicons, dict) else ():
        if not isinstance(source, dict):
            continue
        if isinstance(source.get("source"), str):
            source["source"], fault = resolved(folder, source["source"])
            yield from fault_at(("lexicons", name, "source"), fault)
        also = source.get("also")
        also = also if isinstance(also, list) else []
        for number, value in enumerate(also):
            also[number], fault = resolved(folder, str(value))
            yield from fault_at(("lexicons", name, "also", str(number)), fault)
    for key in ("prompt", "extends"):
        if isinstance(content.get(key), str):
            content[key], fault = resolved(folder, content[key])
            yield from fault_at((key,), fault)
    borrow = content.get("borrow")
    borrow = borrow if isinstance(borrow, list) else []
    for number, value in enumerate(borrow):
        borrow[number], fault = resolved(folder, str(value))
        yield from fault_at(("borrow", str(number)), fault)


ENDINGS = (".tsv", ".txt", ".obo", ".json", ".gz", ".jinja", ".yaml", ".yml")


def resolved(folder: Path, name: str) -> tuple[str, str]:
    """The path that a recipe in `folder` means by a file's name, and what is wrong with it."""
    if "://" in name or not name.endswith(ENDINGS):
        return name, ""
    path = folder / name
    return str(path.absolute()), "" if path.is_file() else f"no file {path}"


def fault_at(place: tuple[str, ...], fault: str) -> Iterator[Problem]:
    if fault:
        yield place, f"{fault}: give a path relative to the recipe"
