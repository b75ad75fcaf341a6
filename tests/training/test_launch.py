"""Several processes and several seeds."""

from dataclasses import replace
from pathlib import Path

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from safetensors.torch import load_file
from transformers import AutoModel

from corpusmith.files import shipped
from corpusmith.training.config import TrainingConfig
from corpusmith.training.launch import train_in_processes, train_seeds

QUICK = TrainingConfig(
    epochs=2,
    batch_tokens=64,
    learning_rate=1e-3,
    patience=None,
    tracker="none",
    mixed_precision="no",
)


@pytest.fixture
def steady_encoder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """An encoder without dropout: its random numbers differ between processes."""
    encoder = AutoModel.from_pretrained(tiny_encoder)
    encoder.config.hidden_dropout_prob = encoder.config.attention_probs_dropout_prob = 0.0
    encoder.save_pretrained(tmp_path / "steady")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "steady" / name).write_bytes((tiny_encoder / name).read_bytes())
    return tmp_path / "steady"


@pytest.mark.slow
def test_two_processes_give_same_weights_as_one(
    ner_dataset: Path, steady_encoder: Path, tmp_path: Path
) -> None:
    longer = replace(QUICK, epochs=6, learning_rate=3e-3)
    one = train_seeds(str(ner_dataset), str(steady_encoder), tmp_path / "one", longer)
    config = replace(longer, accumulation=2)
    two = train_in_processes(
        str(ner_dataset), str(steady_encoder), tmp_path / "two", config, [], num_processes=2
    )

    assert two["hardware"].startswith("2 x")
    for ours, theirs in zip(two["history"], one["history"], strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-5)
        scores, expected = ours["validation"], theirs["validation"]
        assert scores["strict_f1"] == pytest.approx(expected["strict_f1"], abs=0.01)
        assert (
            scores["by_type"]["Disease"]["support"] == expected["by_type"]["Disease"]["support"] > 0
        )
    assert two["history"][-1]["validation"]["strict_f1"] > 0, (
        "both evaluate a model that finds something"
    )
    weights = load_file(tmp_path / "one" / "model.safetensors")
    for name, value in load_file(tmp_path / "two" / "model.safetensors").items():
        assert (value - weights[name]).abs().max() < 1e-4, name


def test_seeds_are_reported_with_mean_and_deviation(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    report = train_seeds(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, learning_rate=5e-3),
        seeds=[1, 2],
    )

    values = report["seeds"]["values"]
    assert report["seeds"]["mean"] == pytest.approx((values["1"] + values["2"]) / 2)
    assert report["seeds"]["stdev"] == pytest.approx(abs(values["1"] - values["2"]) / 2**0.5)
    best = tmp_path / f"seed-{report['seeds']['chosen']}"
    assert (tmp_path / "model.safetensors").read_bytes() == (
        best / "model.safetensors"
    ).read_bytes()

    before = (tmp_path / "seed-1" / "training.json").stat().st_mtime_ns
    train_seeds(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, learning_rate=5e-3),
        seeds=[1, 2],
    )
    assert (tmp_path / "seed-1" / "training.json").stat().st_mtime_ns == before, (
        "a finished seed is not trained again"
    )


@pytest.mark.parametrize(
    "settings", sorted(shipped("training", "accelerate").glob("*.yaml")), ids=lambda p: p.stem
)
def test_accelerate_reads_shipped_settings(settings: Path) -> None:
    found = load_config_from_file(str(settings))
    assert found.num_processes % found.num_machines == 0 and found.distributed_type != "MULTI_CPU"
