"""Write a recipe for an entity type from a list of names."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from corpusmith.errors import UserError
from corpusmith.files import write_tsv
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.fitness import (
    Fitted,
    NameChange,
    fit,
    natural_case,
    other_numbers,
    rank_test,
    visible,
)
from corpusmith.lexicon.formats import load_external
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import folded_key, is_acronym
from corpusmith.lexicon.recorded import weighed_by_mentions
from corpusmith.lexicon.scope import Scope, branch_of, read_scope
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import NAME

FEWEST_NAMES = 10
CASED = ("disease", "background")  # shipped lexicons in sentence case
BRANCHED = ("heading", "disease", "chemical")  # shipped lexicons with tree numbers
MENTIONED = 0.5  # share of the seeds drawn as often as recorded sentences name them
TEMPLATE = """\
# Written by `corpusmith new`. What it does not say is in builders/recipes/base/any-type.yaml.
extends: base/any-type
name: {name}
title: {title}
about: {about}
domain: {domain}
{attributes}labels: {{{label}: words}}
lexicons:
  words: {{source: {name}.tsv}} # {name}.changes.tsv says what was changed in the list, and why
{general}teacher:
  model: {model}
  parameters: {{temperature: 0.9, top_p: 0.95, max_tokens: 90}}
"""
DOMAIN = "PubMed abstracts"
# The default's sections and details are those of research papers.
FORM = "attributes: {detail: form} # `section: [history, plan]` if such texts have parts\n"
GENERAL = (
    "  general: {{source: {name}.general.txt}} # what doesn't count: asked for without a label\n"
)


def new_recipe(
    name: str,
    words: Path,
    about: str = "",
    domain: str = DOMAIN,
    folder: Path = Path(),
    model: str = "gpt-4o-mini",
) -> Path:
    """Write `{name}.yaml`, the normalised list and its changes. Return the recipe's path.

    `words` has one concept per line, its names separated by `|`, or is another file that
    `load_external` reads. `about` says what counts and what doesn't: "organs and
    cells; not molecules".

    Raises UserError when the list is missing or too short to fill a train and a test split, or when
    the recipe exists.
    """
    recipe = new_file(name, folder)
    in_one_line(about=about, domain=domain, model=model)
    concepts = listed_concepts(words)
    if len(concepts) < FEWEST_NAMES:
        raise UserError(
            f"{words} holds {len(concepts)} names: give at least {FEWEST_NAMES}, "
            "better a few hundred"
        )
    scope = read_scope(about)
    fitted = fit_list(concepts, scope)
    if len(fitted.concepts) < FEWEST_NAMES:
        raise UserError(
            f"{words}: of {len(concepts)} names {len(fitted.concepts)} fit running text; "
            f"{reasons_of(fitted.changes)}"
        )
    written = [folder / f"{name}.tsv", folder / f"{name}.changes.tsv"]
    write_concepts(fitted.concepts, written[0])
    write_changes(fitted.changes, written[1])
    if scope.excluded:
        written.append(folder / f"{name}.general.txt")
        lines = ["|".join([phrase, *other_numbers(phrase)]) for phrase in scope.excluded]
        written[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    values = {
        "name": name,
        "title": scalar(f"Mentions of {name.replace('-', ' ')} in {domain}"),
        "label": "".join(part.capitalize() for part in name.split("-")),
        "about": quoted(about),
        "domain": scalar(domain),
        "attributes": "" if domain == DOMAIN else FORM,
        "general": GENERAL.format(name=name) if scope.excluded else "",
        "model": scalar(model),
    }
    return write_checked(TEMPLATE.format(**values), recipe, written)


def new_file(name: str, folder: Path) -> Path:
    """The path of a recipe to write. Raises UserError when it exists, or for a name with other
    characters than a recipe may have."""
    if not re.fullmatch(NAME, name):
        raise UserError(
            f"{name!r} is no name for a recipe: use up to 80 lower-case letters, digits and "
            "hyphens, such as medical-device"
        )
    recipe = folder / f"{name}.yaml"
    if recipe.exists():
        raise UserError(f"{recipe} exists: choose another name, or delete it")
    return recipe


def in_one_line(**options: str) -> None:
    """Raise UserError for an option with a line break or another control character."""
    for option, text in options.items():
        if not text.isprintable():
            raise UserError(f"--{option} {text!r}: give one line, without control characters")


def listed_concepts(path: Path) -> Sequence[Concept]:
    """The concepts of a list of names. Raises UserError where there is none."""
    if not path.is_file():
        raise UserError(f"no word list at {path}: give a text file with one name a line")
    return load_external(str(path)).concepts


def write_checked(text: str, recipe: Path, lists: Iterable[Path]) -> Path:
    """Write a recipe. If it does not load, remove it and the lists that were written for it."""
    recipe.write_text(text, encoding="utf-8")
    try:
        load_recipe(str(recipe))
    except UserError:
        for path in (recipe, *lists):
            path.unlink(missing_ok=True)
        raise
    return recipe


def fit_list(concepts: Sequence[Concept], scope: Scope) -> Fitted:
    """Normalise the list, drop what the scope excludes, and add the branches that it names.

    "tumours" in the scope adds the concepts below MeSH's neoplasms. Their acronyms are left out:
    most are of something else in most texts.
    """
    own = {concept.id for concept in concepts}
    names = {folded_key(name) for concept in concepts for name in concept.names}
    added = [
        concept
        for branch in scope.counted
        for concept in branch_of(branch, map(load_lexicon, BRANCHED))
        if concept.id not in own
        and not any(folded_key(name) in names for name in concept.names)
        and not all(map(is_acronym, concept.names))
    ]
    unabbreviated = (concept.only(lambda name: not is_acronym(name)) for concept in added)
    grown = {concept.id: concept for concept in unabbreviated if concept is not None}
    counts = counted_test(scope)
    changes: list[NameChange] = []
    kept: list[Concept] = []
    for concept in (*concepts, *grown.values()):
        changes += [
            NameChange(name, "", "--about excludes it")
            for name in concept.names
            if not counts(name)
        ]
        if counted := concept.only(counts):
            kept.append(counted)
    fitted = fit(kept, shipped_case())
    changes += [
        NameChange("", name, "--about names its branch of a shipped lexicon")
        for concept in fitted.concepts
        if concept.id in grown
        for name in concept.names
    ]
    listed = weighed_by_mentions([c for c in fitted.concepts if c.id in own], MENTIONED)
    others = tuple(concept for concept in fitted.concepts if concept.id not in own)
    return Fitted((*listed, *others), (*changes, *fitted.changes))


@lru_cache(maxsize=1)
def shipped_case() -> Mapping[str, str]:
    """How the shipped lexicons write each word."""
    return natural_case(
        name
        for lexicon in CASED
        for concept in load_lexicon(lexicon).concepts
        for name in concept.names
    )


def counted_test(scope: Scope) -> Callable[[str], bool]:
    """A test of whether a name may count: `--about` excludes neither it nor its rank."""
    excluded = {
        folded_key(n) for phrase in scope.excluded for n in (phrase, *other_numbers(phrase))
    }
    is_rank = rank_test(scope.excluded)
    return lambda name: folded_key(name) not in excluded and not is_rank(name)


def write_concepts(concepts: Iterable[Concept], path: Path) -> None:
    """A lexicon as `corpusmith.lexicon.formats` reads it."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        lines.write("concept_id\tname\tsynonyms\ttypes\tweight\n")
        for concept in concepts:
            first, *others = concept.names
            lines.write(f"{concept.id}\t{first}\t{'|'.join(others)}\t\t{concept.weight:g}\n")


