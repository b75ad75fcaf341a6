"""Adapt a tiny student, and search every written file for words of the documents."""

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.adapt.adapt import adapt, known_of
from corpusmith.training.adapt.settings import AdaptSettings, adapt_settings
from corpusmith.training.config import TrainingConfig
from corpusmith.training.loop import train
from tests.fixtures.training import DISEASES, FRAMES

CANARY = "Zyxwvut"
WORDS = "cystic fibrosis\nbreast cancer\nasthma\ngout\nlupus\n"
OFFLINE = """
import socket, sys
def refuse(*arguments, **options):
    raise OSError("this test has no network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from corpusmith.cli.main import main
sys.argv = ["corpusmith", *sys.argv[1:]]
main()
"""


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
    assert set(texts) <= {"Disease", "acronym", "word", "phrase"}


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

    def stop(line: str) -> None:
        if line.startswith("round 2"):
            raise KeyboardInterrupt

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


def test_files_hold_no_word_of_the_documents(
    student: Path, notes: Path, words: Path, tmp_path: Path
) -> None:
    """Run the command without a network. Search the model, caches, temporary and working files."""
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    script = tmp_path / "offline.py"
    script.write_text(OFFLINE)
    (tmp_path / "settings.yaml").write_text("rounds: 1\nepochs: 1\n")
    command = [sys.executable, script, "adapt", student, "--documents", notes]
    command += ["--list", f"Disease={words}", "--config", tmp_path / "settings.yaml"]
    command += ["--out", home / "out", "--json", home / "figures.json"]
    environment = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "OMP_NUM_THREADS": "1",
    }
    environment.setdefault("PYTHONPATH", str(Path(__file__).parents[3]))
    done = subprocess.run(
        [*map(str, command)], env=environment, cwd=home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    written = [path for path in home.rglob("*") if path.is_file()]
    assert {"model.safetensors", "training.json", "tokenizer.json"} <= {p.name for p in written}
    for path in written:
        assert CANARY.lower() not in str(path.relative_to(home)).lower()
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert CANARY.lower().encode() not in content.lower(), path
        assert CANARY.encode("utf-16-le").lower() not in content.lower(), path
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
