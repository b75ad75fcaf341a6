"""Add what a person kept in `NAME.grown.tsv` to the lists. A second time changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.lexicon.fitness import Fitting, NameChange, other_numbers, weight_of
from corpusmith.lexicon.load import load_lexicon
from corpusmith.quality.growth.lists import (
    GENERAL,
    GrowingList,
    GrowingRecipe,
    general_source,
    keys_of,
)
from corpusmith.quality.growth.name_table import NameTable
from corpusmith.quality.growth.proposals import CONFUSABLE
from corpusmith.quality.growth.recipe_text import add_lexicon, add_statements
from corpusmith.quality.growth.statements import slot_fault
from corpusmith.quality.growth.table import GrownRow, read_rows
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.new.entities import read_changes, write_changes
from corpusmith.text_files import TextFile

WHY = {  # in the file of changes, behind "grown: "
    "frequent": "frequent name",
    "short": "short or everyday form",
    "coordinated": "listed beside names in recorded sentences",
    CONFUSABLE: "doesn't count: requested without a label",
}


def apply_rows(grown: GrowingRecipe, table: Path) -> "Applied":
    """Add the rows with use=yes. Return those that were new, and the files that changed.

    Raises:
        UserError: a line can't be used. Nothing is changed then.
    """
    numbered = read_rows(table)
    for number, row in numbered:
        if row.use and (fault := row_fault(grown, row)):
            raise UserError(f"{table}:{number}: {fault}")
    used = [row for _, row in numbered if row.use]
    applied = Applied(grown)
    for target in grown.lists:
        own = [row for row in used if row.list == target.label]
        applied.add_names(target, [row for row in own if row.kind != CONFUSABLE])
        applied.add_general(target, [row for row in own if row.kind == CONFUSABLE])
    applied.add_statements([row for row in used if row.kind == "statement"])
    return applied


@dataclass
class Applied:
    """What was added to the files of a recipe."""

    grown: GrowingRecipe
    rows: list[GrownRow] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def add_names(self, target: GrowingList, rows: Sequence[GrownRow]) -> None:
        """Add names to a list: to a concept where `of` names one, else as a concept of their
        own.
        """
        table = NameTable(target.path)
        conventions = Fitting(target.lexicon.concepts, {})
        known = set(target.concept_of)
        changes: list[NameChange] = []
        for row in rows:
            if known & set(keys_of(row.name)):
                continue
            forms = [(row.name, f"grown: {WHY[row.kind]}")]
            for form, why in conventions.added([row.name]):
                if keys_of(form)[0] not in known:
                    forms.append((form, f"grown: {why}"))
            names = [name for name, _ in forms]
            if row.of:
                table.extend(str(target.concept_named(row.of)), names)
            else:
                table.append(names, weight_of(names))
            known.update(key for name in names for key in keys_of(name))
            changes += [NameChange("", name, why) for name, why in forms]
            self.rows.append(row)
        if changes:
            table.write()
            self.changed(target.path)
            self.record(changes, target)

    def add_general(self, target: GrowingList, rows: Sequence[GrownRow]) -> None:
        """Add names that don't count to the recipe's own list of them, which is made if need be."""
        known = {key for name in general_names(self.grown) for key in keys_of(name)}
        new = []
        for row in rows:
            if known.isdisjoint(keys_of(row.name)):
                new.append(row)
            known.update(keys_of(row.name))
        if not new:
            return
        self.write_general(["|".join([row.name, *other_numbers(row.name)]) for row in new])
        reason = f"grown: {WHY[CONFUSABLE]}"
        self.record([NameChange(row.name, "", reason) for row in new], target)
        self.rows += new

    def write_general(self, lines: Sequence[str]) -> None:
        """Add lines to the list of names that don't count."""
        path = general_source(self.grown)
        if path is not None:
            before = TextFile.of(path).text()
            gap = "" if before.endswith("\n") else "\n"
            path.write_text(before + gap + "\n".join(lines) + "\n", encoding="utf-8")
            self.changed(path)
            return
        source = self.grown.recipe.lexicons[GENERAL]
        inherited = ["|".join(c.names) for c in load_lexicon(source.source).concepts]
        path = self.grown.beside(f"{GENERAL}.txt")
        text = "\n".join([f"# From the list {source.source}, then grown.", *inherited, *lines])
        path.write_text(f"{text}\n", encoding="utf-8")
        apart = f", apart_from: {source.apart_from}" if source.apart_from else ""
        add_lexicon(self.grown.path, GENERAL, f"{{source: {path.name}{apart}}}")
        self.changed(path, self.grown.path)

    def add_statements(self, rows: Iterable[GrownRow]) -> None:
        """Add statements to the relation types of the recipe."""
        wanted: dict[str, dict[str, GrownRow]] = defaultdict(dict)
        for row in rows:
            wanted[row.of][row.name] = row
        for name, of_type in wanted.items():
            recipe = load_recipe(str(self.grown.path))
            assert recipe.relation is not None
            one = next(one for one in recipe.relation.types if one.name == name)
            new = [row for row in of_type.values() if row.name not in one.statements]
            if new:
                add_statements(self.grown.path, recipe, name, [row.name for row in new])
                self.rows += new
                self.changed(self.grown.path)

    def record(self, changes: Sequence[NameChange], target: GrowingList) -> None:
        """Add to the file of a list's changes."""
        path = target.path.with_suffix(".changes.tsv")
        before = read_changes(path) if path.exists() else []
        write_changes([*before, *(change for change in changes if change not in before)], path)
        self.changed(path)

    def changed(self, *paths: Path) -> None:
        """Note each file once."""
        self.files += [path for path in paths if path not in self.files]


def row_fault(grown: GrowingRecipe, row: GrownRow) -> str:
    """What is wrong with a row that is to be added; empty if nothing is."""
    if row.kind == "statement":
        types = [one.name for one in grown.recipe.relation.types] if grown.recipe.relation else []
        if row.of not in types:
            return f"the recipe has no relation type {row.of!r}: {', '.join(types) or 'none'}"
        return f"{row.name!r} {fault}" if (fault := slot_fault(row.name)) else ""
    lists = {target.label: target for target in grown.lists}
    if row.list not in lists:
        return f"the recipe has no list {row.list!r}: write one of {', '.join(lists)}"
    if "|" in row.name:
        return f"{row.name!r} has a |, which separates names: write one name a line"
    if row.kind == CONFUSABLE and not grown.has_general:
        return "the recipe has no list of names that don't count: write no"
    if row.kind != CONFUSABLE and row.of and not lists[row.list].concept_named(row.of):
        return f"no concept named {row.of!r} in {lists[row.list].path.name}: correct or empty `of`"
    return ""


def general_names(grown: GrowingRecipe) -> list[str]:
    """The names that don't count, of the recipe's own list or of the one it inherits."""
    if not grown.has_general:
        return []
    concepts = load_lexicon(grown.recipe.lexicons[GENERAL].source).concepts
    return [name for concept in concepts for name in concept.names]
