"""Trackers take flat numbers; the energy is measured where codecarbon is installed."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from corpusmith_errors import UserError
from training.config import TrainingConfig
from training.loop import train
from training.tracking import figures, tracker

QUICK = TrainingConfig(epochs=1, batch_tokens=512, tracker="none")


def test_a_row_becomes_flat_numbers() -> None:
    row = {"epoch": 1.0, "step": 3, "train_loss": 0.5, "validation": {"strict_f1": 80.0, "by_type": {"Disease": {}}}}
    assert figures(row) == {"epoch": 1.0, "train/loss": 0.5, "validation/strict_f1": 80.0}


def test_a_tracker_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.tracking.find_spec", lambda name: None)
    assert tracker(None) is None and tracker("none") is None
    with pytest.raises(UserError, match="pip install wandb"):
        tracker("wandb")


def test_tensorboard_gets_the_rows(ner_dataset: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, tracker="tensorboard"))

    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))
    assert (report["energy_kwh"] is not None) == bool(find_spec("codecarbon"))


@pytest.mark.slow
def test_trackio_is_the_default_of_the_command_and_stays_here(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("trackio")
    (tmp_path / "settings.yaml").write_text("epochs: 1\n")
    command = [sys.executable, "-m", "training.launch", str(ner_dataset), "--encoder", str(tiny_encoder)]
    command += ["--out", str(tmp_path / "out"), "--settings", str(tmp_path / "settings.yaml")]
    environment = os.environ | {"TRACKIO_DIR": str(tmp_path / "trackio"), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, timeout=300)

    assert list((tmp_path / "trackio").glob("corpusmith*"))
    assert (tmp_path / "out" / "training.json").exists()
