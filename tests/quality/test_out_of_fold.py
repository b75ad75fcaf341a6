"""Folds, students and their predictions: on a tiny corpus, by a tiny encoder that is really trained."""

import json
from pathlib import Path

import pytest

from corpusmith import pipeline
from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.pipeline import built
from corpusmith.quality.out_of_fold import fold_dataset, fold_of, originals, out_of_fold
from corpusmith.quality.predictions import read_predictions
from corpusmith.recipe.load import load_recipe
from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import load_corpus
from tests.answered import answer_all

QUICK = TrainingConfig(epochs=1, tracker="none")


@pytest.fixture
def ledger(ner_recipe: Path, tmp_path: Path) -> Path:
    """Every request of the tiny recipe answered, and two copies of each mention's row."""
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "augment: {replacements: 2}\n", encoding="utf-8"
    )
    answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def dataset(ner_recipe: Path, ledger: Path, tmp_path: Path) -> str:
    build(str(ner_recipe), tmp_path / "dataset", ledger)
    return str(tmp_path / "dataset")


def test_every_answer_is_judged_once_by_a_student_that_never_saw_it(
    dataset: str, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "predictions.jsonl"
    done = out_of_fold(dataset, 2, str(encoder), QUICK, out)
    corpus = load_corpus(dataset, ("train", "validation", "test"))
    answers = [
        row["id"]
        for part in corpus.splits.values()
        for row in part
        if row["id"] == row["request_id"]
    ]
    judged = list(read_predictions(out, 3))
    assert [row.id for row in judged] == answers and done["rows"] == len(answers)
    assert all(abs(row.probabilities.sum(axis=1) - 1).max() < 0.001 for row in judged)
    assert not (tmp_path / "predictions-folds").exists()


def test_a_fold_trains_on_no_row_that_it_judges_and_on_no_copy(
    dataset: str, tmp_path: Path
) -> None:
    corpus = load_corpus(dataset, ("train", "validation", "test"))
    rows = {split: originals(part) for split, part in corpus.splits.items()}
    for fold in range(3):
        source = fold_dataset(corpus, rows, fold, 3, tmp_path / str(fold))
        trained = load_corpus(source).splits["train"]
        assert trained.num_rows and all(
            fold_of(request, 3) != fold for request in trained["request_id"]
        )
        assert list(trained["id"]) == list(trained["request_id"])


def test_one_fold_is_refused(dataset: str, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--folds 1"):
        out_of_fold(dataset, 1, str(encoder), QUICK, tmp_path / "p.jsonl")


@pytest.mark.slow
def test_the_switch_of_a_recipe_judges_once_and_builds_without_the_noise(
    ner_recipe: Path, ledger: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"epochs": 12, "learning_rate": 5e-3, "tracker": "none"}
    monkeypatch.setattr(pipeline, "task_settings", lambda task: settings)
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "filters: {label_noise: 2}\n", encoding="utf-8"
    )
    recipe = load_recipe(str(ner_recipe))
    arguments = (
        str(ner_recipe),
        recipe,
        tmp_path / "home",
        str(encoder),
        ledger,
        None,
        "http://127.0.0.1:9",
    )
    facts = built(*arguments)
    written = (tmp_path / "home" / "predictions.jsonl").stat().st_mtime_ns
    assert facts["label_noise"]["judged"] > 40
    assert facts["label_noise"]["rejected"] == facts["rejected_by_reason"].get(
        "label noise (cleanlab)", 0
    )
    assert (
        json.loads((tmp_path / "home" / "dataset" / "build.json").read_text())["label_noise"]
        == facts["label_noise"]
    )
    assert built(*arguments) == facts
    assert (tmp_path / "home" / "predictions.jsonl").stat().st_mtime_ns == written
