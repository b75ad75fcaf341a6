"""What makes two corpora the same: a fingerprint of what they are made from, and a hash of the rows that came out."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from builders.lexicon import Lexicon, load_lexicon
from builders.plan import Plan
from builders.recipe import Recipe, prompt_text

# Recipe keys that leave the fingerprint alone: a corpus with more rows, another title, or measured on another benchmark
# is a corpus of the same kind.
NOT_IDENTITY = {"title", "license", "rows", "benchmarks", "transcript"}
CODE = (
    "verify.py",
    "filters.py",
    "noise.py",
    "outliers.py",
    "example.py",
    "augment.py",
    "augment_pairs.py",
    "vocabulary.py",
    "names.py",
    "matcher.py",
    "text.py",
)


def fingerprint(recipe: Recipe, lexicons: Mapping[str, Lexicon]) -> str:
    """sha256 over recipe, prompt, lexicons, teacher and the code that makes labels: equal ones make rows of one kind."""
    lenders = Plan(recipe).lenders  # which borrow nothing themselves: two recipes may borrow from each other
    made_from = {
        "recipe": recipe.model_dump(mode="json", exclude=NOT_IDENTITY | {"teacher"}),
        "borrowed": [(len(lender), fingerprint(lender.recipe, lender.lexicons)) for lender in lenders],
        "teacher": recipe.teacher.model_dump(mode="json", include={"model", "parameters"}),
        "prompt": prompt_text(recipe),
        "lexicons": {name: lexicon.fingerprint for name, lexicon in sorted(lexicons.items())},
        "code": [hashlib.sha256((Path(__file__).parent / name).read_bytes()).hexdigest() for name in CODE],
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def plan_identity(plan: Plan, shard: tuple[int, int]) -> str:
    """sha256 over all that a plan's payloads are made of: equal ones ask the same requests.

    Rather too much than too little: a plan whose identity changed for nothing is only drawn once more.
    """
    package = Path(__file__).parent
    files = [*package.glob("*.py"), *(package / "prompts" / "attributes").glob("*.txt")]
    made_from = {
        "shard": shard,
        "recipes": [
            {
                "recipe": part.recipe.model_dump(mode="json"),
                "prompt": prompt_text(part.recipe),
                "lexicons": [load_lexicon(source.source).fingerprint for source in part.recipe.lexicons.values()],
            }
            for part in (plan, *plan.lenders)
        ],
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)],
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def content_hash(splits: Mapping[str, Iterable[BinaryIO]]) -> str:
    """sha256 over the rows of every split in order, given as open files of JSON lines: equal ones are the same corpus,
    whatever the published files look like and however many there are. Closes the files."""
    digest = hashlib.sha256()
    for split, files in sorted(splits.items()):
        digest.update(f"{split}\n".encode())
        for rows in files:
            with rows:
                while part := rows.read(1 << 20):
                    digest.update(part)
    return digest.hexdigest()
