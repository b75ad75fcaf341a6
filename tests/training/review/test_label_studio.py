"""Tasks for Label Studio, and its export read back."""

import json
import stat
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.training.adapt.documents import sample_sentences
from corpusmith.training.adapt.settings import adapt_settings
from corpusmith.training.review.sentences import write_review
from tests.training.models import DISEASES, TAGS, write_model


@pytest.fixture
def model(tiny_encoder: Path, tmp_path: Path) -> Path:
    return write_model(tmp_path / "m", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    lines = [f"Patient \U0001f600 {i} has {DISEASES[i % len(DISEASES)]} ." for i in range(30)]
    (tmp_path / "notes.txt").write_text("\n\n".join(lines), encoding="utf-8")
    return tmp_path / "notes.txt"


def test_accepted_tasks_give_the_mentions_of_the_model(
    model: Path, notes: Path, tmp_path: Path
) -> None:
    """A person who accepts every prediction gives the model 100 percent."""
    sample = sample_sentences([notes], adapt_settings(sentences=20))
    assert write_review(str(model), sample, tmp_path / "review") == 20
    tasks = json.loads((tmp_path / "review" / "tasks.json").read_text(encoding="utf-8"))
    assert any(task["predictions"][0]["result"] for task in tasks)
    export = [
        {
            "id": i,
            "data": task["data"],
            "annotations": [{"result": task["predictions"][0]["result"]}],
        }
        for i, task in enumerate(tasks, 1)
    ]
    (tmp_path / "export.json").write_text(json.dumps(export), encoding="utf-8")
    read = read_benchmark(str(tmp_path / "export.json"), "test").tagged
    assert len(read) == 20
    for row, task in zip(read, tasks, strict=True):
        found = [result["value"]["text"] for result in task["predictions"][0]["result"]]
        assert [row.text[start:end] for start, end, _ in row.entities] == found


def test_files_are_private_and_never_overwritten(model: Path, notes: Path, tmp_path: Path) -> None:
    sample = sample_sentences([notes], adapt_settings(sentences=5))
    write_review(str(model), sample, tmp_path / "review")
    for path in (tmp_path / "review").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "review").stat().st_mode) == 0o700
    assert '<Label value="Disease"/>' in (tmp_path / "review" / "labels.xml").read_text()
    with pytest.raises(UserError, match="holds sentences already"):
        write_review(str(model), sample, tmp_path / "review")
