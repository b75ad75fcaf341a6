"""A killed and resumed run gives the same result as an uninterrupted one."""

import json
import multiprocessing
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig
from corpusmith.training.loop import train

CONFIG = TrainingConfig(
    epochs=8,
    batch_tokens=64,
    learning_rate=5e-3,
    save_steps=1,
    evaluate_steps=5,
    patience=None,
    tracker="none",
)


def start(dataset: Path, encoder: Path, out: Path) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["corpusmith.training.loop", "transformers.models.bert.modeling_bert"]
    )
    process = context.Process(target=train, args=(str(dataset), str(encoder), out, CONFIG))
    process.start()
    return process


def states(out: Path) -> set[str]:
    return {path.name for path in out.glob("state/state-*")}


@pytest.mark.slow
def test_run_killed_five_times_gives_identical_weights(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    whole, killed, chance = tmp_path / "whole", tmp_path / "killed", random.Random(0)
    process = start(ner_dataset, tiny_encoder, whole)
    process.join()
    assert process.exitcode == 0

    for _ in range(5):
        before = states(killed)
        process = start(ner_dataset, tiny_encoder, killed)
        # Each attempt must make progress, or the loop never ends.
        while process.is_alive() and states(killed) <= before:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, (
            "the run ended before it was killed: make it longer"
        )
    process = start(ner_dataset, tiny_encoder, killed)
    process.join()

    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    histories = [
        json.loads((out / "training.json").read_text())["history"] for out in (whole, killed)
    ]
    assert histories[0] == histories[1]


def test_state_of_another_run_is_refused(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    def stop(row: dict) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(str(ner_dataset), str(tiny_encoder), tmp_path, CONFIG, progress=stop)
    with pytest.raises(UserError, match="settings"):
        train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(CONFIG, learning_rate=1e-3))
