"""Two phases: all trials short, the best few in full."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig
from corpusmith.training.search import SEARCHED, search, suggest

pytest.importorskip("optuna")
QUICK = TrainingConfig(epochs=3, batch_tokens=512, patience=None, tracker="none")


def test_the_best_finalist_is_kept_and_a_second_call_goes_on(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    found = search(str(ner_dataset), str(tiny_encoder), tmp_path, QUICK, trials=2, finalists=1)

    assert len(found["trials"]) == 2 and len(found["finalists"]) == 1
    report = json.loads((tmp_path / "training.json").read_text())
    assert report["hyperparameters"] == found["best"]["settings"]
    assert report["history"][-1]["epoch"] == 3 and report["best"]["value"] == found["best"]["value"]
    assert (
        found["finalists"][0]["trial"]
        == max(found["trials"], key=lambda trial: trial["value"])["trial"]
    )
    assert not list(tmp_path.glob("trial-*")) and not list(tmp_path.glob("finalist-*"))

    (tmp_path / "trial-9").mkdir()  # as a search that was killed leaves one
    again = search(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, epochs=1),
        trials=4,
        finalists=1,
    )
    assert again["trials"][:2] == found["trials"] and len(again["trials"]) == 4
    assert len({trial["settings"]["learning_rate"] for trial in again["trials"]}) == 4, (
        "a search goes on, not anew"
    )
    assert not (tmp_path / "trial-9").exists()


def test_what_is_searched_is_what_is_suggested() -> None:
    import optuna

    trial = optuna.create_study().ask()
    suggest(trial, QUICK)
    assert set(trial.params) == set(SEARCHED)


def test_another_search_is_not_gone_on_with(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    search(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, epochs=1),
        trials=1,
        finalists=1,
    )
    with pytest.raises(UserError, match="another settings: write to another folder"):
        search(
            str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, max_length=32), trials=2
        )
