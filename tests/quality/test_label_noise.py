"""Label noise: folds, students of a tiny encoder, their predictions, and the veto."""

import json
from pathlib import Path

import datasets
import numpy as np
import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.quality.label_noise import REASON, fold_dataset, fold_of, noise_veto, out_of_fold
from corpusmith.quality.predictions import originals, read_predictions
from corpusmith.quality.second_build import Run, build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.request import Request
from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import load_corpus
from tests.answered import answer_all

pytest.importorskip("cleanlab")
OPENINGS = (
    "In the families",
    "Among all controls",
    "At follow-up",
    "Before treatment",
    "In most of the carriers",
)


def fill(recipe: Path, ledger: Path) -> Path:
    """Answer every request; the openings of the sentences take turns."""

    def write(request: Request, names: str) -> str:
        share = f"{request.index + 3} of {2 * request.index + 9}"
        where = f"{OPENINGS[request.index % 5]} of region {request.index}"
        return f"{where} we found {names.replace('nothing', 'nothing of note')} in {share}"

    return answer_all(recipe, ledger, write)


def rows_of(out: Path, split: str, name: str = "tiny-disease") -> list[dict]:
    path = out / "data" / name / f"{split}-00000-of-00001.parquet"
    return datasets.Dataset.from_parquet(str(path), cache_dir=str(out / "cache")).to_list()


def write_predictions(path: Path, rows: list[dict], wrong: set[str], classes: int) -> Path:
    """Write confident predictions that differ from the labels only in the first one of `wrong`
    rows.
    """
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            labels = row["ner_tags"] if "ner_tags" in row else [row["label"]]
            chances = np.full((len(labels), classes), 0.02)
            for word, label in enumerate(labels):
                thought = (label + 1) % classes if row["id"] in wrong and word == 0 else label
                chances[word, thought] = 1 - 0.02 * (classes - 1)
            out.write(
                json.dumps({"id": row["id"], "labels": labels, "probabilities": chances.tolist()})
                + "\n"
            )
    return path


@pytest.fixture
def first(ner_recipe: Path, tmp_path: Path) -> dict:
    return build(str(ner_recipe), tmp_path / "first", fill(ner_recipe, tmp_path / "ledger.sqlite"))


def test_rows_flagged_as_label_noise_are_rejected_with_reason(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "first", "train")
    wrong = {rows[3]["id"], rows[8]["id"]}
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, wrong, 3)
    second = build(
        str(ner_recipe),
        tmp_path / "second",
        tmp_path / "ledger.sqlite",
        vetoes=[noise_veto(predictions, 3)],
    )
    assert {row["id"] for row in rows} - {
        row["id"] for row in rows_of(tmp_path / "second", "train")
    } == wrong
    assert second["rejected_by_reason"][REASON] == 2 == second["label_noise"]["rejected"]
    assert second["label_noise"]["judged"] == len(rows)
    counts = second["counts"]
    assert (
        counts["requests"]
        == counts["accepted"] + counts["rejected"] + counts["failed"] + counts["pending"]
    )
    assert counts["accepted"] == first["counts"]["accepted"] - 2
    files = f"{tmp_path}/second/data/rejected/tiny_disease-*.parquet"
    thrown = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))[
        "train"
    ]
    assert {row["request_id"] for row in thrown if row["reason"] == REASON} == wrong


def test_copies_are_rejected_with_their_source_row(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    text = ner_recipe.read_text(encoding="utf-8") + "augment: {replacements: 2}\n"
    ner_recipe.write_text(text, encoding="utf-8")
    build(str(ner_recipe), tmp_path / "copied", tmp_path / "ledger.sqlite")
    rows = rows_of(tmp_path / "copied", "train")
    copied = next(row["request_id"] for row in rows if row["id"] != row["request_id"])
    judged = [row for row in rows if row["id"] == row["request_id"]]
    predictions = write_predictions(tmp_path / "predictions.jsonl", judged, {copied}, 3)
    build(
        str(ner_recipe),
        tmp_path / "second",
        tmp_path / "ledger.sqlite",
        vetoes=[noise_veto(predictions, 3)],
    )
    assert copied not in {row["request_id"] for row in rows_of(tmp_path / "second", "train")}


def test_agreeing_student_rejects_nothing(first: dict, ner_recipe: Path, tmp_path: Path) -> None:
    predictions = write_predictions(
        tmp_path / "predictions.jsonl", rows_of(tmp_path / "first", "train"), set(), 3
    )
    second = build(
        str(ner_recipe),
        tmp_path / "second",
        tmp_path / "ledger.sqlite",
        vetoes=[noise_veto(predictions, 3)],
    )
    assert second["content_hash"] == first["content_hash"]
    assert second["label_noise"]["rejected"] == 0


def test_relation_rows_are_checked_by_their_label(relation_recipe: Path, tmp_path: Path) -> None:
    build(
        str(relation_recipe), tmp_path / "first", fill(relation_recipe, tmp_path / "ledger.sqlite")
    )
    rows = rows_of(tmp_path / "first", "train", "tiny-pairs")
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, {rows[2]["id"]}, 2)
    assert set(noise_veto(predictions, 2).ids) == {rows[2]["id"]}
    second = build(
        str(relation_recipe),
        tmp_path / "second",
        tmp_path / "ledger.sqlite",
        vetoes=[noise_veto(predictions, 2)],
    )
    assert second["rejected_by_reason"][REASON] == 1


