"""Identity of a corpus: a fingerprint of its inputs and a hash of its rows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from corpusmith.lexicon.concept import Lexicon
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.load import load_lexicon
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.prompt import PROMPTS, attribute_values, prompt_text
from corpusmith.recipe.schema import Recipe
from corpusmith.redaction import bare_urls

# Increase by one when the same answers get different labels, rows or copies.
# 2: answers in another language, echoes of the prompt and refusals are rejected.
# 3: relation types: an answer must have a cue word of its type; rows for other pairs.
# 4: names that a lender asked for as context are looked up; masks are no cue words.
RULES = 4
# Recipe keys that do not change the fingerprint: more rows, another title or another benchmark make
# a corpus of the same kind.
NOT_IDENTITY = {"title", "license", "rows", "benchmarks", "transcript"}


def portable(recipe: Recipe) -> dict[str, Any]:
    """The recipe for publication: file names without the folders of this machine."""
    content = recipe.model_dump(mode="json")
    for source in content["lexicons"].values():
        source["source"] = file_name(source["source"])
        source["also"] = [file_name(other) for other in source["also"]]
    content["prompt"] = file_name(content["prompt"])
    content["borrow"] = [file_name(other) for other in content["borrow"]]
    return content


def file_name(source: str) -> str:
    """A path without its folders, and a URL without user, query and fragment.

    A signed URL has another signature each time, and the same content.
    """
    return Path(source).name if Path(source).is_absolute() else bare_urls(source)


def fingerprint(recipe: Recipe, lexicons: Mapping[str, Lexicon]) -> str:
    """sha256 over recipe, prompt, lists, lexicons, teacher and `RULES`: equal fingerprints make
    rows of one kind.
    """
    lenders = Plan(
        recipe
    ).lenders  # borrowing is not transitive: two recipes may borrow from each other
    made_from = {
        "recipe": {
            key: value
            for key, value in portable(recipe).items()
            if key not in NOT_IDENTITY | {"teacher"}
        },
        "borrowed": [
            (len(lender), fingerprint(lender.recipe, lender.lexicons)) for lender in lenders
        ],
        "teacher": recipe.teacher.model_dump(mode="json", include={"model", "parameters"}),
        "prompt": prompt_text(recipe.prompt),
        "lists": shipped_lists(recipe),
        "lexicons": {name: lexicon.fingerprint for name, lexicon in sorted(lexicons.items())},
        "rules": RULES,
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def shipped_lists(recipe: Recipe) -> dict[str, Any]:
    """The shipped values that fill requests and copies: attribute lists, and words and frames."""
    named = [recipe.attributes, *(kind.attributes for kind in recipe.kinds)]
    sources = {source for attributes in named for source in attributes.values()}
    if recipe.augment.asides:
        sources.add(recipe.augment.asides)
    return {
        "attributes": {
            source: attribute_values(source)
            for source in sorted(source for source in sources if isinstance(source, str))
        },
        "forms": forms(),
    }


def plan_identity(plan: Plan, shard: tuple[int, int]) -> str:
    """SHA-256 of everything that determines a plan's payloads.

    Includes the version of corpusmith: a changed identity only means that the plan is drawn again.
    """
    attributes = sorted((PROMPTS / "attributes").glob("*.txt"))
    made_from = {
        "shard": shard,
        "recipes": [
            {
                "recipe": part.recipe.model_dump(mode="json"),
                "prompt": prompt_text(part.recipe.prompt),
                "lexicons": [
                    load_lexicon(source.source).fingerprint
                    for source in part.recipe.lexicons.values()
                ],
            }
            for part in (plan, *plan.lenders)
        ],
        "attributes": [hashlib.sha256(path.read_bytes()).hexdigest() for path in attributes],
        "forms": forms(),
        "version": version("corpusmith"),
        "rules": RULES,
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def content_hash(splits: Mapping[str, Iterable[BinaryIO]]) -> str:
    """SHA-256 of the rows of every split in order, given as open JSON Lines files. Doesn't depend
    on the number or layout of the published files. Closes the files.
    """
    digest = hashlib.sha256()
    for split, files in sorted(splits.items()):
        digest.update(f"{split}\n".encode())
        for rows in files:
            with rows:
                while part := rows.read(1 << 20):
                    digest.update(part)
    return digest.hexdigest()
