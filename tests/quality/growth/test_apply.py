"""What a person kept is added to list, changes and recipe; a second time changes nothing."""

import re
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.lexicon.load import load_lexicon
from corpusmith.quality.growth.growth import apply_growth
from corpusmith.quality.growth.lists import growing
from corpusmith.quality.growth.table import COLUMNS
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.new.entities import summary_of
from corpusmith.recipe.plan import Plan

ROWS = (
    ("yes", "bone screw", "Device", "frequent", ""),
    ("no", "towel", "Device", "frequent", ""),
    ("YES", "IUD", "Device", "short", "intrauterine devices"),
    ("yes", "trocar", "Device", "coordinated", ""),
    ("yes", "pacemakers", "Device", "frequent", ""),
    ("yes", "scaffold", "Device", "confusable", ""),
    ("yes", "scaffolds", "Device", "confusable", ""),
)


def table(recipe: Path, *rows: tuple[str, ...]) -> None:
    """The table of proposals, as a person left it."""
    lines = ["\t".join([*row, "3", "0", ""]) for row in rows]
    text = "\n".join(["\t".join(COLUMNS), *lines]) + "\n"
    recipe.with_suffix(".grown.tsv").write_text(text, encoding="utf-8")


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_kept_names_are_added_once(device: Path, tmp_path: Path) -> None:
    table(device, *ROWS)
    before = Plan(load_recipe(str(device))).lexicons["general"].concepts
    growth = apply_growth(growing(str(device)))
    assert [row.name for row in growth.rows] == ["bone screw", "IUD", "trocar", "scaffold"]
    names = ("device.tsv", "device.changes.tsv", "device.general.txt", "device.yaml")
    assert {path.name for path in growth.changed} == set(names)
    concepts = {c.id: c for c in load_lexicon(str(tmp_path / "device.tsv")).concepts}
    assert concepts["grown:1"].names[0] == "bone screw" and concepts["grown:1"].weight > 0
    assert concepts["grown:2"].names[0] == "trocar" and len(concepts) == 12
    assert concepts["word:10"].names == ("intrauterine device", "IUD")
    assert concepts["word:10"].weight == 10 and concepts["word:10"].types == ("E07.1",)
    assert len(re.findall("kept", (tmp_path / "device.tsv").read_text("utf-8"))) == 10
    recipe = load_recipe(str(device))
    lexicons = Plan(recipe).lexicons
    assert lexicons["words"].matcher.names_in("Bone screws were used.")
    assert lexicons["general"].matcher.names_in("a scaffold")
    assert len(lexicons["general"].concepts) == len(before) + 1  # the shipped ones stay
    assert "labels: {Device: words} # one label" in device.read_text("utf-8")
    after = content(tmp_path)
    again = apply_growth(growing(str(device)))
    assert not again.rows and not again.changed and content(tmp_path) == after


def test_changes_say_that_names_were_grown(device: Path, tmp_path: Path) -> None:
    table(device, *ROWS)
    apply_growth(growing(str(device)))
    changes = (tmp_path / "device.changes.tsv").read_text("utf-8").splitlines()
    assert "left out\tknown before\tFoo [bar]\t" in changes
    assert "added\tgrown: frequent name\t\tbone screw" in changes
    assert "added\tgrown: short or everyday form\t\tIUD" in changes
    assert "left out\tgrown: doesn't count: requested without a label\tscaffold\t" in changes
    assert "1 added    grown: frequent name: bone screw" in summary_of(device)


def test_own_list_of_what_does_not_count_is_extended(device: Path, tmp_path: Path) -> None:
    (tmp_path / "device.general.txt").write_text("stent|stents\nscaffolds", "utf-8")
    text = device.read_text("utf-8")
    own = text.replace("# the list\n", "# the list\n  general: {source: device.general.txt}\n")
    device.write_text(own, "utf-8")
    table(device, *ROWS, ("yes", "scar", "Device", "confusable", ""))
    growth = apply_growth(growing(str(device)))
    assert "scaffold" not in [row.name for row in growth.rows]
    general = (tmp_path / "device.general.txt").read_text("utf-8")
    assert general == "stent|stents\nscaffolds\nscar|scars\n"
    assert device.read_text("utf-8") == own


def test_list_that_cannot_be_added_to_is_named(device: Path) -> None:
    text = device.read_text("utf-8")
    own = text.replace("# the list\n", "# the list\n  general: {source: species-excluded}\n")
    device.write_text(own, "utf-8")
    table(device, *ROWS)
    with pytest.raises(UserError, match=r"device\.yaml:9: the list 'general' is species-excluded"):
        apply_growth(growing(str(device)))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("maybe", "x", "Device", "frequent", ""), "use is 'maybe': write yes or no"),
        (("", "x", "Device", "frequent", ""), "use is '': write yes or no"),
        (("yes", "", "Device", "frequent", ""), "no name: fill it in, or delete the line"),
        (("yes", "x", "Device", "often", ""), "kind is 'often': write one of frequent, short"),
        (("yes", "x", "Drug", "frequent", ""), "the recipe has no list 'Drug': write one of"),
        (("yes", "x|y", "Device", "frequent", ""), "'x|y' has a |, which separates names"),
        (("yes", "x", "Device", "short", "screw"), "no concept named 'screw' in device.tsv"),
        (("yes", "{head} x {tail}", "", "statement", "a"), "the recipe has no relation type 'a'"),
    ],
)
def test_wrong_line_is_named_and_nothing_is_changed(
    device: Path, tmp_path: Path, row: tuple[str, ...], said: str
) -> None:
    table(device, ROWS[0], row)
    before = content(tmp_path)
    with pytest.raises(UserError, match=re.escape(f"device.grown.tsv:3: {said}")):
        apply_growth(growing(str(device)))
    assert content(tmp_path) == before


def test_table_must_exist_and_keep_its_columns(device: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*device\.grown\.tsv: run the command without"):
        apply_growth(growing(str(device)))
    device.with_suffix(".grown.tsv").write_text("use\tname\nyes\tx\n", "utf-8")
    with pytest.raises(UserError, match=r"grown\.tsv:1: no column 'list'"):
        apply_growth(growing(str(device)))


def test_table_of_a_spreadsheet_is_read(device: Path) -> None:
    text = "\ufeff" + "\r\n".join(["\t".join(COLUMNS[:5]), '"Yes"\t"bone screw"\tDevice\tfrequent'])
    device.with_suffix(".grown.tsv").write_bytes(text.encode())
    assert [row.name for row in apply_growth(growing(str(device))).rows] == ["bone screw"]


def test_relation_recipe_gets_names_and_statements(pairs: Path) -> None:
    said = "{head} suppresses {tail}"
    table(
        pairs,
        ("yes", said, "", "statement", "inhibits"),
        ("yes", "xamolin", "drug", "frequent", ""),
        ("yes", "x3-kinase", "protein", "short", "x3ase"),
    )
    growth = apply_growth(growing(str(pairs)))
    relation = load_recipe(str(pairs)).relation
    assert relation is not None and relation.types[0].statements[-1] == said
    assert len(growth.rows) == 3 and "# as in reviews" in pairs.read_text("utf-8")
    assert not apply_growth(growing(str(pairs))).changed
    table(pairs, ("yes", "{head} stops it", "", "statement", "inhibits"))
    with pytest.raises(UserError, match=r"grown\.tsv:2: .* needs \{head\} and \{tail\} once each"):
        apply_growth(growing(str(pairs)))
