"""Derive the second round's recipe from a student or a file of predictions."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept, Lexicon, boosted
from corpusmith.quality.predictions import Prediction
from corpusmith.quality.second_round import (
    MOST,
    aim,
    aimed_recipe,
    most_doubted,
    with_doubted,
    write_recipe,
)
from corpusmith.quality.uncertainty import Uncertainty, doubt_of, uncertainty_by_group
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.payload import payload_key
from tests.answered import answer_all


def judged(request: Request, doubt: float) -> Prediction:
    """A sentence of three words. The student is uncertain about the last, a mention."""
    chances = np.array([[0.98, 0.01, 0.01], [0.98, 0.01, 0.01], [doubt / 2, 1 - doubt, doubt / 2]])
    return Prediction(request.id, (0, 0, 1), chances)


def doubted(recipe: Path, doubts: Callable[[Request], bool]) -> Uncertainty:
    """A student that is uncertain about the rows of some requests and certain about the others."""
    plan = Plan(load_recipe(str(recipe)))
    requests = [plan.request(i) for i in range(plan.recipe.rows)]
    return uncertainty_by_group(
        plan.recipe, (judged(r, 0.9 if doubts(r) else 0.1) for r in requests)
    )


def aimed(recipe: Path, found: Uncertainty, tmp_path: Path, rows: int = 400) -> Plan:
    write_recipe(aimed_recipe(str(recipe), found, rows), tmp_path / "round2.yaml")
    return Plan(load_recipe(str(tmp_path / "round2.yaml")))


def own(plan: Plan) -> list[Request]:
    return [plan.request(i) for i in range(plan.recipe.rows)]


def test_uncertainty_is_measured_on_gold_and_predicted_mentions() -> None:
    sure, unsure = [0.9, 0.05, 0.05], [0.6, 0.3, 0.1]
    assert doubt_of(Prediction("a", (0, 1), np.array([sure, [0.2, 0.7, 0.1]]))) == pytest.approx(
        0.3
    )
    assert doubt_of(Prediction("a", (0, 0), np.array([sure, [0.2, 0.7, 0.1]]))) == pytest.approx(
        0.8
    )
    assert doubt_of(Prediction("a", (0, 0), np.array([sure, unsure]))) == pytest.approx(0.4)
    assert doubt_of(Prediction("a", (1,), np.array([[0.25, 0.75]]))) == pytest.approx(0.25)


def test_uncertain_kind_is_requested_more_often(ner_recipe: Path, tmp_path: Path) -> None:
    found = doubted(ner_recipe, lambda request: request.kind.name == "with gene")
    before = Counter(
        r.kind.name
        for r in own(Plan(load_recipe(str(ner_recipe)).model_copy(update={"rows": 400})))
    )
    after = Counter(r.kind.name for r in own(aimed(ner_recipe, found, tmp_path)))
    assert after["with gene"] > 1.4 * before["with gene"]
    assert after["mention"] < before["mention"]


def test_uncertain_branch_and_concept_are_drawn_more_often(
    ner_recipe: Path, tmp_path: Path
) -> None:
    plan = Plan(load_recipe(str(ner_recipe)))
    drawn = Counter(r.seeds[0].concept_id for r in own(plan) if r.seeds and r.split == "train")
    rare = min(drawn, key=lambda concept_id: (drawn[concept_id], concept_id))
    found = doubted(
        ner_recipe, lambda request: any(seed.concept_id == rare for seed in request.seeds)
    )
    round2 = aimed(ner_recipe, found, tmp_path)
    longer = Plan(plan.recipe.model_copy(update={"rows": 400}))
    counts = [
        Counter(s.concept_id for r in own(p) for s in r.seeds if r.split == "train")
        for p in (longer, round2)
    ]
    assert counts[1][rare] > counts[0][rare]
    assert round2.recipe.lexicons["disease"].boost[rare] > 1


def test_only_train_concepts_are_boosted(ner_recipe: Path) -> None:
    content = aimed_recipe(str(ner_recipe), doubted(ner_recipe, lambda r: r.split != "train"), 50)
    concepts = Plan(load_recipe(str(ner_recipe))).lexicons["disease"].by_id
    boosted_ids = [
        name for name in content["lexicons"]["disease"].get("boost", {}) if name in concepts
    ]
    assert all(concepts[name].fold in SPLIT_FOLDS["train"] for name in boosted_ids)


def test_uncertain_topics_are_listed_twice(ner_recipe: Path) -> None:
    text = ner_recipe.read_text(encoding="utf-8").replace(
        "- heredity", "- heredity\n  - diet\n  - surgery"
    )
    ner_recipe.write_text(text, encoding="utf-8")
    found = doubted(ner_recipe, lambda request: request.attributes["topic"] == "diet")
    assert with_doubted(("heredity", "diet", "surgery"), found) == [
        "heredity",
        "diet",
        "surgery",
        "diet",
    ]
    assert with_doubted("sections", found) == "sections"


def test_second_round_has_new_requests_and_borrows_first_answers(
    ner_recipe: Path, tmp_path: Path
) -> None:
    first = Plan(load_recipe(str(ner_recipe)))
    round2 = aimed(
        ner_recipe, doubted(ner_recipe, lambda request: bool(request.seeds)), tmp_path, rows=40
    )
    assert round2.recipe.name == "tiny-disease-round2" and len(round2) == 40 + 60
    assert round2.recipe.seed != first.recipe.seed
    new = {payload_key(request.payload) for request in own(round2)}
    assert len(new) == 40
    borrowed = [round2.request(40 + i).payload for i in range(60)]
    assert borrowed == [request.payload for request in own(first)]
    assert round2.request(7) == round2.request(7)


def test_third_round_borrows_from_both_earlier_rounds(ner_recipe: Path, tmp_path: Path) -> None:
    found = doubted(ner_recipe, lambda request: bool(request.seeds))
    write_recipe(aimed_recipe(str(ner_recipe), found, 40), tmp_path / "round2.yaml")
    content = aimed_recipe(str(tmp_path / "round2.yaml"), found, 30)
    assert content["name"] == "tiny-disease-round3"
    assert [Path(name).name for name in content["borrow"]] == ["round2.yaml", "tiny-disease.yaml"]
    write_recipe(content, tmp_path / "round3.yaml")
    assert len(Plan(load_recipe(str(tmp_path / "round3.yaml")))) == 30 + 40 + 60


def test_weight_change_is_bounded_for_few_rows(ner_recipe: Path) -> None:
    found = doubted(ner_recipe, lambda request: request.index == 3)
    kinds = {
        kind["name"]: kind["weight"] for kind in aimed_recipe(str(ner_recipe), found, 40)["kinds"]
    }
    assert all(weight / old <= MOST for weight, old in zip(kinds.values(), (3, 1, 2), strict=True))
    facts = found.facts()
    assert facts["rows"] == 60 and facts["doubt"] == pytest.approx(0.1133, abs=0.001)
    assert sum(figures["rows"] for figures in facts["kinds"].values()) == 60
    assert json.dumps(facts)


def test_second_round_aims_at_relations(relation_recipe: Path, tmp_path: Path) -> None:
    plan = Plan(load_recipe(str(relation_recipe)))
    rows = (
        Prediction(r.id, (1,), np.array([[0.9, 0.1] if r.kind.name == "link" else [0.1, 0.9]]))
        for r in own(plan)
    )
    content = aimed_recipe(str(relation_recipe), uncertainty_by_group(plan.recipe, rows), 50)
    weights = {kind["name"]: kind["weight"] for kind in content["kinds"]}
    assert weights["link"] > 1 > weights["none"]
    assert [kind["label"] for kind in content["kinds"]] == ["related", "unrelated"]
    write_recipe(content, tmp_path / "round2.yaml")


def test_predictions_of_another_recipe_are_refused(ner_recipe: Path) -> None:
    with pytest.raises(UserError, match="none of the predictions is of a row of tiny-disease"):
        uncertainty_by_group(
            load_recipe(str(ner_recipe)),
            [Prediction("other-0000001", (0,), np.array([[1.0, 0.0, 0.0]]))],
        )


def test_existing_recipe_is_not_overwritten(ner_recipe: Path) -> None:
    with pytest.raises(UserError, match="exists: choose another name"):
        write_recipe({"extends": str(ner_recipe)}, ner_recipe)


def test_invalid_recipe_is_not_written(ner_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown key"):
        write_recipe({"extends": str(ner_recipe), "colour": "red"}, tmp_path / "bad.yaml")
    assert not (tmp_path / "bad.yaml").exists()


def test_boost_of_id_overrides_strongest_branch() -> None:
    concepts = tuple(
        Concept(f"D:{i}", (f"n{i}",), types)
        for i, types in enumerate([("C04.5.1", "C10.2"), ("C04.5",), ("C05",)])
    )
    lexicon = Lexicon("x", "1", "", "", concepts)
    weights = [
        c.weight
        for c in boosted(lexicon, {"C04": 2.0, "C10": 3.0, "C04.5": 0.5, "D:1": 7.0}).concepts
    ]
    assert weights == [3.0, 7.0, 1.0]
    assert boosted(lexicon, {}) is lexicon


def test_boost_of_zero_is_refused(ner_recipe: Path) -> None:
    content = yaml.safe_load(ner_recipe.read_text(encoding="utf-8"))
    content["lexicons"]["disease"]["boost"] = {"C04": 0}
    ner_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(UserError, match=r"boost\.C04: Input should be greater than 0"):
        load_recipe(str(ner_recipe))


@pytest.fixture
def dataset(ner_recipe: Path, tmp_path: Path) -> str:
    answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    build(str(ner_recipe), tmp_path / "dataset", tmp_path / "ledger.sqlite")
    return str(tmp_path / "dataset")


def test_uncertainty_on_held_out_rows_aims_second_round(
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


def test_exactly_one_source_of_uncertainty_is_required(ner_recipe: Path, tmp_path: Path) -> None:
    for given in ({}, {"predicted": tmp_path / "p.jsonl", "model": "m"}):
        with pytest.raises(UserError, match="give either --predictions FILE"):
            aim(str(ner_recipe), tmp_path / "round2.yaml", 40, **given)


def test_second_round_borrows_all_of_the_first_where_the_recipe_limits_borrowing(
    ner_recipe: Path, tmp_path: Path
) -> None:
    text = ner_recipe.read_text(encoding="utf-8")
    ner_recipe.write_text(f"{text}most_borrowed: 1\n", encoding="utf-8")
    round2 = aimed(
        ner_recipe, doubted(ner_recipe, lambda request: bool(request.seeds)), tmp_path, rows=20
    )
    assert len(round2) == 20 + 60
