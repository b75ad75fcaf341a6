"""The report of a recipe with several relation types: micro F1, untrained baselines, students."""

import json
from pathlib import Path

import pytest
import yaml

from corpusmith.evidence.plans import Choices
from corpusmith.evidence.report import report
from corpusmith.quality.second_build import Run
from corpusmith.recipe.request import Request
from tests.answered import answer_all

TYPES = [
    {"name": "inhibits", "statements": ["{head} inhibits {tail}"], "weight": 2},
    {"name": "activates", "statements": ["{head} activates {tail}"]},
]
SAID = {"inhibits": "inhibits", "activates": "activates", "none": "was measured beside"}


@pytest.fixture
def benchmarks(tmp_path: Path) -> Path:
    folder = tmp_path / "benchmarks" / "re" / "typed"
    folder.mkdir(parents=True)
    for split, rows in (("train", 30), ("dev", 20)):
        lines = []
        for number in range(rows):
            label = list(SAID)[number % 3]
            text = f"In cohort {number} of {split}, @GENE$ {SAID[label]} @DISEASE$."
            lines.append(json.dumps({"id": f"{split}-{number}", "text": text, "label": label}))
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "benchmarks"


@pytest.fixture
def recipe(relation_recipe: Path) -> Path:
    content = yaml.safe_load(relation_recipe.read_text(encoding="utf-8"))
    content |= {"relation": {"head": "gene", "tail": "disease", "types": TYPES}, "rows": 200}
    content["benchmarks"] = ["re/typed"]
    del content["kinds"], content["attributes"]
    relation_recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return relation_recipe


def answer(request: Request, names: str) -> str:
    """What a kind states, in a sentence of its own."""
    if request.kind.claim == "absent":
        return f"Of {request.index} persons {names} were known"
    said = request.attributes["statement"].split(" that ", 1)[-1].rstrip(".")
    no = "no evidence that " if request.kind.claim == "negated" else ""
    return f"In {request.index} of {2 * request.index + 9} persons, {no}{said}"


def test_untrained_baselines_and_llm_are_scored_by_micro_f1(
    recipe: Path, benchmarks: Path, tmp_path: Path
) -> None:
    ledger = answer_all(recipe, tmp_path / "ledger.sqlite", answer)
    llm = tmp_path / "llm.jsonl"
    rows = [{"id": f"dev-{number}", "label": list(SAID)[number % 3]} for number in range(9)]
    llm.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    run = Run(tmp_path / "report", ledger=ledger, benchmarks=benchmarks)
    asked = Choices(only=("baselines",), systems=(), zero_shot=llm)
    section = report(str(recipe), run, asked, print)["sections"]["baselines"]
    scores = {row["system"]: row["figures"] for row in section["rows"]}
    assert scores["cue-words"]["micro_f1"] == scores["zero-shot"]["micro_f1"] == 100
    assert scores["always-related"]["micro_f1"] == pytest.approx(200 * 7 / (20 + 14))
    (zero_shot,) = (row for row in section["rows"] if row["system"] == "zero-shot")
    assert list(zero_shot["above"]) == ["cue-words"]  # the best untrained baseline
    page = (tmp_path / "report" / "README.md").read_text(encoding="utf-8")
    assert "Micro F1" in page and "Cue words of the recipe's statements" in page
    assert "Macro F1" not in page


@pytest.mark.slow
def test_students_on_synthetic_and_real_rows_are_scored_by_micro_f1(
    recipe: Path, benchmarks: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    ledger = answer_all(recipe, tmp_path / "ledger.sqlite", answer)
    run = Run(
        tmp_path / "report",
        str(tiny_encoder),
        ledger,
        benchmarks=benchmarks,
        settings={"epochs": 1, "tracker": "none"},
    )
    asked = Choices(only=("baselines", "curve"), systems=("synthetic", "gold"), seeds=(1,))
    sections = report(str(recipe), run, asked, print)["sections"]
    rows = {row["system"]: row for row in sections["baselines"]["rows"]}
    assert {"synthetic", "gold"} < set(rows)
    assert 0 <= rows["gold"]["figures"]["micro_f1"] <= 100
    assert rows["gold"]["training_rows"] == 27  # every tenth real row is held out
    assert sections["curve"]["line"]["system"] == "cue-words"
