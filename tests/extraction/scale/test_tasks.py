"""Extraction over tasks writes the bytes of one process."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction import extract
from corpusmith.extraction.extract import ExtractorSettings
from corpusmith.extraction.run import Inputs, Output, extract_files
from tests.training.models import SENTENCES, TAGS, write_model

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from corpusmith.cluster import Cluster
from corpusmith.extraction.scale.tasks import extract_at_scale


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


def write_texts(path: Path, count: int) -> Path:
    with path.open("w") as file:
        for n in range(count):
            file.write(json.dumps({"id": str(n), "text": SENTENCES[n % len(SENTENCES)]}) + "\n")
    return path


def outputs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("o."))


@pytest.mark.parametrize("to", ["jsonl", "brat"])
def test_tasks_write_what_one_process_writes(model, tmp_path, monkeypatch, to):
    monkeypatch.setattr(extract, "CHARACTERS", 300)
    texts = write_texts(tmp_path / "texts.jsonl", 60)
    settings, inputs = ExtractorSettings(str(model)), Inputs([str(texts)])
    one = extract_files(settings.load(), inputs, Output(tmp_path / "one", to))
    done = extract_at_scale(settings, inputs, Output(tmp_path / "o.x", to), Cluster(), tasks=3)
    assert done == one and done.documents == 60 and done.mentions > 0
    for path in [tmp_path / "one", *(tmp_path / "one").rglob("*.*")]:
        if path.is_file():
            other = tmp_path / "o.x" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == other.read_bytes()
    assert outputs(tmp_path) == ["o.x"]


def test_more_tasks_than_batches_and_no_documents(model, tmp_path):
    settings = ExtractorSettings(str(model))
    for count in (0, 2):
        texts = write_texts(tmp_path / f"{count}.jsonl", count)
        output = Output(tmp_path / f"o.{count}", "jsonl")
        done = extract_at_scale(settings, Inputs([str(texts)]), output, Cluster(), tasks=3)
        assert done.documents == count


def test_skipped_documents_are_told_once(model, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "CHARACTERS", 10)
    (tmp_path / "t.jsonl").write_text('{"text": "one gout"}\n{"text": \n{"text": "two asthma"}\n')
    inputs = Inputs([str(tmp_path / "*.jsonl")], skip_bad=True)
    output = Output(tmp_path / "o.x", "jsonl")
    done = extract_at_scale(ExtractorSettings(str(model)), inputs, output, Cluster(), tasks=2)
    assert done.documents == 2 and len(done.skipped) == 1


def test_task_that_fails_is_named_and_the_rest_is_kept(model, tmp_path, monkeypatch):
    """The same call then continues; another number of tasks or another run is refused."""
    monkeypatch.setattr(extract, "CHARACTERS", 300)
    texts = write_texts(tmp_path / "texts.jsonl", 60)
    settings, inputs = ExtractorSettings(str(model)), Inputs([str(texts)])
    output = Output(tmp_path / "o.x", "jsonl")
    own, asked = extract.Extractor.annotated, []

    def halting(self, documents):
        asked.append(documents[0].id)
        if len(asked) == 5:
            raise MemoryError("killed")
        return own(self, documents)

    monkeypatch.setattr(extract.Extractor, "annotated", halting)
    with pytest.raises(UserError, match=r"stage extract failed.*see .*o\.x\.parts"):
        extract_at_scale(settings, inputs, output, Cluster(), tasks=2)
    with pytest.raises(UserError, match="was begun with 2 tasks"):
        extract_at_scale(settings, inputs, output, Cluster(), tasks=3)
    with pytest.raises(UserError, match="from another run"):
        other = ExtractorSettings(str(model), threshold=0.9)
        extract_at_scale(other, inputs, output, Cluster(), tasks=2)
    extract_at_scale(settings, inputs, output, Cluster())
    assert len(asked) == len(set(asked)) + 1, "only the batch that failed is extracted again"
    extract_files(settings.load(), inputs, Output(tmp_path / "whole", "jsonl"))
    assert (tmp_path / "o.x").read_bytes() == (tmp_path / "whole").read_bytes()


def test_stdin_and_stdout_are_refused(model):
    for inputs, out in ((Inputs(["-"]), Path("o.jsonl")), (Inputs(["a.txt"]), None)):
        with pytest.raises(UserError, match="--executor reads files"):
            extract_at_scale(
                ExtractorSettings(str(model)), inputs, Output(out, "jsonl"), Cluster(), tasks=1
            )


@pytest.mark.slow
def test_two_killed_workers_resume_to_same_bytes(model, tmp_path):
    """With the int8 model, whose scores depend on the batch."""
    from corpusmith.training.export import export

    export(str(model), None, "validation")
    texts = write_texts(tmp_path / "texts.jsonl", 12_000)
    line = [sys.executable, "-m", "corpusmith", "extract", str(model), str(texts), "--out"]
    subprocess.run([*line, str(tmp_path / "whole.jsonl"), "--threads", "1"], check=True)
    spread = [*line, str(tmp_path / "o.jsonl"), "--executor", "local", "--workers", "2"]
    process = subprocess.Popen(spread, start_new_session=True)
    parts = tmp_path / "o.jsonl.parts"
    while sum(path.stat().st_size > 20_000 for path in parts.glob("*.jsonl")) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=True)
    process.wait()
    assert not (tmp_path / "o.jsonl").exists()
    subprocess.run(spread, check=True)
    assert (tmp_path / "o.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not parts.exists()
