"""Measure a model that its corpus's list assists."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from corpusmith.cli.main import app
from tests.training.models import write_quiet_model

ROW = '{"id": "1", "tokens": ["gout", "is", "rare"], "ner_tags": ["B-Disease", "O", "O"]}\n'


def test_assisted_model_finds_listed_names(
    ner_recipe: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    """The model always predicts O, so every mention comes from the list."""
    model = write_quiet_model(tmp_path / "m", tiny_encoder)
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
