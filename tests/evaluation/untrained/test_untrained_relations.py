"""Untrained baselines for relations: the most requested type, and cue words of the statements."""

import json
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, read_benchmark
from corpusmith.evaluation.evaluate import evaluate
from corpusmith.evaluation.untrained.predictions import baseline_predictions
from corpusmith.evaluation.untrained.relations import always_related, by_cue_words
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.relation import RelationRecipe

STATEMENTS = {
    "raises": "{head} raises the level of {tail}",
    "inhibits": "{head} inhibits {tail}",
    "advice": "{head} should not be combined with {tail}",
}


def relation(*names: str, **keys: str) -> RelationRecipe:
    """A recipe's relation with some of the types; `inhibits` is asked for most often."""
    types = [
        {"name": name, "statements": [said], "weight": 1 + (name == "inhibits")}
        for name in names or STATEMENTS
        if (said := STATEMENTS.get(name, "{head} binds to {tail}"))
    ]
    given = {"head": "drug", "tail": "gene", "types": types, **keys}
    return RelationRecipe.model_validate(given)


ROWS = {
    "@DRUG$ is an inhibitor of @GENE$.": "inhibits",
    "Levels rose: @DRUG$ raises @GENE$, and inhibition was seen elsewhere.": "raises",
    "@DRUG$ did not inhibit @GENE$.": "none",
    "@DRUG$ should not be combined with @GENE$.": "advice",
    "@DRUG$ and @GENE$ were measured.": "none",
}


@pytest.fixture
def benchmark(tmp_path: Path) -> Benchmark:
    lines = (
        json.dumps({"id": str(number), "text": text, "label": label})
        for number, (text, label) in enumerate(ROWS.items())
    )
    (tmp_path / "dev.jsonl").write_text("\n".join(lines))
    return read_benchmark(str(tmp_path), "dev")


def labels(rows: object) -> list:
    return [row["label"] for row in rows]  # type: ignore[attr-defined]


def test_cue_words_give_the_type_of_the_nearest_word(benchmark: Benchmark) -> None:
    found = labels(by_cue_words(relation(), benchmark))
    assert [label or "none" for label in found] == list(ROWS.values())


def test_negated_finding_counts_where_the_recipe_counts_it(benchmark: Benchmark) -> None:
    counted = relation(negated="related")
    assert labels(by_cue_words(counted, benchmark))[2] == "inhibits"


def test_constant_answer_is_the_type_of_highest_weight(benchmark: Benchmark) -> None:
    assert set(labels(always_related(relation(), benchmark))) == {"inhibits"}
    assert set(labels(always_related(relation("binds", "raises"), benchmark))) == {"raises"}


def test_recipe_without_types_answers_related_and_has_no_cue_words(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"id": "1", "text": "@DRUG$ @GENE$", "label": 1}')
    data, pair = read_benchmark(str(tmp_path), "dev"), RelationRecipe(head="drug", tail="gene")
    assert labels(always_related(pair, data)) == [1]
    with pytest.raises(UserError, match="no relation types"):
        list(by_cue_words(pair, data))


def test_recipe_and_benchmark_without_a_common_type_are_refused(benchmark: Benchmark) -> None:
    with pytest.raises(UserError, match="they share none"):
        list(always_related(relation("binds"), benchmark))


def test_written_predictions_are_scored(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "text": "@CHEMICAL$ is an inhibitor of @GENE$.", "label": "inhibitor"},
        {"id": "2", "text": "@CHEMICAL$ is an agonist of @GENE$.", "label": "agonist"},
        {"id": "3", "text": "@CHEMICAL$ and @GENE$ were measured.", "label": "none"},
    ]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe, out = load_recipe("chemprot"), tmp_path / "found.jsonl"
    baseline_predictions(recipe, tmp_path, "dev", out, "cue-words")
    assert evaluate(str(out), str(tmp_path), "dev")["micro_f1"] == 100
    baseline_predictions(recipe, tmp_path, "dev", out)
    assert evaluate(str(out), str(tmp_path), "dev")["micro_f1"] == pytest.approx(40)


def test_unknown_baseline_names_those_of_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose always-related or cue-words"):
        baseline_predictions(load_recipe("chemprot"), tmp_path, "dev", tmp_path / "o", "dictionary")
