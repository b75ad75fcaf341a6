"""Corrected sentences measure a model, and train one that says so."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpusmith.cli.main import app
from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.hub.checks import refuse_adapted
from corpusmith.training.data import load_corpus
from corpusmith.training.review.learn import corpus_of, measure, review_settings, train_on
from corpusmith.training.review.sentences import Review


@pytest.fixture
def corrected(review: Review) -> Path:
    """A person who accepts every mention of the model."""
    for sentence in review.sentences:
        review.save(sentence.id, [list(span) for span in sentence.found])
    return review.folder / "corrected.jsonl"


def test_accepted_mentions_give_full_marks_with_an_interval(student: Path, corrected: Path) -> None:
    figures = measure(str(student), corrected)
    assert figures["strict_f1"] == 100 and figures["sentences"] == 20
    assert figures["mentions"] > 0 and figures["ci95"] == [100, 100]
    assert set(figures) == {"strict_f1", "ci95", "precision", "recall", "sentences", "mentions"}


def test_trained_model_records_people_as_its_source(
    student: Path, corrected: Path, tmp_path: Path
) -> None:
    used = train_on(str(student), corrected, tmp_path / "trained")
    training = json.loads((tmp_path / "trained" / "training.json").read_text())
    assert training["reviewed"] == used and used["sentences"] == 20
    assert training["encoder"] == "tiny"
    assert stat.S_IMODE((tmp_path / "trained").stat().st_mode) == 0o700
    assert not (tmp_path / "trained" / "work").exists()
    assert measure(str(tmp_path / "trained"), corrected)["sentences"] == 20
    with pytest.raises(UserError, match="20 sentences of local documents"):
        refuse_adapted(tmp_path / "trained")
    with pytest.raises(UserError, match="holds a finished model"):
        train_on(str(student), corrected, tmp_path / "trained")


def test_masked_words_of_synthetic_rows_stay_masked(
    student: Path, corrected: Path, masked_dataset: Path
) -> None:
    rows = read_benchmark(str(corrected), "test").tagged
    mixed = corpus_of(str(student), rows, load_corpus(str(masked_dataset)), seed=1)
    tags = {row["tokens"][2]: row["ner_tags"] for row in mixed.splits["train"]}
    assert [tags[f"x{n}"] for n in (1, 2, 3)] == [[1, 0, -1, 0], [1, 0, 0, 0], [1, 0, -1, 0]]
    assert mixed.splits["validation"].num_rows == len(rows) // review_settings()["validation_every"]


def test_command_reads_an_export(student: Path, corrected: Path, tmp_path: Path) -> None:
    line = ["review", str(student), "--out", str(tmp_path / "other"), "--read", str(corrected)]
    done = CliRunner().invoke(app, [*line, "--json", str(tmp_path / "figures.json")])
    assert done.exit_code == 0, done.output
    assert "20 sentences corrected by a person" in done.output
    assert "Patient" not in (tmp_path / "figures.json").read_text()
