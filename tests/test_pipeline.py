"""The full pipeline on a tiny recipe and encoder: run once, run twice, and killed."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpusmith.pipeline import as_typed, evaluation_name, measurements
from corpusmith.quality.second_build import Run
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from tests.fixtures.offline import CANARY, betraying

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(HOUSE),
    "OMP_NUM_THREADS": "1",
    "CORPUSMITH_BENCHMARKS": "",
}


def answer(request: Request) -> str:
    names = " and ".join(seed.text for seed in request.seeds) or "nothing"
    return f"Region {request.index} held {names} in {request.index + 5} of the persons"


@pytest.fixture
def line(ner_recipe: Path, encoder: Path, tmp_path: Path) -> list[str]:
    """The command, with a ledger that holds an answer to every request of the tiny recipe."""
    ledger = tmp_path / "ledger.sqlite"
    requests = list(Plan(load_recipe(str(ner_recipe))).requests())
    with Ledger(ledger) as opened:
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        opened.record(Answer(payload_key(request.payload), answer(request)) for request in requests)
    verb = [sys.executable, "-m", "corpusmith", "run", str(ner_recipe)]
    return [
        *verb,
        "--root",
        str(tmp_path / "runs"),
        "--encoder",
        str(encoder),
        "--ledger",
        str(ledger),
    ]


def released(root: Path) -> dict[str, str]:
    """Every file of the local Hub under `root` at its tags, by repo, tag and path."""
    from huggingface_hub import HfApi, hf_hub_download

    from corpusmith.hub.loopback import hub_at

    content: dict[str, str] = {}
    with hub_at("local", root / "hub") as endpoint:
        api = HfApi(endpoint=endpoint)
        for kind, repos in (
            ("dataset", api.list_datasets()),
            ("model", api.list_models()),
            ("space", api.list_spaces()),
        ):
            for repo in repos:
                for tag in api.list_repo_refs(repo.id, repo_type=kind).tags:
                    for path in api.list_repo_files(repo.id, repo_type=kind, revision=tag.name):
                        options = {"repo_type": kind, "revision": tag.name, "endpoint": endpoint}
                        file = hf_hub_download(repo.id, path, cache_dir=root / "cache", **options)
                        content[f"{repo.id}@{tag.name}/{path}"] = (
                            Path(file).read_bytes().hex()[:2000]
                        )
    return content


def test_run_passes_its_checks_and_second_run_releases_nothing(
    line: list[str], tmp_path: Path
) -> None:
    first = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr[-3000:]
    assert first.stdout.count("one commit, one tag") == 3
    assert 'load_dataset("local/corpusmith-ner", "tiny-disease", revision="v0.1.0")' in first.stdout
    assert "int8 loses" in first.stdout
    assert "What to type next" in first.stdout
    before = released(tmp_path / "runs")
    second = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr[-3000:]
    assert second.stdout.count("v0.1.0 is unchanged: nothing was released") == 3
    assert released(tmp_path / "runs") == before


def test_each_benchmark_has_its_own_baseline_predictions(ner_recipe: Path, tmp_path: Path) -> None:
    for name, text in (("first", "Gout was seen ."), ("second", "No cystic fibrosis .")):
        folder = tmp_path / "benchmarks" / "ner" / name
        folder.mkdir(parents=True)
        words = text.split()
        row = {"id": name, "tokens": words, "ner_tags": ["O"] * len(words)}
        (folder / "dev.jsonl").write_text(json.dumps(row) + "\n")
    recipe = load_recipe(str(ner_recipe)).model_copy(
        update={"benchmarks": ("ner/first", "ner/second")}
    )
    run = Run(tmp_path / "run", benchmarks=tmp_path / "benchmarks")
    found = [*measurements(recipe, run, "corpus")]
    files = [(path, Path(where).name) for path, where, _ in found if path.suffix == ".jsonl"]
    assert [name for _, name in files] == ["first", "second"]
    assert [json.loads(path.read_text())["id"] for path, _ in files] == ["first", "second"]
    names = [evaluation_name(path, "m") + evaluation_name(where, "c") for path, where, _ in found]
    assert names[2:] == ["dictionary-first", "modelsecond", "dictionary-second"]


def test_run_adapts_to_documents_and_releases_no_word_of_them(
    line: list[str], tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for i in range(40):
        (notes / f"{CANARY}-{i}.txt").write_text(f"{CANARY} number {i} has cystic fibrosis today.")
    line = [*line, "--documents", str(notes)]
    first = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr[-3000:]
    adapted = tmp_path / "runs" / "tiny-disease" / "adapted"
    assert json.loads((adapted / "training.json").read_text())["adapted"]["documents"] == 40
    assert stat.S_IMODE(adapted.stat().st_mode) == 0o700
    assert not betraying(tmp_path / "runs")
    before = (adapted / "model.safetensors").stat().st_mtime_ns
    second = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr[-3000:]
    assert (adapted / "model.safetensors").stat().st_mtime_ns == before, "adapted only once"
    (notes / "new.txt").write_text("A new note says that this patient has cystic fibrosis too.")
    third = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert third.returncode == 0, third.stderr[-3000:]
    assert json.loads((adapted / "training.json").read_text())["adapted"]["documents"] == 41


def test_run_killed_at_random_times_reaches_same_final_state(
    line: list[str], tmp_path: Path
) -> None:
    rng = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(
            line,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(3, 25))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finished = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[-3000:]
    content = released(tmp_path / "runs")
    assert {name.partition("/")[2].partition("/")[0] for name in content} == {
        "corpusmith-ner@v0.1.0",
        f"corpusmith-tiny-disease-{Path(line[line.index('--encoder') + 1]).name}@v0.1.0",
        "corpusmith@v0.1.0",
    }


def test_printed_commands_include_venv_path_if_not_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    own = tmp_path / ".venv" / "bin" / "corpusmith"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(own.with_name("python")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_typed("corpusmith") == ".venv/bin/corpusmith"
    monkeypatch.setenv("PATH", str(own.parent))
    assert as_typed("corpusmith") == "corpusmith"
