"""A corpus built by many tasks, read from and written to a Hub, equals that of one machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from corpusmith.corpus.build import build
from corpusmith.corpus.scale.answers import write_answers
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")
pytestmark = pytest.mark.slow

LOAD = """
import json
from datasets import load_dataset
corpus = load_dataset("lab/ner", "tiny-disease", revision="v0.1.0")
print(json.dumps({split: rows["id"][:] for split, rows in corpus.items()}))
"""


@pytest.fixture
def one_machine(ner_recipe: Path, tmp_path: Path) -> tuple[Path, dict]:
    """A corpus built from a ledger, and the same answers as files."""
    plan, answers = Plan(load_recipe(str(ner_recipe))), tmp_path / "answers"
    answers.mkdir()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for request in plan.requests():
            key, names = (
                payload_key(request.payload),
                " as well as ".join(seed.text for seed in request.seeds),
            )
            ledger.add([(key, request.payload)])
            ledger.record(
                [
                    Answer(
                        key,
                        f"The clinic saw {request.index} families, and {names or 'no more'}.",
                    )
                ]
            )
        with (answers / "answers-00000.jsonl").open("w") as out:
            write_answers(plan, ledger, out)
    return tmp_path / "one", build(str(ner_recipe), tmp_path / "one", tmp_path / "ledger.sqlite")


def test_corpus_built_by_many_tasks_is_read_written_and_released_on_hub(
    hub: str, ner_recipe: Path, one_machine: tuple[Path, dict], tmp_path: Path
) -> None:
    api, (one, expected) = HfApi(endpoint=hub, token="any-token"), one_machine
    for repo in ("lab/answers", "lab/built"):
        api.create_repo(repo, repo_type="dataset")
    api.upload_folder(repo_id="lab/answers", folder_path=tmp_path / "answers", repo_type="dataset")

    home = str(tmp_path / "home")
    environment = {
        "HF_ENDPOINT": hub,
        "HF_TOKEN": "any-token",
        "HF_HOME": home,
        "PYTHONPATH": os.getcwd(),
    }

    def run(*command: str) -> str:
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    corpusmith = (sys.executable, "-m", "corpusmith")
    spread = (
        "--executor",
        "local",
        "--tasks",
        "3",
        "--workers",
        "2",
        "--work",
        str(tmp_path / "work"),
    )
    run(
        *corpusmith,
        "build",
        str(ner_recipe),
        *spread,
        "--answers",
        "hf://datasets/lab/answers",
        "--out",
        "hf://datasets/lab/built",
    )
    built = api.hf_hub_download("lab/built", "build.json", repo_type="dataset")
    assert json.loads(Path(built).read_text())["content_hash"] == expected["content_hash"]
    assert not (tmp_path / "work" / "tiny-disease").exists()

    published = run(
        *corpusmith, "publish", "dataset", "hf://datasets/lab/built", "--repo", "lab/ner"
    )
    assert "v0.1.0" in published
    card = Path(
        api.hf_hub_download("lab/ner", "README.md", repo_type="dataset", revision="v0.1.0")
    ).read_text()
    assert "data/tiny-disease/train-" in card and expected["title"] in card
    rows = json.loads(run(sys.executable, "-c", LOAD).splitlines()[-1])
    files = {
        split: one / "data" / "tiny-disease" / f"{split}-00000-of-00001.parquet" for split in rows
    }
    assert rows == {split: pq.read_table(path)["id"].to_pylist() for split, path in files.items()}
    assert rows.keys() == expected["splits"].keys()
    assert "is unchanged" in run(
        *corpusmith, "publish", "dataset", "hf://datasets/lab/built", "--repo", "lab/ner"
    )
