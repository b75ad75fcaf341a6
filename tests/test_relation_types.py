"""Directed relation types of one lexicon, end to end: corpus, model, evaluation, release."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from datasets import load_dataset

from corpusmith.inference import Entity, RelationClassifier
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from tests.answered import answer_all

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
TYPES = [
    {"name": "raises", "statements": ["{head} raises the level of {tail}"]},
    {"name": "blocks", "statements": ["{head} blocks the uptake of {tail}"]},
]


def answer(request: Request) -> str:
    """A unique sentence that contains the requested names verbatim."""
    prompt = request.payload["messages"][-1]["content"]
    statement = prompt.partition("written exactly like that.")[2].strip().rstrip(".")
    if request.kind.claim == "absent":
        statement = " and ".join(seed.text for seed in request.seeds) + " were measured"
    said = re.sub(r"^(State|Report|Conclude|Suggest|Say|Name)\b.*?\bthat ", "", statement)
    said = re.sub(r", and (then|likewise) .*? that ", ", and ", said.replace(" and that ", " and "))
    if request.kind.claim == "negated":
        said = f"there was no evidence that {said}"
    return f"In group {request.index} of the {3 * request.index + 7} rats {said}."


def stated(sentence: str) -> dict[tuple[str, str], str]:
    """The type of each pair of names that a sentence of `answer` relates."""
    found = re.findall(r"(\w+) (raises the level|blocks the uptake) of (\w+)", sentence)
    return {(head, tail): said.split()[0] for head, said, tail in found}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    starts = ("abca", "duro", "feli", "gano", "hemi", "jora", "kelu", "mavo", "nepi", "osti")
    ends = ("mol", "pril", "statin", "vir", "zine", "dol", "mycin", "olol", "azole", "tide")
    names = [start + end for start in starts for end in ends]
    (tmp_path / "drugs.txt").write_text("\n".join(names), encoding="utf-8")
    content = {
        "name": "drug-pairs",
        "title": "What one drug does to another",
        "task": "relations",
        "relation": {"head": "drug", "tail": "drug", "types": TYPES},
        "lexicons": {"drug": {"source": str(tmp_path / "drugs.txt")}},
        "prompt": "re.v1",
        "teacher": {"model": "tiny-teacher"},
        "rows": 200,
        "filters": {"near_duplicates": 1.0},
    }
    path = tmp_path / "drug-pairs.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_direction_and_masks_are_kept_from_recipe_to_release(
    recipe: Path, encoder: Path, tmp_path: Path
) -> None:
    ledger = answer_all(recipe, tmp_path / "ledger.sqlite", lambda request, _: answer(request))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    line = [
        sys.executable,
        "-m",
        "corpusmith",
        "run",
        str(recipe),
        "--root",
        str(tmp_path / "runs"),
    ]
    line += ["--encoder", str(encoder), "--ledger", str(ledger)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    folder = tmp_path / "runs" / "drug-pairs"
    rows = load_dataset("parquet", data_dir=str(folder / "dataset" / "data" / "drug-pairs"))
    by_request = {request.id: request for request in Plan(load_recipe(str(recipe))).requests()}
    names = rows["train"].features["label"].names
    assert names == ["none", "raises", "blocks"]
    checked: Counter[str] = Counter()
    for row in (row for split in rows.values() for row in split):
        head, tail = row["head"], row["tail"]
        assert row["source_text"][head["start"] : head["end"]] == head["text"]
        assert sorted(re.findall(r"@DRUG[12]\$", row["text"])) == ["@DRUG1$", "@DRUG2$"]
        assert (row["text"].index("@DRUG1$") < row["text"].index("@DRUG2$")) == (
            head["start"] < tail["start"]
        )
        asked = by_request[row["request_id"]]
        if row["id"] == row["request_id"]:
            assert [seed.text for seed in asked.seeds[:2]] == [head["text"], tail["text"]]
        label = names[row["label"]]
        if asked.kind.claim == "stated":
            said = stated(row["source_text"])
            assert said.get((head["text"], tail["text"]), "none") == label, row
            checked[label] += 1
    assert min(checked[name] for name in names) > 10

    config = json.loads((folder / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["corpusmith"]["head"] == config["corpusmith"]["tail"] == "DRUG"
    assert config["corpusmith"]["symmetric"] == []
    text = "abcamol raises the level of felivir."
    pair = [
        Entity(text.index(n), text.index(n) + 7, "drug", n, 1.0) for n in ("abcamol", "felivir")
    ]
    both = [
        RelationClassifier.from_pretrained(folder / "model", **options).extract(text, pair)
        for options in ({"backend": "torch"}, {"backend": "onnx", "quantized": False})
    ]
    for found in both:
        assert {(r.head.text, r.tail.text) for r in found} == {
            ("abcamol", "felivir"),
            ("felivir", "abcamol"),
        }
    assert [r.label for r in both[0]] == [r.label for r in both[1]]
    report = json.loads(
        (folder / "model" / "evaluation" / "synthetic-test.json").read_text(encoding="utf-8")
    )
    assert report["classes"] == ["none", "blocks", "raises"] and "micro_f1" in report
