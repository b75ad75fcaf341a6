"""A tiny recipe with a small benchmark, and a ledger with an answer to each request."""

import json
from pathlib import Path

import pytest
import yaml

from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from tests.evidence.reported import real_row

OPENINGS = [
    "In the families",
    "Among all controls",
    "At follow-up",
    "Before treatment",
    "In most of the carriers",
]


def answer_of(request: Request) -> str:
    """Write a valid answer to the request; every seventh answer is unusable."""
    if request.index % 7 == 6:
        return f"Sure, here it is: {request.index}"
    names = " and ".join(seed.text for seed in request.seeds) or "nothing of note"
    opening = OPENINGS[request.index % 5]
    share = f"{request.index + 3} of {2 * request.index + 9}"
    return f"{opening} of region {request.index} we found {names} in {share} persons"


@pytest.fixture
def benchmarks(tmp_path: Path) -> Path:
    folder = tmp_path / "benchmarks" / "ner" / "tiny"
    folder.mkdir(parents=True)
    for split, rows in (("train", 40), ("dev", 24)):
        lines = "".join(json.dumps(real_row(number, split)) + "\n" for number in range(rows))
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path / "benchmarks"


@pytest.fixture
def recipe(ner_recipe: Path) -> Path:
    """The tiny recipe with a benchmark, and with rows made by replacement."""
    content = yaml.safe_load(ner_recipe.read_text(encoding="utf-8"))
    content |= {"benchmarks": ["ner/tiny"], "augment": {"replacements": 2, "contrasts": 1}}
    ner_recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return ner_recipe


@pytest.fixture
def ledger(recipe: Path, tmp_path: Path) -> Path:
    requests = list(Plan(load_recipe(str(recipe))).requests())
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        opened.record(
            Answer(payload_key(request.payload), answer_of(request)) for request in requests
        )
    return tmp_path / "ledger.sqlite"
