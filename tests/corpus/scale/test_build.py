"""One machine and many tasks build the same corpus from the same answers."""

import json
import shutil
from pathlib import Path

import fsspec
import pytest
import yaml

from corpusmith.corpus.build import build
from corpusmith.corpus.scale.answers import write_answers
from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from tests.corpus.folders import rows_of, without_bytes

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from corpusmith.cluster import Cluster
from corpusmith.corpus.scale.build import build_at_scale

pytestmark = pytest.mark.slow  # each stage starts processes of its own


@pytest.mark.parametrize(("tasks", "workers"), [(1, 1), (8, 2)])
def test_number_of_tasks_does_not_change_the_corpus(
    small_recipe: Path,
    small_answers: Path,
    small_benchmarks: Path,
    small_build: tuple[Path, dict],
    tmp_path: Path,
    tasks: int,
    workers: int,
):
    out, (one, expected) = tmp_path / "many", small_build
    cluster = Cluster(workers=workers)
    facts = build_at_scale(
        str(small_recipe), str(small_answers), str(out), cluster, tasks, small_benchmarks
    )
    assert without_bytes(facts) == without_bytes(expected)
    leaked = "8-gram shared with ours/dev"
    assert expected["filtered_by_reason"].keys() == {"duplicate", "near duplicate", leaked}
    assert all(expected["counts"][fate] for fate in ("accepted", "rejected", "failed", "pending"))
    assert rows_of(out, "small") == rows_of(one, "small")
    assert sorted(map(str, rows_of(out, "rejected"))) == sorted(map(str, rows_of(one, "rejected")))
    assert {row["reason"] for row in rows_of(out, "rejected")} >= {
        "near duplicate",
        leaked,
        "seed missing",
    }
    assert not (out / "work" / "small").exists()
    assert json.loads((out / "build.json").read_text()) == facts
    others = [
        {path.relative_to(folder) for path in folder.rglob("*.*") if path.suffix != ".parquet"}
        for folder in (out, one)
    ]
    assert others[0] == others[1], "the folder that is published holds the same files"


def test_number_of_tasks_does_not_change_relations_with_borrowed_answers(
    relation_recipe: Path, tmp_path: Path
):
    """The second half of the recipe's plan is borrowed from another recipe."""
    other = yaml.safe_load(relation_recipe.read_text()) | {
        "name": "borrower",
        "borrow": [str(relation_recipe)],
    }
    recipe = tmp_path / "borrower.yaml"
    recipe.write_text(yaml.safe_dump(other | {"seed": 11}))
    plan, answers = Plan(load_recipe(str(recipe))), tmp_path / "answers"
    answers.mkdir()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for request in plan.requests():
            names = " was seen beside ".join(seed.text for seed in request.seeds)
            text = f"In cohort {request.index} of our study {names} were seen at follow-up."
            ledger.add([(payload_key(request.payload), request.payload)])
            ledger.record([Answer(payload_key(request.payload), text)])
        with (answers / "answers-00000.jsonl").open("w") as out:
            assert write_answers(plan, ledger, out) == 0
    expected = build(str(recipe), tmp_path / "one", tmp_path / "ledger.sqlite")
    facts = build_at_scale(str(recipe), str(answers), str(tmp_path / "many"), Cluster(), 3)
    assert without_bytes(facts) == without_bytes(expected)
    assert facts["counts"]["requests"] == 80 and facts["counts"]["accepted"] > 40
    assert rows_of(tmp_path / "many", "borrower") == rows_of(tmp_path / "one", "borrower")


def test_answers_and_corpus_may_be_in_object_store(
    small_recipe: Path, small_answers: Path, small_build: tuple[Path, dict], small_benchmarks: Path
):
    """Use fsspec's in-memory store. It has no paths on disk and belongs to this process."""
    store = fsspec.filesystem("memory")
    store.put(f"{small_answers}/", "/given/", recursive=True)
    facts = build_at_scale(
        str(small_recipe), "memory://given", "memory://made", Cluster(), 2, small_benchmarks
    )
    assert facts["content_hash"] == small_build[1]["content_hash"]
    assert json.loads(store.cat("/made/build.json")) == facts
    assert len(store.glob("/made/data/small/train-*-of-00002.parquet")) == 2
    assert not store.exists("/made/work/small")


