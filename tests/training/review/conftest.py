"""A folder of sentences to review, and a model that finds mentions at random."""

from pathlib import Path

import pytest

from corpusmith.training.adapt.documents import sample_sentences
from corpusmith.training.adapt.settings import adapt_settings
from corpusmith.training.review.sentences import Review, write_review
from tests.training.models import DISEASES, TAGS, write_model


@pytest.fixture
def student(tiny_encoder: Path, tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "m", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    (folder / "training.json").write_text('{"task": "ner", "encoder": "tiny", "seed": 1}')
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    lines = [f"Patient \U0001f600 {i} has {DISEASES[i % len(DISEASES)]} ." for i in range(30)]
    (tmp_path / "notes.txt").write_text("\n\n".join(lines), encoding="utf-8")
    return tmp_path / "notes.txt"


@pytest.fixture
def review(student: Path, notes: Path, tmp_path: Path) -> Review:
    sample = sample_sentences([notes], adapt_settings(sentences=20))
    write_review(str(student), sample, tmp_path / "review")
    return Review.of(tmp_path / "review")
