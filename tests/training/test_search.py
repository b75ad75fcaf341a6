"""Search in two phases: short trials first, then full trials of the best."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig
from corpusmith.training.search import SEARCHED, SearchPlan, search, suggest

pytest.importorskip("optuna")
QUICK = TrainingConfig(epochs=3, batch_tokens=512, patience=None, tracker="none")


def test_search_keeps_best_finalist_and_resumes(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    found = search(str(ner_dataset), str(tiny_encoder), tmp_path, QUICK, SearchPlan(2, 1))

    assert len(found["trials"]) == 2 and len(found["finalists"]) == 1
    report = json.loads((tmp_path / "training.json").read_text())
    assert report["hyperparameters"] == found["best"]["settings"]
    assert report["history"][-1]["epoch"] == 3 and report["best"]["value"] == found["best"]["value"]
    assert (
        found["finalists"][0]["trial"]
        == max(found["trials"], key=lambda trial: trial["value"])["trial"]
    )
    assert not list(tmp_path.glob("trial-*")) and not list(tmp_path.glob("finalist-*"))

    (tmp_path / "trial-9").mkdir()  # left by a killed search
    again = search(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        QUICK,
        SearchPlan(4, 1),
    )
    assert again["trials"][:2] == found["trials"] and len(again["trials"]) == 4
    assert len({trial["settings"]["learning_rate"] for trial in again["trials"]}) == 4, (
        "the resumed search draws new settings"
    )
    assert not (tmp_path / "trial-9").exists()


def test_suggest_draws_every_searched_setting() -> None:
    import optuna

    trial = optuna.create_study().ask()
    suggest(trial, QUICK)
    assert set(trial.params) == set(SEARCHED)


def test_search_refuses_folder_of_another_search(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    search(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, epochs=1),
        SearchPlan(1, 1),
    )
    with pytest.raises(UserError, match="another settings: write to another folder"):
        search(
            str(ner_dataset),
            str(tiny_encoder),
            tmp_path,
            replace(QUICK, max_length=32),
            SearchPlan(2),
        )
