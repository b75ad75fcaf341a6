"""Trackers take flat numbers; the energy is measured where codecarbon is installed."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig
from corpusmith.training.loop import train
from corpusmith.training.tracking import PROJECT, tracked_figures, tracker

QUICK = TrainingConfig(epochs=1, batch_tokens=512, tracker="none")


def test_row_is_flattened_to_numbers() -> None:
    row = {
        "epoch": 1.0,
        "step": 3,
        "train_loss": 0.5,
        "validation": {"strict_f1": 80.0, "by_type": {"Disease": {}}},
    }
    assert tracked_figures(row) == {"epoch": 1.0, "train/loss": 0.5, "validation/strict_f1": 80.0}


def test_error_names_missing_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpusmith.training.tracking.find_spec", lambda name: None)
    assert tracker(None) is None and tracker("none") is None
    with pytest.raises(UserError, match="pip install wandb"):
        tracker("wandb")


def test_tensorboard_gets_the_rows(ner_dataset: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    report = train(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, epochs=2, tracker="tensorboard"),
    )

    written = accumulator.EventAccumulator(str(tmp_path / "logs" / PROJECT)).Reload()
    for name, values in {
        "train/loss": [row["train_loss"] for row in report["history"]],
        "validation/strict_f1": [row["validation"]["strict_f1"] for row in report["history"]],
    }.items():
        scalars = written.Scalars(name)
        assert [scalar.step for scalar in scalars] == [row["step"] for row in report["history"]]
        assert [scalar.value for scalar in scalars] == pytest.approx(values, rel=1e-5)


@pytest.mark.skipif(not find_spec("codecarbon"), reason="codecarbon is not installed")
def test_energy_of_run_is_estimated(ner_dataset: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    assert train(str(ner_dataset), str(tiny_encoder), tmp_path, QUICK)["energy_kwh"] > 0


@pytest.mark.skipif(bool(find_spec("codecarbon")), reason="codecarbon is installed")
def test_without_codecarbon_no_energy_is_reported(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert train(str(ner_dataset), str(tiny_encoder), tmp_path, QUICK)["energy_kwh"] is None


def run(dataset: Path, encoder: Path, folder: Path, settings: str, **environment: str) -> Path:
    """Run the command in a new process: trackers read the environment at import."""
    (folder / "settings.yaml").write_text(settings)
    command = [
        sys.executable,
        "-m",
        "corpusmith.training.launch",
        str(dataset),
        "--encoder",
        str(encoder),
    ]
    command += ["--out", str(folder / "out"), "--settings", str(folder / "settings.yaml")]
    subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment, check=True, timeout=300
    )
    return folder / "out"


@pytest.mark.slow
def test_trackio_is_the_default_and_keeps_data_local(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("trackio")
    out = run(
        ner_dataset, tiny_encoder, tmp_path, "epochs: 2\n", TRACKIO_DIR=str(tmp_path / "trackio")
    )

    (file,) = (tmp_path / "trackio").glob(f"{PROJECT}*.db")
    with sqlite3.connect(file) as database:
        rows = [
            json.loads(metrics)
            for (metrics,) in database.execute("SELECT metrics FROM metrics ORDER BY step")
        ]
    history = json.loads((out / "training.json").read_text())["history"]
    assert [row["validation/strict_f1"] for row in rows] == [
        row["validation"]["strict_f1"] for row in history
    ]


@pytest.mark.slow
def test_wandb_gets_the_rows(ner_dataset: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    settings = "epochs: 1\ntracker: wandb\n"
    run(
        ner_dataset, tiny_encoder, tmp_path, settings, WANDB_MODE="offline", WANDB_DIR=str(tmp_path)
    )

    (file,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"validation/strict_f1" in file.read_bytes()


def test_progress_shows_rows_seen_and_time_left(
    ner_dataset: Path,
    tiny_encoder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("corpusmith.progress.QUICK", 0.0)
    monkeypatch.setattr("corpusmith.progress.LOG_EVERY", 0.0)
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, epochs=2, seed=7))
    seen = 2 * report["dataset"]["rows"]["train"]
    lines = [
        line for line in capsys.readouterr().err.split("\r") if line.startswith("training, seed 7")
    ]
    assert (
        f" {seen}/{seen} [" in lines[-1]
        and "rows/s" in lines[-1]
        and any("<00:0" in line for line in lines)
    )