def test_predictions_of_other_labels_are_refused(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "first", "train")
    rows[3]["ner_tags"] = [(tag + 1) % 3 for tag in rows[3]["ner_tags"]]
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, {rows[3]["id"]}, 3)
    with pytest.raises(UserError, match="judge the rows of this build"):
        build(
            str(ner_recipe),
            tmp_path / "second",
            tmp_path / "ledger.sqlite",
            vetoes=[noise_veto(predictions, 3)],
        )


def test_predictions_that_flag_most_rows_are_refused(first: dict, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "first", "train")
    predictions = write_predictions(
        tmp_path / "predictions.jsonl", rows, {row["id"] for row in rows[5:]}, 3
    )
    with pytest.raises(UserError, match=f"flags {len(rows) - 5} of {len(rows)} rows"):
        noise_veto(predictions, 3)


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"id": "a", "labels": [0]}',
        '{"id": "a", "labels": [0, 1], "probabilities": [[0.5, 0.5]]}',
        '{"id": "a", "labels": [2], "probabilities": [[0.5, 0.5]]}',
        '{"id": "a", "labels": [0], "probabilities": [[NaN, 0.5]]}',
        '{"id": "a", "labels": [0], "probabilities": [[0.1, 0.2, 0.7]]}',
    ],
)
def test_error_names_invalid_prediction_line(tmp_path: Path, line: str) -> None:
    sound = '{"id": "a", "labels": [0], "probabilities": [[0.5, 0.5]]}'
    (tmp_path / "p.jsonl").write_text(f"{sound}\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2"):
        noise_veto(tmp_path / "p.jsonl", 2)


def test_error_for_missing_or_empty_file_names_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="corpusmith noise DATASET"):
        noise_veto(tmp_path / "p.jsonl", 2)
    (tmp_path / "p.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no prediction"):
        noise_veto(tmp_path / "p.jsonl", 2)


def test_one_fold_is_refused(ner_recipe: Path) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "filters: {label_noise: 1}\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match=r"filters\.label_noise: one fold leaves no training data"):
        load_recipe(str(ner_recipe))


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


def test_every_answer_has_one_out_of_fold_prediction(
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


def test_fold_does_not_train_on_its_test_rows_or_their_copies(dataset: str, tmp_path: Path) -> None:
    corpus = load_corpus(dataset, ("train", "validation", "test"))
    rows = {split: originals(part) for split, part in corpus.splits.items()}
    for fold in range(3):
        source = fold_dataset(corpus, rows, fold, 3, tmp_path / str(fold))
        trained = load_corpus(source).splits["train"]
        assert trained.num_rows and all(
            fold_of(request, 3) != fold for request in trained["request_id"]
        )
        assert list(trained["id"]) == list(trained["request_id"])


def test_out_of_fold_with_one_fold_is_refused(dataset: str, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--folds 1"):
        out_of_fold(dataset, 1, str(encoder), QUICK, tmp_path / "p.jsonl")


@pytest.mark.slow
def test_label_noise_filter_predicts_once_and_removes_flagged_rows(
    ner_recipe: Path, ledger: Path, encoder: Path, tmp_path: Path
) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "filters: {label_noise: 2}\n", encoding="utf-8"
    )
    settings = {"epochs": 12, "learning_rate": 5e-3, "keep_last": False, "outside_bias": 0.0}
    home = tmp_path / "home"
    run = Run(home, str(encoder), ledger, settings=settings)
    facts = build_twice(str(ner_recipe), home / "dataset", run)
    (predictions,) = home.glob("predictions-*.jsonl")
    written = predictions.stat().st_mtime_ns
    assert facts["label_noise"]["judged"] > 40
    rejected = facts["rejected_by_reason"].get("label noise (cleanlab)", 0)
    assert facts["label_noise"]["rejected"] == rejected
    kept = json.loads((home / "dataset" / "build.json").read_text())["label_noise"]
    assert kept == facts["label_noise"]
    assert build_twice(str(ner_recipe), home / "dataset", run) == facts
    assert predictions.stat().st_mtime_ns == written
