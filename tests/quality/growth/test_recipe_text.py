"""Additions to a recipe's YAML keep its comments and its layout."""

from pathlib import Path

import pytest
import yaml

from corpusmith.errors import UserError
from corpusmith.quality.growth.recipe_text import add_lexicon, add_statements
from corpusmith.recipe.load import load_recipe

NEW = ["{head} suppresses {tail}", '{head} "stops" {tail}']


def comments(path: Path) -> list[str]:
    return [line.partition("#")[2] for line in path.read_text("utf-8").splitlines() if "#" in line]


@pytest.mark.parametrize("name", ["inhibits", "activates"])
def test_statements_are_added_to_lists_of_both_styles(pairs: Path, name: str) -> None:
    before, said = load_recipe(str(pairs)), comments(pairs)
    add_statements(pairs, before, name, NEW)
    after = load_recipe(str(pairs))
    assert before.relation is not None and after.relation is not None
    for old, new in zip(before.relation.types, after.relation.types, strict=True):
        assert new.statements == old.statements + (tuple(NEW) if new.name == name else ())
    assert comments(pairs) == said


def test_recipe_in_utf_16_is_added_to(pairs: Path) -> None:
    pairs.write_bytes(pairs.read_text("utf-8").encode("utf-16"))
    add_statements(pairs, load_recipe(str(pairs)), "inhibits", NEW)
    relation = load_recipe(str(pairs)).relation
    assert relation is not None and relation.types[0].statements[-2:] == tuple(NEW)


def test_statements_behind_a_block_and_at_the_end_of_a_file(pairs: Path) -> None:
    content = yaml.safe_load(pairs.read_text("utf-8"))
    relation = content.pop("relation")
    content["relation"] = relation
    pairs.write_text(yaml.safe_dump(content, sort_keys=False).rstrip(), "utf-8")
    add_statements(pairs, load_recipe(str(pairs)), "activates", NEW)
    relation = load_recipe(str(pairs)).relation
    assert relation is not None and relation.types[1].statements[1:] == tuple(NEW)


def test_shared_statements_are_not_changed(pairs: Path) -> None:
    text = pairs.read_text("utf-8")
    shared = text.replace("    statements:\n", "    statements: &shared\n", 1)
    shared = shared.replace('statements: ["{head} activates {tail}"]', "statements: *shared")
    pairs.write_text(shared, "utf-8")
    with pytest.raises(UserError, match=r"that can't be added to: .* by hand"):
        add_statements(pairs, load_recipe(str(pairs)), "inhibits", NEW)
    assert pairs.read_text("utf-8") == shared


def test_inherited_statements_are_not_changed(pairs: Path, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("extends: pairs.yaml\nname: child\n", "utf-8")
    with pytest.raises(UserError, match="has no list of statements of inhibits itself"):
        add_statements(child, load_recipe(str(child)), "inhibits", NEW)


@pytest.mark.parametrize(
    "lexicons",
    [
        "lexicons:\n  words: {source: device.tsv} # the list\n",
        "lexicons: {words: {source: device.tsv}} # the list\n",
        "# the list\n",
    ],
)
def test_lexicon_is_added_in_every_layout(device: Path, tmp_path: Path, lexicons: str) -> None:
    text = device.read_text("utf-8")
    old = "lexicons:\n  words: {source: device.tsv} # the list\n"
    child = tmp_path / "child.yaml"
    child.write_text(text.replace(old, lexicons), "utf-8")
    if "lexicons" not in lexicons:
        child.write_text("# the list\nextends: device.yaml\nname: child\n", "utf-8")
    (tmp_path / "mine.txt").write_text("scar\n", "utf-8")
    add_lexicon(child, "general", "{source: mine.txt}")
    recipe = load_recipe(str(child))
    assert recipe.lexicons["general"].source == str(tmp_path / "mine.txt")
    assert recipe.lexicons["words"].source == str(tmp_path / "device.tsv")
    assert " the list" in comments(child)
