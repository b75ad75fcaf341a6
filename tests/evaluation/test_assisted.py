"""Measure a model that its corpus's list assists."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from corpusmith.cli.main import app
from tests.training.models import TAGS, write_model

ROW = '{"id": "1", "tokens": ["gout", "is", "rare"], "ner_tags": ["B-Disease", "O", "O"]}\n'


def test_assisted_model_finds_listed_names(
    ner_recipe: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    """The model's head always predicts O, so every mention comes from the list."""
    model = write_model(tmp_path / "m", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    silence(model)
    corpus = tmp_path / "corpus" / "recipes" / "tiny-disease"
    corpus.mkdir(parents=True)
    shutil.copy(ner_recipe, corpus / "recipe.yaml")
    (tmp_path / "dev.jsonl").write_text(ROW)
    alone, assisted = tmp_path / "alone.json", tmp_path / "assisted.json"
    line = ["evaluate", str(model), str(tmp_path), "--split", "dev", "--json"]
    for arguments in ([str(alone)], [str(assisted), "--assist", str(tmp_path / "corpus")]):
        done = CliRunner().invoke(app, [*line, *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    assert json.loads(alone.read_text())["strict_f1"] == 0
    assert json.loads(assisted.read_text())["strict_f1"] == 100


def silence(folder: Path) -> None:
    """Make O slightly more probable than the other tags for every word."""
    import torch
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.5, 0.0, 0.0]))
    model.save_pretrained(folder)
