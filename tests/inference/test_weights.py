"""Weights that are missing or of another shape are refused, but for those of a new head."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForTokenClassification

from corpusmith.inference import EntityExtractor
from corpusmith.inference.weights import load_weights
from tests.training.models import SENTENCES, TAGS, write_model

LAYER = "encoder.layer.0.output.dense.weight"


def changed(encoder: Path, folder: Path, **weights: torch.Tensor | None) -> Path:
    """A copy of the encoder with other weights; None leaves one out."""
    AutoModel.from_pretrained(encoder).save_pretrained(folder)
    file = folder / "model.safetensors"
    content = {**load_file(file), **weights}
    save_file({n: w for n, w in content.items() if w is not None}, file, {"format": "pt"})
    return folder


@pytest.mark.parametrize("kind", [AutoModel, AutoModelForTokenClassification])
@pytest.mark.parametrize("weight", [None, torch.zeros(2, 2)])
def test_encoder_without_a_layer_is_refused(
    kind: type, weight: torch.Tensor | None, tiny_encoder: Path, tmp_path: Path
) -> None:
    folder = changed(tiny_encoder, tmp_path / "m", **{LAYER: weight})
    with pytest.raises(ValueError, match=rf"{folder} has no weights for .*{LAYER} in the shape"):
        load_weights(kind, folder, new_head=True)


def test_truncated_file_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = changed(tiny_encoder, tmp_path / "m")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"the weights of {folder} are damaged"):
        load_weights(AutoModel, folder)


def test_head_may_be_new_only_if_it_is_to_be_trained(
    tiny_encoder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pooler = {"pooler.dense.weight": None, "pooler.dense.bias": None}
    folder = changed(tiny_encoder, tmp_path / "m", **pooler)
    load_weights(AutoModel, folder, new_head=True)
    model = load_weights(AutoModelForTokenClassification, folder, new_head=True, num_labels=3)
    with pytest.raises(ValueError, match=r"has no weights for classifier\.bias"):
        load_weights(AutoModelForTokenClassification, folder)
    model.save_pretrained(tmp_path / "tagger")
    capfd.readouterr()
    trained = load_weights(AutoModelForTokenClassification, tmp_path / "tagger")
    assert torch.equal(trained.classifier.weight, model.classifier.weight)
    wider = {"num_labels": 7, "new_head": True}
    other = load_weights(AutoModelForTokenClassification, tmp_path / "tagger", **wider)
    assert other.classifier.weight.shape[0] == 7
    layer = f"bert.{LAYER}"
    assert torch.equal(other.state_dict()[layer], model.state_dict()[layer])
    assert capfd.readouterr() == ("", "")  # no report of what is new


def test_damaged_onnx_file_and_tokenizer_are_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ValueError, match=r"model\.onnx is damaged"):
        EntityExtractor.from_pretrained(folder, backend="onnx")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer\.json is damaged"):
        EntityExtractor.from_pretrained(folder, backend="torch")


def test_tags_without_a_type_have_a_score_and_a_name(tiny_encoder: Path, tmp_path: Path) -> None:
    facts = {"task": "ner", "max_length": 64}
    folder = write_model(tmp_path / "m", tiny_encoder, ["O", "B", "I"], facts)
    model = EntityExtractor.from_pretrained(folder, backend="torch")
    found = [entity for entities in model.extract(SENTENCES) for entity in entities]
    assert model.labels == ["_"] == sorted({entity.label for entity in found})
    assert any(entity.score < 0.999 for entity in found)
