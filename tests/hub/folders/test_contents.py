"""Which files of a folder a release takes, and which it leaves out."""

from pathlib import Path

import pytest

from corpusmith.cli.display import release_lines
from corpusmith.errors import UserError
from corpusmith.hub.folders.contents import model_contents
from corpusmith.hub.publish import HubTarget, publish

STRAY = (
    *("notes.txt", "patients.jsonl", "train.log", "evaluation/a.csv", "onnx/x.bak"),
    *("training_args.bin", "optimizer.bin", "run.py", "best-3.safetensors", "onnx/notes.txt"),
)


def test_stray_files_in_model_folder_are_not_published_but_named(
    hub: str, model_folder: Path
) -> None:
    for name in STRAY:
        (model_folder / name).parent.mkdir(exist_ok=True)
        (model_folder / name).write_text("private")
    kept = (
        *("tokenizer.json", "vocab.txt", "spm.model", "onnx/model.onnx", "onnx/config.json"),
        *("model-00001-of-00002.safetensors", "model.safetensors.index.json"),
    )
    for name in kept:
        (model_folder / name).write_text("{}")
    expected = {"config.json", "training.json", "model.safetensors", *kept}
    assert {path for path in model_contents(model_folder) if not path.endswith(".png")} == expected
    (model_folder / "README.md").write_text("# Notes")
    for state in ("released", "unchanged"):
        done = publish("model", model_folder, "local/demo", target=HubTarget(hub))
        assert done.state == state and set(done.left_out) == set(STRAY)
        said = release_lines(done).splitlines()
        (line,) = [line for line in said if line.startswith("left out, no part of a model: ")]
        assert "best-3.safetensors, " in line and line.endswith(" and 5 more")


def test_model_without_weights_is_refused(model_folder: Path) -> None:
    (model_folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no weights"):
        model_contents(model_folder)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("build.json", b"\xff\xfe", r"build\.json"),
        ("build.json", b"[]", r"build\.json"),
        ("data/demo-disease/test-00000-of-00001.parquet", b"PAR1", "can't be read"),
        ("data/demo-disease/train-00000-of-00001.parquet", b"", "can't be read"),
        ("data/rejected/demo_disease-00000-of-00001.parquet", b"junk", "can't be read"),
    ],
)
def test_damaged_corpus_folder_is_one_line_error(
    hub: str, corpus_folder: Path, file: str, content: bytes, message: str
) -> None:
    (corpus_folder / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        publish("dataset", corpus_folder, "local/corpusmith-ner", target=HubTarget(hub))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", b"{", r"config\.json is not JSON"),
        ("training.json", b"\xe9", r"training\.json is not JSON"),
        ("training.json", b"[]", "is not a JSON object"),
        ("evaluation/own.json", b"{}", "lacks benchmark, split"),
        ("export.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_damaged_model_folder_is_one_line_error(
    hub: str, model_folder: Path, file: str, content: bytes, message: str
) -> None:
    (model_folder / file).parent.mkdir(exist_ok=True)
    (model_folder / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        publish("model", model_folder, "local/demo", target=HubTarget(hub))
