"""From a student, or a file of predictions, to the recipe of the next round."""

import json
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.quality.aim import aim, most_doubted
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from tests.answered import answer_all


@pytest.fixture
def dataset(ner_recipe: Path, tmp_path: Path) -> str:
    answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    build(str(ner_recipe), tmp_path / "dataset", tmp_path / "ledger.sqlite")
    return str(tmp_path / "dataset")


def test_a_students_doubts_of_held_out_rows_aim_the_next_round(
    ner_recipe: Path, dataset: str, encoder: Path, tmp_path: Path
) -> None:
    from corpusmith.training.config import TrainingConfig
    from corpusmith.training.loop import train

    train(dataset, str(encoder), tmp_path / "model", TrainingConfig(epochs=1, tracker="none"))
    out = tmp_path / "tiny-disease.round2.yaml"
    found = aim(str(ner_recipe), out, 40, model=str(tmp_path / "model"), dataset=dataset)
    facts = json.loads(
        (tmp_path / "tiny-disease.round2.uncertainty.json").read_text(encoding="utf-8")
    )
    held_out = [
        json.loads(line)["id"]
        for line in out.with_suffix(".predictions.jsonl").read_text().splitlines()
    ]
    assert facts["rows"] == len(held_out) == found.overall.rows > 5
    plan = Plan(load_recipe(str(ner_recipe)))
    assert all(
        plan.request(int(row.rpartition("-")[2])).split in ("validation", "test")
        for row in held_out
    )
    assert load_recipe(str(out)).rows == 40
    assert any(line.startswith("kinds: ") for line in most_doubted(found))


def test_one_source_of_doubts_is_needed_and_not_two(ner_recipe: Path, tmp_path: Path) -> None:
    for given in ({}, {"predicted": tmp_path / "p.jsonl", "model": "m"}):
        with pytest.raises(UserError, match="give either --predictions FILE"):
            aim(str(ner_recipe), tmp_path / "round2.yaml", 40, **given)
