"""Training through the public function: from a corpus folder to a model folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from corpusmith.errors import UserError
from corpusmith.training.batches import class_weights
from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import load_corpus
from corpusmith.training.encoder import head_bias, load_model, load_tokenizer
from corpusmith.training.loop import rate_share, train
from corpusmith.training.windows import encode

QUICK = TrainingConfig(
    epochs=20,
    batch_tokens=64,
    learning_rate=5e-3,
    patience=None,
    keep_last=False,
    outside_bias=0.0,
    tracker="none",
)


def test_training_learns_entities_and_writes_model_folder(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    rows: list[dict] = []
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, QUICK, progress=rows.append)

    assert report["best"]["value"] == max(row["validation"]["strict_f1"] for row in rows) > 80
    assert rows == report["history"] and len(rows) == 20
    assert not report["dataset"]["synthetic"], "its rows name no LLM"
    model = AutoModelForTokenClassification.from_pretrained(tmp_path)
    assert model.config.id2label == {0: "O", 1: "B-Disease", 2: "I-Disease"}
    assert model.config.corpusmith == {"task": "ner", "max_length": 64}
    assert AutoTokenizer.from_pretrained(tmp_path)("asthma")["input_ids"]
    assert not (tmp_path / "state").exists()


def test_training_learns_relations_and_stores_threshold(
    relation_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    report = train(
        str(relation_dataset), str(tiny_encoder), tmp_path, replace(QUICK, choose_threshold=True)
    )

    assert report["best"]["metric"] == "macro_f1" and report["best"]["value"] > 80
    facts = AutoModelForSequenceClassification.from_pretrained(tmp_path).config.corpusmith
    assert (facts["head"], facts["tail"]) == ("GENE", "DISEASE")
    best = next(row for row in report["history"] if row["step"] == report["best"]["step"])
    assert facts["threshold"] == best["validation"]["threshold"]


def test_outside_bias_is_added_to_the_head_and_to_validation(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    weights = []
    for bias in (0.0, 9.0):
        out = tmp_path / str(bias)
        train(str(ner_dataset), str(tiny_encoder), out, replace(QUICK, epochs=1, outside_bias=bias))
        weights.append(load_file(out / "model.safetensors"))
    moved = {
        name: after - weights[0][name]
        for name, after in weights[1].items()
        if not after.equal(weights[0][name])
    }
    assert list(moved) == ["classifier.bias"]
    assert moved["classifier.bias"].tolist() == pytest.approx([9, 0, 0], abs=1e-4)

    silent = train(
        str(ner_dataset), str(tiny_encoder), tmp_path / "99", replace(QUICK, outside_bias=99.0)
    )
    assert silent["best"]["value"] == 0  # without, over 80


def test_outside_bias_needs_a_head_with_a_bias(tiny_encoder: Path) -> None:
    model = load_model(str(tiny_encoder), ["O", "B-Disease", "I-Disease"], {"task": "ner"})
    model.classifier.bias = None
    with pytest.raises(UserError, match="whose head has a bias"):
        head_bias(model)


def test_unused_embeddings_do_not_change(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, epochs=1))

    before = AutoModel.from_pretrained(tiny_encoder).get_input_embeddings().weight
    after = AutoModel.from_pretrained(tmp_path).get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    moved = (before != after).any(-1)
    assert before.shape == after.shape
    assert not moved[tokenizer.mask_token_id] and moved[tokenizer.cls_token_id]


def test_frozen_embeddings_do_not_change(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    train(
        str(ner_dataset),
        str(tiny_encoder),
        tmp_path,
        replace(QUICK, epochs=1, freeze_embeddings=True),
    )

    before, after = (AutoModel.from_pretrained(path) for path in (tiny_encoder, tmp_path))
    assert torch.equal(before.get_input_embeddings().weight, after.get_input_embeddings().weight)
    assert not torch.equal(
        before.encoder.layer[0].output.dense.weight, after.encoder.layer[0].output.dense.weight
    )


def test_lora_is_merged_into_a_plain_model(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, replace(QUICK, lora_rank=4))

    assert report["history"][-1]["train_loss"] < report["history"][0]["train_loss"] / 2
    before, after = (AutoModel.from_pretrained(path) for path in (tiny_encoder, tmp_path))
    assert not any("lora" in name for name in load_file(tmp_path / "model.safetensors"))
    name = "encoder.layer.0.attention.self.query.weight"
    assert (
        torch.linalg.matrix_rank(after.state_dict()[name] - before.state_dict()[name], atol=1e-6)
        <= 4
    )


def test_best_checkpoint_is_kept_and_stale_run_stops(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    # At a rate this high the score falls again, or stays at 0.
    config = replace(QUICK, learning_rate=0.5, max_grad_norm=100.0, patience=2, epochs=20)
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, config)

    scores = [row["validation"]["strict_f1"] for row in report["history"]]
    best = next(
        i for i, row in enumerate(report["history"]) if row["step"] == report["best"]["step"]
    )
    assert scores[best] == max(scores) and len(scores) == best + 3 < 20


def test_keep_last_keeps_last_weights(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    # At this rate a later evaluation is worse than the best one, so a run with patience stops.
    config = replace(
        QUICK, learning_rate=0.5, max_grad_norm=100.0, patience=2, epochs=6, keep_last=True
    )
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path / "last", config)
    assert report["best"]["step"] == report["history"][-1]["step"] and len(report["history"]) == 6

    best = train(
        str(ner_dataset), str(tiny_encoder), tmp_path / "best", replace(config, keep_last=False)
    )
    assert best["best"]["step"] < report["best"]["step"]
    kept = [
        load_file(tmp_path / name / "model.safetensors")["classifier.weight"]
        for name in ("last", "best")
    ]
    assert not kept[0].equal(kept[1])


def test_same_seed_gives_same_weights(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    short = replace(QUICK, epochs=1)
    weights = {}
    for name, config in {"once": short, "again": short, "other": replace(short, seed=7)}.items():
        train(str(ner_dataset), str(tiny_encoder), tmp_path / name, config)
        weights[name] = (tmp_path / name / "model.safetensors").read_bytes()
    assert weights["once"] == weights["again"] != weights["other"]


def test_balanced_weights_favour_rare_labels(ner_dataset: Path, tiny_encoder: Path) -> None:
    encoded = encode(load_corpus(str(ner_dataset)), "train", load_tokenizer(str(tiny_encoder)), 64)
    labels = torch.from_numpy(np.concatenate(encoded.labels))
    labels = labels[labels >= 0].long()

    weights = class_weights(encoded, 3, "balanced")
    totals = [(weights[labels] * (labels == label)).sum().item() for label in range(3)]
    assert totals == pytest.approx([len(labels) / 3] * 3, rel=1e-4)
    assert class_weights(encoded, 3, None).tolist() == [1, 1, 1]


def test_learning_rate_warms_up_and_decays() -> None:
    rates = [rate_share(step, 100, warmup=0.1) for step in range(100)]
    assert rates.index(max(rates)) == 10 and rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[0] < 0.2 and 0 < rates[-1] < 0.02
