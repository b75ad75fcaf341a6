"""Tiny untrained models of each architecture, through training, export and inference."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from huggingface_hub import HfApi
from transformers import AutoModel, AutoModelForTokenClassification

from corpusmith.errors import UserError
from corpusmith.inference import EntityExtractor
from corpusmith.training.config import TrainingConfig
from corpusmith.training.encoder import learned_from_documents, load_tokenizer, precision
from corpusmith.training.export import export
from corpusmith.training.loop import train
from tests.fixtures.training import ner_rows
from tests.inference.tiny_tokenizers import TOKENIZERS

SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
ROBERTA = {"max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 0}
DEBERTA = {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "max_position_embeddings": 64,
    "type_vocab_size": 0,
}
ENCODERS = {
    "BertConfig": ("wordpiece-cased", SIZE),  # BioBERT, MiniLM
    "RobertaConfig": ("bpe-cased", SIZE | ROBERTA),
    "XLMRobertaConfig": ("unigram-cased", SIZE | ROBERTA),
    "ElectraConfig": ("wordpiece-uncased", SIZE | {"embedding_size": 16}),
    "DistilBertConfig": (
        "wordpiece-uncased",
        {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    ),
    "DebertaConfig": ("bpe-cased", SIZE | DEBERTA),
    "DebertaV2Config": (
        "unigram-cased",
        SIZE | DEBERTA | {"share_att_key": True, "norm_rel_ebd": "layer_norm"},
    ),
    "ModernBertConfig": ("bpe-cased", SIZE | {"pad_token_id": 0, "max_position_embeddings": 64}),
}
QUICK = TrainingConfig(epochs=8, batch_tokens=64, learning_rate=5e-3, patience=None, tracker="none")


FAST = ("BertConfig", "DebertaV2Config")  # the student's own, and the least like it


@pytest.fixture(
    scope="module",
    params=[
        name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in ENCODERS
    ],
)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, size = ENCODERS[request.param]
    folder, tokenizer = tmp_path_factory.mktemp("encoder"), TOKENIZERS[name]
    torch.manual_seed(5)
    special = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    config = getattr(transformers, request.param)(vocab_size=len(tokenizer), **special | size)
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_each_architecture_trains_exports_and_runs_on_all_backends(
    encoder: Path, ner_dataset: Path, tmp_path: Path
) -> None:
    report = train(str(ner_dataset), str(encoder), tmp_path, replace(QUICK, mixed_precision="no"))

    losses = [row["train_loss"] for row in report["history"]]
    assert losses[-1] < losses[0] / 2
    before, after = (
        AutoModel.from_pretrained(folder).get_input_embeddings().weight
        for folder in (encoder, tmp_path)
    )
    moved = (before != after).any(-1)
    assert before.shape == after.shape and 0 < moved.sum() < len(moved), (
        "subwords that never occur stay"
    )

    export(str(tmp_path))
    texts = [" ".join(row["tokens"]) for row in ner_rows()]
    by_torch, by_onnx = (
        EntityExtractor.from_pretrained(tmp_path, backend=backend, quantized=False).extract(texts)
        for backend in ("torch", "onnx")
    )
    assert sum(map(len, by_torch)) > 10
    places = [[(e.start, e.end, e.label) for e in entities] for entities in by_torch]
    assert [[(e.start, e.end, e.label) for e in entities] for entities in by_onnx] == places


def test_adapters_find_layers_of_each_architecture(
    encoder: Path, ner_dataset: Path, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    train(
        str(ner_dataset),
        str(encoder),
        tmp_path,
        replace(QUICK, epochs=2, lora_rank=2, mixed_precision="no"),
    )

    before, after = (
        AutoModel.from_pretrained(folder).state_dict() for folder in (encoder, tmp_path)
    )
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    # Taggers have none: loading initializes it at random.
    moved -= {name for name in moved if name.startswith("pooler")}
    assert moved and all(
        before[name].ndim == 2 and "embeddings.weight" not in name for name in moved
    )
    ranks = [torch.linalg.matrix_rank(after[name] - before[name], atol=1e-6) for name in moved]
    assert max(ranks) <= 2


def test_trimmed_vocabulary_gives_same_output(encoder: Path) -> None:
    from corpusmith.training.encoder import load_model, trim_vocabulary

    model = load_model(str(encoder), ["O", "B-Disease", "I-Disease"], {"task": "ner"}).eval()
    used = np.array([0, 1, 2, 3, 7, 20, 41])
    ids = torch.tensor([[2, 20, 7, 41, 3], [2, 41, 3, 0, 0]])
    mask = (ids != 0).long()
    with torch.inference_mode():
        whole = model(input_ids=ids, attention_mask=mask).logits
        trim_vocabulary(model, used)
        trimmed = model(
            input_ids=torch.from_numpy(np.searchsorted(used, ids.numpy())), attention_mask=mask
        ).logits
    assert torch.allclose(whole[mask.bool()], trimmed[mask.bool()], atol=1e-6)


def test_mixed_precision_changes_products_and_saves_float32(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    losses = {}
    for name in ("no", "bf16"):
        report = train(
            str(ner_dataset),
            str(tiny_encoder),
            tmp_path / name,
            replace(QUICK, mixed_precision=name),
        )
        losses[name] = [row["train_loss"] for row in report["history"]]
        assert losses[name][-1] < losses[name][0] / 2
        weights = AutoModelForTokenClassification.from_pretrained(
            tmp_path / name, dtype="auto"
        ).state_dict()
        assert {value.dtype for value in weights.values() if value.is_floating_point()} == {
            torch.float32
        }
    assert losses["no"] != losses["bf16"] and losses["bf16"][0] == pytest.approx(
        losses["no"][0], rel=0.05
    )


def test_launcher_may_set_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert precision(None) is None and precision("no") == "no"
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION")
    assert torch.accelerator.is_available() or precision(None) in ("no", "bf16")


@pytest.mark.skipif(torch.accelerator.is_available(), reason="a GPU has float16")
def test_float16_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="needs a GPU"):
        precision("fp16")


@pytest.fixture
def encoder_on_hub(hub: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Put files on a Hub and return the id of their repo."""
    api = HfApi(endpoint=hub, token="local")
    address = hub + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)

    def put(**files: dict) -> str:
        api.create_repo("lab/encoder")
        for name, content in files.items():
            data = json.dumps(content).encode()
            api.upload_file(
                path_or_fileobj=data, path_in_repo=f"{name}.json", repo_id="lab/encoder"
            )
        return "lab/encoder"

    return put


