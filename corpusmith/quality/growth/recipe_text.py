"""Add to a recipe's YAML and keep its comments and layout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.new.entities import quoted
from corpusmith.recipe.schema import Recipe
from corpusmith.text_files import TextFile


def add_lexicon(path: Path, name: str, entry: str) -> None:
    """Add an entry below `lexicons`. `entry` is its value, as YAML in one line.

    Raises UserError, and leaves the recipe as it was, if it can't be done.
    """
    text = TextFile.of(path).text()
    lexicons = node_at(text, ("lexicons",))
    line = f"{name}: {entry}"
    if lexicons is None:
        added = f"{text.rstrip()}\nlexicons:\n  {line}\n"
    elif lexicons.flow_style:
        first = lexicons.start_mark.index + 1
        added = f"{text[:first]}{line}{', ' if lexicons.value else ''}{text[first:]}"
    else:
        mark = lexicons.value[0][0].start_mark
        start = mark.index - mark.column
        added = f"{text[:start]}{' ' * mark.column}{line}\n{text[start:]}"
    rewrite(path, added, f"add `{line}` below `lexicons`")


def add_statements(path: Path, recipe: Recipe, type_name: str, statements: Sequence[str]) -> None:
    """Add statements to a relation type.

    Raises UserError, and leaves the recipe as it was, if it can't be done.
    """
    assert recipe.relation is not None
    names = [one.name for one in recipe.relation.types]
    text = TextFile.of(path).text()
    listed = node_at(text, ("relation", "types", names.index(type_name), "statements"))
    remedy = f"add {', '.join(map(quoted, statements))} to the statements of {type_name}"
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise UserError(f"{path} has no list of statements of {type_name} itself: {remedy}")
    end = listed.value[-1].end_mark.index
    start = listed.value[-1].start_mark.index
    if listed.flow_style:
        added = text[:end] + "".join(f", {quoted(said)}" for said in statements) + text[end:]
    else:
        if text[end - 1] != "\n":
            end = len(text) if (line_end := text.find("\n", end)) < 0 else line_end + 1
        dash = text[text.rfind("\n", 0, start) + 1 : start]
        lines = "".join(f"{dash}{quoted(said)}\n" for said in statements)
        added = text[:end] + ("" if text[:end].endswith("\n") else "\n") + lines + text[end:]
    expected = {one.name: one.statements for one in recipe.relation.types}
    expected[type_name] += tuple(statements)
    rewrite(path, added, remedy, expected)


def rewrite(path: Path, text: str, remedy: str, expected: dict[str, Any] | None = None) -> None:
    """Write a recipe, and write the old one again if the new one does not load, or if its
    statements aren't the `expected` ones.
    """
    before = path.read_bytes()
    path.write_text(text, encoding="utf-8")
    if not holds(path, expected):
        path.write_bytes(before)
        raise UserError(f"{path} has a layout that can't be added to: {remedy} by hand")


def holds(path: Path, expected: dict[str, Any] | None) -> bool:
    """Whether a recipe loads, with the `expected` statements of each relation type."""
    try:
        relation = load_recipe(str(path)).relation
    except UserError:
        return False
    found = {one.name: one.statements for one in relation.types} if relation else {}
    return expected is None or found == expected


def node_at(text: str, place: Sequence[str | int]) -> Any:
    """The YAML node at these keys and numbers; None if the file doesn't have it itself."""
    node = yaml.compose(text)
    for part in place:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part] if part < len(node.value) else None
        else:
            return None
    return node