def test_two_processes_build_from_s3_to_s3(
    small_recipe: Path,
    small_answers: Path,
    small_build: tuple[Path, dict],
    small_benchmarks: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """An S3 server on the loopback is shared by all processes."""
    pytest.importorskip(
        "s3fs", reason="pip install s3fs: its python-dateutil is older than that of constraints.txt"
    )
    server = pytest.importorskip(
        "moto.server", reason="pip install moto flask flask-cors: an S3 on the loopback"
    )
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    try:
        host, port = running.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, "us-east-1")
        store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        store.mkdir("lab")
        store.put(f"{small_answers}/", "lab/answers/", recursive=True)
        cluster = Cluster(workers=2)
        facts = build_at_scale(
            str(small_recipe), "s3://lab/answers", "s3://lab/made", cluster, 3, small_benchmarks
        )
        assert without_bytes(facts) == without_bytes(small_build[1])
        assert json.loads(store.cat("lab/made/build.json")) == facts
        assert len(store.glob("lab/made/data/small/train-*-of-00003.parquet")) == 3
        assert not store.find("lab/made/work/small")
    finally:
        running.stop()


def test_failed_build_resumes_where_it_stopped(
    small_recipe: Path,
    small_answers: Path,
    small_build: tuple[Path, dict],
    small_benchmarks: Path,
    tmp_path: Path,
):
    """The benchmarks are added late. Only the last stage runs again; the others are complete."""
    absent, out = tmp_path / "benchmarks", str(tmp_path / "out")
    with pytest.raises(UserError, match="not a folder of benchmarks"):
        build_at_scale(str(small_recipe), str(small_answers), out, Cluster(), 2, absent)
    # A repeated stage would find no answers.
    shutil.rmtree(tmp_path / "out" / "work" / "small" / "answers")
    shutil.copytree(small_benchmarks, absent)
    facts = build_at_scale(str(small_recipe), str(small_answers), out, Cluster(), 2, absent)
    assert facts["content_hash"] == small_build[1]["content_hash"]


class Interrupted(Cluster):
    """A cluster that is killed after the shards are written and before they are merged."""

    def run(self, name: str, pipeline: list, tasks: int, work: str) -> None:
        super().run(name, pipeline, tasks, work)
        if name == "publish":
            raise KeyboardInterrupt


def test_work_for_another_folder_is_not_reused(
    small_recipe: Path,
    small_answers: Path,
    small_build: tuple[Path, dict],
    small_benchmarks: Path,
    tmp_path: Path,
):
    def build_into(out: str, cluster: Cluster) -> dict:
        return build_at_scale(
            str(small_recipe),
            str(small_answers),
            str(tmp_path / out),
            cluster,
            2,
            benchmarks=small_benchmarks,
        )

    work = str(tmp_path / "work")
    with pytest.raises(KeyboardInterrupt):
        build_into("first", Interrupted(work=work))
    facts = build_into("second", Cluster(work=work))
    assert without_bytes(facts) == without_bytes(small_build[1])
    assert rows_of(tmp_path / "second", "small") == rows_of(small_build[0], "small")


def test_work_folder_with_other_files_is_not_touched(
    small_recipe: Path, small_answers: Path, tmp_path: Path
):
    (tmp_path / "work" / "small").mkdir(parents=True)
    (tmp_path / "work" / "small" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds what no build has left there"):
        build_at_scale(
            str(small_recipe),
            str(small_answers),
            str(tmp_path / "out"),
            Cluster(work=str(tmp_path / "work")),
            1,
        )
    assert (tmp_path / "work" / "small" / "notes.txt").read_text() == "mine"


def test_answers_to_another_recipe_are_refused(
    small_recipe: Path, small_answers: Path, tmp_path: Path
):
    other = tmp_path / "other.yaml"
    other.write_text(small_recipe.read_text() + "seed: 99\n")
    with pytest.raises(UserError, match="another payload"):
        build_at_scale(str(other), str(small_answers), str(tmp_path / "out"), Cluster(), 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no answers"):
        build_at_scale(
            str(small_recipe), str(tmp_path / "empty"), str(tmp_path / "out"), Cluster(), 1
        )


def test_borrowed_requests_are_counted_as_on_one_machine(
    small_recipe: Path, small_ledger: Path, tmp_path: Path
) -> None:
    lender, borrower = tmp_path / "lender.yaml", tmp_path / "borrower.yaml"
    lender.write_text(f"extends: {small_recipe}\nname: lender\nrows: 10\nseed: 8\n")
    borrower.write_text(f"extends: {small_recipe}\nname: borrower\nborrow: [{lender}]\n")
    (tmp_path / "answers").mkdir()
    with (
        Ledger(small_ledger) as opened,
        (tmp_path / "answers" / "answers-0.jsonl").open("w") as out,
    ):
        write_answers(Plan(load_recipe(str(borrower))), opened, out)
    one = build(str(borrower), tmp_path / "one", small_ledger)["counts"]
    answers, many = str(tmp_path / "answers"), str(tmp_path / "many")
    assert build_at_scale(str(borrower), answers, many, Cluster(), 2)["counts"] == one
    assert one["pending"] and one["borrowed_unanswered"] == 10
