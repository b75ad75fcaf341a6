"""Write a recipe for relation types from statements and one or two lists of names."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from corpusmith.errors import UserError
from corpusmith.lexicon.fitness import Fitted
from corpusmith.lexicon.scope import read_scope
from corpusmith.recipe.new.entities import (
    DOMAIN,
    fit_list,
    in_one_line,
    listed_concepts,
    new_file,
    reasons_of,
    write_changes,
    write_checked,
    write_concepts,
)
from corpusmith.recipe.relation import with_slots

FEWEST_NAMES = 40  # a request names up to two of a list, and a tenth of the names is for testing
HEADER = """\
# Written by `corpusmith new`. Write more statements for each type, in other words, and under
# `other_links` statements that link the two without being one of the types: docs/relations.md.
"""


def new_relation_recipe(
    name: str,
    relations: Sequence[str],
    lists: Sequence[str],
    domain: str = DOMAIN,
    folder: Path = Path(),
    model: str = "gpt-4o-mini",
) -> Path:
    """Write `{name}.yaml`, and of each list the normalised names and its changes. Return the
    recipe's path.

    Args:
        name: the name of the recipe.
        relations: a type each, as "inhibits: {head} inhibits {tail}; {head} blocks {tail}".
        lists: the list of heads and that of tails, or one for both: a file, or LABEL=FILE.
        domain: the kind of text to imitate.
        folder: where the files are written.
        model: name of the LLM at the endpoint.

    Raises:
        UserError: when a relation has no statement, a list is missing or too short, or the recipe
            exists.
    """
    recipe = new_file(name, folder)
    in_one_line(domain=domain, model=model, relation=" ".join(relations))
    types = [type_of(relation) for relation in relations]
    files = dict(map(label_and_file, lists))
    if len(files) < len(set(lists)):
        raise UserError(
            f"both lists are called {next(iter(files))}: give LABEL=FILE, such as gene=genes.txt"
        )
    fitted = {label: fitted_list(path) for label, path in files.items()}
    labels = list(files)
    content = {
        "name": name,
        "title": f"Relations of {' and '.join(labels)} in {domain}",
        "task": "relations",
        "domain": domain,
        "relation": {"head": labels[0], "tail": labels[-1], "types": types},
        "lexicons": {label: {"source": f"{name}.{label}.tsv"} for label in labels},
        "prompt": "re.v3",
        "attributes": {
            **({"section": "findings"} if domain == DOMAIN else {}),
            "detail": "relation-details",
        },
        "teacher": {
            "model": model,
            "parameters": {"temperature": 0.9, "top_p": 0.95, "max_tokens": 90},
        },
        "rows": 1500,
        "augment": {"counterfactual": 0.5},
    }
    written: list[Path] = []
    for label, words in fitted.items():
        written += [folder / f"{name}.{label}.tsv", folder / f"{name}.{label}.changes.tsv"]
        write_concepts(words.concepts, written[-2])
        write_changes(words.changes, written[-1])
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return write_checked(HEADER + text, recipe, written)


def type_of(relation: str) -> Mapping[str, object]:
    """The type that "NAME: STATEMENT; STATEMENT" gives."""
    name, _, said = relation.partition(":")
    statements = tuple(filter(None, (part.strip() for part in said.split(";"))))
    example = "--relation 'inhibits: {head} inhibits {tail}; {head} blocks {tail}'"
    if not (name.strip() and statements):
        raise UserError(f"--relation {relation!r} has no statement: give {example}")
    try:
        with_slots(statements)
    except ValueError as error:
        raise UserError(f"--relation {name.strip()}: {error}") from None
    return {"name": name.strip(), "statements": list(statements)}


def label_and_file(given: str) -> tuple[str, Path]:
    """The label and the file of "gene=genes.txt"; without a label that of the file's name."""
    label, equals, file = given.rpartition("=")
    path = Path(file if equals else given)
    plain = re.sub(r"[^a-z0-9]+", "-", (label or path.name.split(".")[0]).lower()).strip("-")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", plain):
        raise UserError(f"{given}: the label {plain!r} has no letter first; give LABEL=FILE")
    return plain, path


def fitted_list(path: Path) -> Fitted:
    """A list of names, normalised for running text as those of entity recipes are."""
    concepts = listed_concepts(path)
    fitted = fit_list(concepts, read_scope(""))
    if len(fitted.concepts) < FEWEST_NAMES:
        reasons = reasons_of(fitted.changes)
        raise UserError(
            f"{path} has {len(concepts)} names, of which {len(fitted.concepts)} fit running text"
            f"{f' ({reasons})' if reasons else ''}: relations need at least {FEWEST_NAMES}, "
            "better a few hundred"
        )
    return fitted
