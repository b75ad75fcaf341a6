"""A small corpus with answers of every outcome, for tests of builds over many tasks."""

import json
import random
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.corpus.scale.answers import write_answers
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Failure, Ledger
from corpusmith.teacher.payload import payload_key

ROWS = 120
WORDS = [
    "carriers",
    "of",
    "the",
    "variant",
    "showed",
    "reduced",
    "expression",
    "in",
    "liver",
    "cells",
    "while",
]
SAID = "Nothing was said before of the families that we had followed for years in this clinic."
LEAKED = "Heart rate and weight were written down each morning before the first meal of the day."


@pytest.fixture(scope="session")
def small_recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text(
        f"extends: ncbi-disease\nname: small\ntitle: A small corpus\nrows: {ROWS}\nborrow: []\n"
    )
    return path


@pytest.fixture(scope="session")
def small_ledger(small_recipe: Path) -> Path:
    """Answers: good, without a seed, repeated, nearly repeated, benchmark text, failed, pending."""
    rng = random.Random(7)
    path = small_recipe.parent / "ledger.sqlite"
    with Ledger(path) as opened:
        for request in Plan(load_recipe(str(small_recipe))).requests():
            if request.index % 17 == 3:
                continue
            key = payload_key(request.payload)
            opened.add([(key, request.payload)])
            if request.index % 23 == 5:
                opened.fail([Failure(key, "content filter", 1)])
                continue
            words = [rng.choice(WORDS) for _ in range(rng.randrange(9, 25))]
            if request.index % 13:
                for seed in request.seeds:
                    words.insert(rng.randrange(1, len(words)), seed.text)
            text = " ".join(words).capitalize() + "." * (request.index % 5 > 0)
            if not request.seeds and request.index % 3 < 2:
                repeated = SAID if request.index % 2 else SAID.replace("clinic", "hospital")
                text = LEAKED if request.index % 3 else repeated
            opened.record([Answer(key, text, prompt_tokens=200, completion_tokens=30)])
    return path


@pytest.fixture(scope="session")
def small_benchmarks(small_recipe: Path) -> Path:
    folder = small_recipe.parent / "benchmarks" / "ner" / "ours"
    folder.mkdir(parents=True)
    tokens = LEAKED[:-1].split()
    (folder / "dev.jsonl").write_text(
        json.dumps({"id": "b1", "tokens": tokens, "ner_tags": ["O"] * len(tokens)})
    )
    return folder.parent.parent


@pytest.fixture(scope="session")
def small_build(
    small_recipe: Path, small_ledger: Path, small_benchmarks: Path
) -> tuple[Path, dict]:
    """Build them in one process: the dataset folder and the content of its build.json."""
    out = small_recipe.parent / "one"
    return out, build(str(small_recipe), out, small_ledger, small_benchmarks)


@pytest.fixture(scope="session")
def small_answers(small_recipe: Path, small_ledger: Path) -> Path:
    """The same answers in three files, as three tasks of `generate` write them."""
    folder = small_recipe.parent / "answers"
    folder.mkdir()
    with Ledger(small_ledger) as opened:
        for shard in range(3):
            with (folder / f"answers-{shard:05d}.jsonl").open("w") as out:
                write_answers(Plan(load_recipe(str(small_recipe))), opened, out, shard, 3)
    return folder