OURS = {"model_type": "bert", "corpusmith": {"task": "ner"}}


@pytest.mark.parametrize(
    ("config", "training", "expected"),
    [
        (OURS, {"adapted": {"documents": 3}, "seed": 1}, {"adapted": {"documents": 3}}),
        (OURS, {"seed": 1}, {}),
        ({"model_type": "bert"}, {"adapted": True}, {}),
    ],
)
def test_documents_that_an_encoder_of_a_hub_has_learned_from_are_known(
    config: dict, training: dict, expected: dict, encoder_on_hub: Callable[..., str]
) -> None:
    name = encoder_on_hub(config=config, training=training)
    assert learned_from_documents(name, "main") == expected


def test_model_of_a_hub_without_training_file_has_learned_from_none(
    encoder_on_hub: Callable[..., str],
) -> None:
    assert learned_from_documents(encoder_on_hub(config=OURS), "main") == {}


def test_training_file_that_cannot_be_read_is_an_error(
    encoder_on_hub: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = encoder_on_hub(config=OURS, training={"adapted": True})
    transformers.AutoConfig.from_pretrained(name)
    with monkeypatch.context() as offline:
        offline.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        with pytest.raises(UserError, match=r"its training\.json cannot be read"):
            learned_from_documents(name, "main")
    with pytest.raises(UserError, match="adapted is no mapping"):
        learned_from_documents(name, "main")


def test_error_names_invalid_encoder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot load the tokenizer"):
        load_tokenizer(str(tmp_path))
