"""Prove a release: a fresh process loads corpus and model from the Hub, and uses them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.hub.release import Release
from corpusmith.processes import SAFE_PATH
from corpusmith.recipe.schema import Recipe

# The code that a user would type. It runs without this package and without the user's account. The
# model reads a sentence of the corpus's own test split: the first with a mention or a link.
PROGRAM = """
import json, sys
from datasets import load_dataset
from transformers import pipeline
asked = json.loads(sys.argv[1])
corpus = load_dataset(asked["dataset"], asked["config"], revision=asked["revision"])
model = pipeline(
    asked["task"], model=asked["model"], revision=asked["model_revision"], **asked["options"]
)
unseen = corpus["test"] if "test" in corpus else next(reversed(corpus.values()))
marked = (row["text"] for row in unseen if row[asked["marked_by"]])
text = next(marked, unseen[0]["text"])
print(json.dumps({
    "rows": {split: rows.num_rows for split, rows in corpus.items()},
    "first": corpus["train"][0]["text"],
    "text": text,
    "answer": model(text),
}, default=float))
"""


def prove(
    endpoint: str,
    releases: Sequence[tuple[Recipe, Release, Release]],
    root: Path,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Load each (recipe, dataset, model) from the Hub and print the result.

    Raises:
        UserError: one of them does not load.
    """
    proofs = []
    for recipe, dataset, model in releases:
        ner = recipe.task == "ner"
        asked = {
            "dataset": dataset.repo_id,
            "config": recipe.name,
            "revision": dataset.version,
            "task": "token-classification" if ner else "text-classification",
            "model": model.repo_id,
            "model_revision": model.version,
            "options": {"aggregation_strategy": "first"} if ner else {},
            "marked_by": "entities" if ner else "label",
        }
        proofs.append(in_fresh_process(endpoint, asked))
        say(proof_text(asked, proofs[-1]))
    return proofs


def in_fresh_process(endpoint: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Run the program in an empty folder, with an environment of its own."""
    with tempfile.TemporaryDirectory(prefix="corpusmith-proof-") as home:
        environment = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": home,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HOME": home,
            **SAFE_PATH,
        }
        environment |= {
            name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ
        }
        finished = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(asked)],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
        )
    if finished.returncode:
        raise UserError(
            f"{asked['dataset']} or {asked['model']} does not load from "
            f"{endpoint}:\n{finished.stderr[-2000:]}"
        )
    return dict(json.loads(finished.stdout.splitlines()[-1]))


def proof_text(asked: dict[str, Any], proof: dict[str, Any]) -> str:
    """The two calls of the proof, each with its result."""
    rows = ", ".join(f"{split} {count}" for split, count in proof["rows"].items())
    found = [
        f"{entity['entity_group']} {entity['word']!r} {entity['score']:.2f}"
        if "word" in entity
        else f"{entity['label']} {entity['score']:.2f}"
        for entity in proof["answer"]
    ]
    dataset, config, revision = asked["dataset"], asked["config"], asked["revision"]
    task, model, model_revision = asked["task"], asked["model"], asked["model_revision"]
    return (
        f'\n  load_dataset("{dataset}", "{config}", revision="{revision}")\n'
        f"    rows      {rows}\n"
        f"    first     {proof['first']}\n"
        f'  pipeline("{task}", model="{model}", revision="{model_revision}")\n'
        f"    text      {proof['text']}\n"
        f"    answer    {'; '.join(found) or 'nothing found'}"
    )
