"""The training script, from corpus to Hub through the public API."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from corpusmith.files import shipped


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_script", shipped("training", "train.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_trains_evaluates_exports_and_shows_release(
    script: ModuleType,
    ner_dataset: Path,
    tiny_encoder: Path,
    hub: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "settings.yaml").write_text("epochs: 1\ntracker: none\n")
    out = tmp_path / "student"
    line = [str(ner_dataset), "--out", str(out), "--encoder", str(tiny_encoder)]
    line += ["--config", str(tmp_path / "settings.yaml"), "--split", "validation"]
    line += ["--benchmark", str(ner_dataset), "--repo", "local/tiny", "--hub", hub, "--dry-run"]
    script.main(line)
    printed = capsys.readouterr().out
    assert "synthetic validation: strict_f1" in printed and "onnx/model.onnx" in printed
    assert "local/tiny v0.1.0 planned" in printed
    assert (out / "evaluation" / "synthetic-validation.json").is_file()
