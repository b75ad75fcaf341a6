"""Each setting of `TrainingConfig` has its documented effect on the training loop."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import load_corpus
from corpusmith.training.loop import train

QUICK = TrainingConfig(
    epochs=2,
    batch_tokens=64,
    learning_rate=5e-3,
    patience=None,
    outside_bias=0.0,
    tracker="none",
    mixed_precision="no",
)


@pytest.fixture
def steady_encoder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """An encoder without dropout, so that runs differ only by the setting under test."""
    folder = tmp_path / "steady"
    folder.mkdir()
    for file in tiny_encoder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def losses(report: dict) -> list[float]:
    return [row["train_loss"] for row in report["history"]]


def test_rows_longer_than_window_are_scored_completely(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    report = train(
        str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, epochs=20, max_length=10)
    )

    rows = load_corpus(str(ner_dataset)).splits["validation"]["ner_tags"]
    assert max(map(len, rows)) > 10 > 8, "some rows are longer than a window"
    for row in report["history"]:
        assert row["validation"]["by_type"]["Disease"]["support"] == sum(
            tags.count(1) for tags in rows
        )
    assert report["best"]["value"] > 80
    read = report["sentences_per_second"] * report["seconds"] / 20
    assert read == pytest.approx(report["dataset"]["rows"]["train"], rel=0.05), (
        "a row of several windows is one sentence"
    )


def test_accumulation_does_not_change_the_result(
    ner_dataset: Path, steady_encoder: Path, tmp_path: Path
) -> None:
    one = train(str(ner_dataset), str(steady_encoder), tmp_path / "one", QUICK)
    three = train(
        str(ner_dataset), str(steady_encoder), tmp_path / "three", replace(QUICK, accumulation=3)
    )
    assert losses(three) == pytest.approx(losses(one), rel=1e-4)


@pytest.mark.parametrize(
    "change", [{"class_weights": "balanced"}, {"noise_q": 0.7}, {"max_grad_norm": 1e-6}]
)
def test_setting_changes_the_weights(
    change: dict, ner_dataset: Path, steady_encoder: Path, tmp_path: Path
) -> None:
    plain = train(str(ner_dataset), str(steady_encoder), tmp_path / "plain", QUICK)
    changed = train(
        str(ner_dataset), str(steady_encoder), tmp_path / "changed", replace(QUICK, **change)
    )
    assert changed["hyperparameters"] == plain["hyperparameters"] | change
    assert losses(changed) != pytest.approx(losses(plain), rel=1e-3)


def test_gradient_is_clipped_to_set_norm(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms = []
    step = torch.optim.AdamW.step

    def watched(optimizer: torch.optim.AdamW, *arguments: object, **options: object) -> object:
        gradients = [
            p.grad.norm()
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        norms.append(torch.stack(gradients).norm().item())
        return step(optimizer, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, max_grad_norm=0.01))
    assert norms and max(norms) == pytest.approx(0.01, rel=1e-2)


def test_evaluate_steps_sets_the_interval(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, evaluate_steps=2))
    steps = [row["step"] for row in report["history"]]
    assert set(range(2, steps[-1], 2)) <= set(steps) and report["history"][-1]["epoch"] == 2


@pytest.fixture
def undetermined() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def test_deterministic_refuses_other_kernels(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path, undetermined: None
) -> None:
    seen = []
    for deterministic in (False, True):
        config = replace(QUICK, epochs=1, deterministic=deterministic)

        def look(row: dict) -> None:
            seen.append(torch.are_deterministic_algorithms_enabled())

        train(
            str(ner_dataset),
            str(tiny_encoder),
            tmp_path / str(deterministic),
            config,
            progress=look,
        )
    assert seen == [False, True]


@pytest.mark.slow
def test_compiled_model_trains_alike_and_loads_without_compilation(
    ner_dataset: Path, steady_encoder: Path, tmp_path: Path
) -> None:
    torch._dynamo.utils.counters.clear()
    plain = train(str(ner_dataset), str(steady_encoder), tmp_path / "plain", QUICK)
    assert not torch._dynamo.utils.counters["frames"]
    compiled = train(
        str(ner_dataset), str(steady_encoder), tmp_path / "compiled", replace(QUICK, compile=True)
    )

    assert torch._dynamo.utils.counters["frames"]["ok"] > 0, "nothing was compiled"
    assert losses(compiled) == pytest.approx(losses(plain), rel=1e-2)
    names = [set(load_file(tmp_path / run / "model.safetensors")) for run in ("plain", "compiled")]
    assert names[0] == names[1]
