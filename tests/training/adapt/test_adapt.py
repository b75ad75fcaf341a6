"""Adapt a tiny student, and search every written file for words of the documents."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.hub.checks import refuse_adapted
from corpusmith.training.adapt.adapt import adapt, known_of
from corpusmith.training.adapt.private import create_private
from corpusmith.training.adapt.settings import AdaptSettings, adapt_settings
from corpusmith.training.config import TrainingConfig
from corpusmith.training.loop import train
from tests.fixtures import offline
from tests.fixtures.offline import CANARY
from tests.fixtures.training import DISEASES, FRAMES

WORDS = "cystic fibrosis\nbreast cancer\nasthma\ngout\nlupus\n"


@pytest.fixture(scope="module")
def student(
    tmp_path_factory: pytest.TempPathFactory, ner_dataset: Path, tiny_encoder: Path
) -> Path:
    folder = tmp_path_factory.mktemp("student")
    config = TrainingConfig(epochs=12, batch_tokens=128, learning_rate=5e-3, tracker="none")
    train(str(ner_dataset), str(tiny_encoder), folder, config)
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Forty notes; each names the canary in its text and in the name of its file."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for i in range(40):
        before, after = FRAMES[i % len(FRAMES)]
        words = [CANARY, f"{CANARY}{i}", *before, *DISEASES[i % len(DISEASES)], *after]
        (folder / f"{CANARY}-{i}.txt").write_text(" ".join(words))
    return folder


@pytest.fixture
def words(tmp_path: Path) -> Path:
    file = tmp_path / "words.txt"
    file.write_text(WORDS)
    return file


def settings(**given: int) -> AdaptSettings:
    return adapt_settings(None, **{"rounds": 2, "epochs": 1, **given})


def stop(line: str) -> None:
    """Interrupt an adaptation when its second round begins."""
    if line.startswith("round 2"):
        raise KeyboardInterrupt


def test_adapted_model_records_numbers_only(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    known = known_of(None, {"Disease": str(words)})
    lines: list[str] = []
    done = adapt(str(student), [notes], tmp_path / "out", known, settings(), lines.append)
    training = json.loads((tmp_path / "out" / "training.json").read_text())
    assert training["adapted"] == json.loads(json.dumps(done.facts))
    assert training["encoder"] == json.loads((student / "training.json").read_text())["encoder"]
    facts = training["adapted"]
    assert facts["documents"] == 40 and facts["rounds"] == 2
    assert set(facts["agreement"]) == {"lookup", "round 0", "round 1", "round 2"}
    assert len([line for line in lines if line.startswith("round")]) == 2
    assert 0 <= facts["membership"]["auroc"] <= 1
    texts = [value for value in flat(facts) if isinstance(value, str)]
    sources = {"lookup", "round 0", "round 1", "round 2"}
    assert set(texts) <= {"Disease", "acronym", "word", "phrase"} | sources
    for row in facts["agreement"].values():
        low, high = row["precision_interval"]
        assert low <= row["precision"] <= high
    assert len(facts["between_sources"]) == 6


def flat(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in flat(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in flat(part)]
    return [value]


def test_same_seed_gives_same_model_and_killed_run_resumes(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    known = known_of(None, {"Disease": str(words)})
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    adapt(str(student), [notes], whole, known, settings(), str)
    with pytest.raises(KeyboardInterrupt):
        adapt(str(student), [notes], killed, known, settings(), stop)
    first = killed / "work" / "round-1" / "model.safetensors"
    before = first.stat().st_mtime_ns
    with pytest.raises(KeyboardInterrupt):
        adapt(str(student), [notes], killed, known, settings(), stop)
    assert first.stat().st_mtime_ns == before, "a finished round is not trained again"
    adapt(str(student), [notes], killed, known, settings(), str)
    files = [folder / "model.safetensors" for folder in (whole, killed)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_rounds_of_other_documents_are_not_taken_over(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    """A model would have learned from documents that its training.json does not count."""
    known = known_of(None, {"Disease": str(words)})
    with pytest.raises(KeyboardInterrupt):
        adapt(str(student), [notes], tmp_path / "out", known, settings(), stop)
    others = [file for file in notes.iterdir() if not file.stem.endswith("1")]
    for documents, chosen in ((others, settings()), ([notes], settings(seed=7))):
        with pytest.raises(UserError, match=r"round-1 was trained on other documents.* delete"):
            adapt(str(student), documents, tmp_path / "out", known, chosen, str)


def test_files_hold_no_word_of_the_documents(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    """Run the command without a network. Search the model, caches, temporary and working files."""
    home = tmp_path / "home"
    environment = offline.environment(home)
    (tmp_path / "settings.yaml").write_text("rounds: 1\nepochs: 1\n")
    options = ["--list", f"Disease={words}", "--config", tmp_path / "settings.yaml"]
    options += ["--out", home / "out", "--json", home / "figures.json"]
    command = offline.command(home, "adapt", student, "--documents", notes, *options)
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = {path.name for path in home.rglob("*")}
    assert {"model.safetensors", "training.json", "tokenizer.json"} <= written
    assert not offline.betraying(home)
    assert CANARY not in done.stderr
    for path in (home / "out", *(home / "out").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) in (0o700, 0o600), path
    assert not (home / "out" / "work").exists()


def test_list_of_another_label_is_refused(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    known = known_of(None, {"Species": str(words)})
    with pytest.raises(UserError, match="labels Species, the model Disease"):
        adapt(str(student), [notes], tmp_path / "out", known, settings(), str)
    with pytest.raises(UserError, match="no list to look names up in"):
        known_of(None, {})


def test_too_few_sentences_are_refused(student: Path, words: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The only note says asthma.")
    known = known_of(None, {"Disease": str(words)})
    with pytest.raises(UserError, match="give more documents"):
        adapt(str(student), [tmp_path / "note.txt"], tmp_path / "out", known, settings(), str)


def test_finished_folder_and_folder_without_a_model_are_refused(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    known = known_of(None, {"Disease": str(words)})
    with pytest.raises(UserError, match="is no entity model"):
        adapt(str(tmp_path), [notes], tmp_path / "out", known, settings(), str)
    with pytest.raises(UserError, match="holds a finished model"):
        adapt(str(student), [notes], student, known, settings(), str)


def test_damaged_model_is_one_clear_error(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    known = known_of(None, {"Disease": str(words)})
    damaged = tmp_path / "damaged"
    shutil.copytree(student, damaged)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"cannot load {damaged}: the weights of .* are damaged"):
        adapt(str(damaged), [notes], tmp_path / "out", known, settings(), str)
    (damaged / "config.json").unlink()
    with pytest.raises(UserError, match=r"cannot read the labels in .*config\.json"):
        adapt(str(damaged), [notes], tmp_path / "out", known, settings(), str)


def test_model_that_starts_from_an_adapted_one_is_not_published_unasked(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    shutil.copytree(tiny_encoder, private)
    (private / "training.json").write_text(json.dumps({"adapted": {"documents": 3}}))
    config = TrainingConfig(epochs=1, batch_tokens=512, tracker="none")
    train(str(ner_dataset), str(private), tmp_path / "out", config)
    with pytest.raises(UserError, match="trained on 3 local documents"):
        refuse_adapted(tmp_path / "out")


def test_file_of_new_names_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    new, existing = tmp_path / "folder" / "names.tsv", tmp_path / "names.tsv"
    existing.touch(0o644)
    for file in (new, existing):
        create_private(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(UserError, match="cannot be written"):
        create_private(existing / "names.tsv")
