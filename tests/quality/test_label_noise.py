import json
from pathlib import Path

import datasets
import numpy as np
import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.quality.label_noise import REASON, find_noise
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key

pytest.importorskip("cleanlab")
OPENINGS = (
    "In the families",
    "Among all controls",
    "At follow-up",
    "Before treatment",
    "In most of the carriers",
)


def fill(recipe: Path, ledger: Path) -> Path:
    requests = list(Plan(load_recipe(str(recipe))).requests())
    with Ledger(ledger) as opened:
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        for r in requests:
            names = " and ".join(seed.text for seed in r.seeds) or "nothing of note"
            found = f"{OPENINGS[r.index % 5]} of region {r.index} we found {names} in {r.index + 3} of {2 * r.index + 9}"
            opened.record([Answer(payload_key(r.payload), found)])
    return ledger


def rows_of(out: Path, split: str, name: str = "tiny-disease") -> list[dict]:
    path = out / "data" / name / f"{split}-00000-of-00001.parquet"
    return datasets.Dataset.from_parquet(str(path), cache_dir=str(out / "cache")).to_list()


def write_predictions(path: Path, rows: list[dict], wrong: set[str], classes: int) -> Path:
    """A sure student that agrees with every label, but for the first word of the rows that are `wrong`."""
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


def test_rows_that_a_student_denies_are_rejected_with_the_reason(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "first", "train")
    wrong = {rows[3]["id"], rows[8]["id"]}
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, wrong, 3)
    second = build(
        str(ner_recipe), tmp_path / "second", tmp_path / "ledger.sqlite", noise=predictions
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


def test_copies_go_with_the_row_they_were_made_of(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    text = ner_recipe.read_text(encoding="utf-8") + "augment: {replacements: 2}\n"
    ner_recipe.write_text(text, encoding="utf-8")
    build(str(ner_recipe), tmp_path / "copied", tmp_path / "ledger.sqlite")
    rows = rows_of(tmp_path / "copied", "train")
    copied = next(row["request_id"] for row in rows if row["id"] != row["request_id"])
    judged = [row for row in rows if row["id"] == row["request_id"]]
    predictions = write_predictions(tmp_path / "predictions.jsonl", judged, {copied}, 3)
    build(str(ner_recipe), tmp_path / "second", tmp_path / "ledger.sqlite", noise=predictions)
    assert copied not in {row["request_id"] for row in rows_of(tmp_path / "second", "train")}


def test_a_student_that_agrees_rejects_nothing(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    predictions = write_predictions(
        tmp_path / "predictions.jsonl", rows_of(tmp_path / "first", "train"), set(), 3
    )
    second = build(
        str(ner_recipe), tmp_path / "second", tmp_path / "ledger.sqlite", noise=predictions
    )
    assert second["content_hash"] == first["content_hash"]
    assert second["label_noise"]["rejected"] == 0


def test_relations_are_judged_by_their_one_label(relation_recipe: Path, tmp_path: Path) -> None:
    build(
        str(relation_recipe), tmp_path / "first", fill(relation_recipe, tmp_path / "ledger.sqlite")
    )
    rows = rows_of(tmp_path / "first", "train", "tiny-pairs")
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, {rows[2]["id"]}, 2)
    assert set(find_noise(predictions, 2).rows) == {rows[2]["id"]}
    second = build(
        str(relation_recipe), tmp_path / "second", tmp_path / "ledger.sqlite", noise=predictions
    )
    assert second["rejected_by_reason"][REASON] == 1


def test_predictions_of_other_labels_are_refused(
    first: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path / "first", "train")
    rows[3]["ner_tags"] = [(tag + 1) % 3 for tag in rows[3]["ner_tags"]]
    predictions = write_predictions(tmp_path / "predictions.jsonl", rows, {rows[3]["id"]}, 3)
    with pytest.raises(UserError, match="run `corpusmith noise` again"):
        build(str(ner_recipe), tmp_path / "second", tmp_path / "ledger.sqlite", noise=predictions)


def test_a_student_that_learned_nothing_is_not_believed(first: dict, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "first", "train")
    predictions = write_predictions(
        tmp_path / "predictions.jsonl", rows, {row["id"] for row in rows[5:]}, 3
    )
    with pytest.raises(UserError, match=f"denies {len(rows) - 5} of {len(rows)} rows"):
        find_noise(predictions, 3)


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
def test_a_line_that_is_no_prediction_is_named(tmp_path: Path, line: str) -> None:
    sound = '{"id": "a", "labels": [0], "probabilities": [[0.5, 0.5]]}'
    (tmp_path / "p.jsonl").write_text(f"{sound}\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2"):
        find_noise(tmp_path / "p.jsonl", 2)


def test_a_missing_or_empty_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="corpusmith noise DATASET"):
        find_noise(tmp_path / "p.jsonl", 2)
    (tmp_path / "p.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no prediction"):
        find_noise(tmp_path / "p.jsonl", 2)


def test_one_fold_is_refused(ner_recipe: Path) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "filters: {label_noise: 1}\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match=r"filters\.label_noise: one fold leaves nothing"):
        load_recipe(str(ner_recipe))