def write_changes(changes: Iterable[NameChange], path: Path) -> None:
    ordered = sorted(changes, key=lambda change: (change.kind, change.reason))
    rows = [(change.kind, change.reason, change.name, change.written) for change in ordered]
    write_tsv([("what", "reason", "in the list", "as it is used"), *rows], path)


def read_changes(path: Path) -> list[NameChange]:
    """The changes that `write_changes` wrote."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    return [NameChange(name, written, reason) for _, reason, name, written in rows]


def summary_of(recipe: Path) -> str:
    """Summarise the changes to each list of a new recipe: counts by kind and reason."""
    lists = [recipe.with_suffix(".tsv"), *sorted(recipe.parent.glob(f"{recipe.stem}.*.tsv"))]
    found = (path for path in lists if path.with_suffix(".changes.tsv").exists())
    return "\n".join(list_summary(path) for path in found)


def list_summary(path: Path) -> str:
    """Summarise the changes to one list."""
    changes = read_changes(path.with_suffix(".changes.tsv"))
    counts = Counter((change.kind, change.reason) for change in changes)
    examples = {(change.kind, change.reason): change[:2] for change in changes}
    with path.open(encoding="utf-8") as lines:
        concepts = [line.rstrip("\n").split("\t") for line in lines][1:]
    names = sum(1 + len(list(filter(None, row[2].split("|")))) for row in concepts)
    label = path.name.split(".")[1:-1]
    return "\n".join(
        [
            f"the list{' ' if label else ''}{'.'.join(label)}: {len(concepts)} concepts, "
            f"{names} names",
            *(
                f"  {count:>6} {what:<8} {reason}: "
                + visible(" → ".join(filter(None, examples[what, reason])))
                for (what, reason), count in counts.most_common()
            ),
        ]
    )


def reasons_of(changes: Iterable[NameChange]) -> str:
    counts = Counter(change.reason for change in changes if not change.written)
    return ", ".join(f"{count} {reason}" for reason, count in counts.most_common())


def scalar(text: str) -> str:
    """The text as YAML: in quotes, unless YAML reads the same text without them."""
    plain = re.fullmatch(r"[A-Za-z][\w ./-]*", text) and yaml.safe_load(text) == text
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """A YAML string in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
