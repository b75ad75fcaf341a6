"""The same answers give the same corpus on one machine and over many tasks."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from builders.answers import write_answers
from builders.build import build
from builders.ledger import Answer, Ledger, payload_key
from builders.plan import Plan
from builders.recipe import load_recipe
from corpusmith_errors import UserError
from tests.builders.fake_teacher import FakeTeacher

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from builders.blocks import Deal
from builders.scale import Cluster, build_at_scale, generate_at_scale

pytestmark = pytest.mark.slow  # each stage starts processes of its own
ROWS = 120
WORDS = ["carriers", "of", "the", "variant", "showed", "reduced", "expression", "in", "liver", "cells", "while"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text(f"extends: ncbi-disease\nname: small\ntitle: A small corpus\nrows: {ROWS}\n")
    return path


@pytest.fixture(scope="module")
def ledger(recipe: Path) -> Path:
    """Answers of every fate: good, without a seed, repeated, nearly repeated, failed and pending."""
    rng = random.Random(7)
    path = recipe.parent / "ledger.sqlite"
    previous = "Nothing was said before of the families that we had followed for years in this clinic."
    with Ledger(path) as opened:
        for request in Plan(load_recipe(str(recipe))).requests():
            if request.index % 17 == 3:
                continue
            words = [rng.choice(WORDS) for _ in range(rng.randrange(9, 25))]
            if request.index % 13:
                for seed in request.seeds:
                    words.insert(rng.randrange(1, len(words)), seed.text)
            text = " ".join(words).capitalize() + "." * (request.index % 5 > 0)
            if not request.seeds and request.index % 3 == 0:
                text = previous if request.index % 2 else previous.replace("clinic", "hospital")
            key = payload_key(request.payload)
            opened.add([(key, request.payload)])
            opened.record([Answer(key, text, prompt_tokens=200, completion_tokens=30)])
    return path


@pytest.fixture(scope="module")
def benchmarks(recipe: Path) -> Path:
    folder = recipe.parent / "benchmarks" / "ner" / "ours"
    folder.mkdir(parents=True)
    row = {
        "id": "b1",
        "tokens": [f"word{i}" for i in range(12)],
    }
    (folder / "dev.jsonl").write_text(json.dumps({**row, "ner_tags": ["O"] * 12}) + "\n")
    return folder.parent.parent


@pytest.fixture(scope="module")
def one_machine(recipe: Path, ledger: Path, benchmarks: Path) -> dict:
    return build(str(recipe), recipe.parent / "one", ledger, benchmarks)


@pytest.fixture(scope="module")
def answers(recipe: Path, ledger: Path) -> Path:
    """Three files, as three tasks of `generate` write them."""
    folder = recipe.parent / "answers"
    folder.mkdir()
    plan = Plan(load_recipe(str(recipe)))
    with Ledger(ledger) as opened:
        for shard in range(3):
            with (folder / f"answers-{shard:05d}.jsonl").open("w") as out:
                write_answers(plan, opened, out, shard, 3)
    return folder


def without_bytes(facts: dict) -> dict:
    splits = {split: {k: v for k, v in figures.items() if k != "bytes"} for split, figures in facts["splits"].items()}
    return {**facts, "splits": splits}


@pytest.mark.parametrize(("tasks", "workers"), [(1, 1), (8, 2)])
def test_any_number_of_tasks_builds_what_one_machine_builds(
    recipe: Path, answers: Path, benchmarks: Path, one_machine: dict, tmp_path: Path, tasks: int, workers: int
):
    out = tmp_path / "many"
    facts = build_at_scale(str(recipe), str(answers), str(out), Cluster(workers=workers), tasks, benchmarks)
    assert without_bytes(facts) == without_bytes(one_machine)
    assert one_machine["filtered_by_reason"].keys() >= {"duplicate", "near duplicate"}
    assert one_machine["counts"]["pending"] and one_machine["counts"]["rejected"]
    assert rows_of(out, "small") == rows_of(recipe.parent / "one", "small")
    assert sorted(map(str, rows_of(out, "rejected"))) == sorted(map(str, rows_of(recipe.parent / "one", "rejected")))
    assert not (out / "work" / "small").exists()
    assert json.loads((out / "recipes" / "small" / "build.json").read_text()) == facts


def test_ray_loses_a_worker_and_builds_the_same(
    recipe: Path, answers: Path, one_machine: dict, benchmarks: Path, tmp_path: Path
):
    """A real cluster of a head and two workers on the loopback; one of them is killed once it has done a task."""
    ray = pytest.importorskip("ray", reason="Ray comes with corpusmith[scale]")
    from ray.cluster_utils import Cluster as RayCluster

    nodes = RayCluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        workers = [nodes.add_node(num_cpus=1, memory=2 << 30) for _ in range(2)]
        ray.init(address=nodes.address, log_to_driver=False)
        done = tmp_path / "out" / "work" / "small" / "logs" / "judge" / "completions"

        def kill_one() -> None:
            while not (done.exists() and any(done.iterdir())):
                time.sleep(0.05)
            nodes.remove_node(workers[0], allow_graceful=False)

        killer = threading.Thread(target=kill_one, daemon=True)
        killer.start()
        cluster = Cluster("ray", workers=2, memory_gb=1)
        facts = build_at_scale(str(recipe), str(answers), str(tmp_path / "out"), cluster, 8, benchmarks)
        killer.join(timeout=120)
        assert not killer.is_alive()
    finally:
        ray.shutdown()
        nodes.shutdown()
    assert without_bytes(facts) == without_bytes(one_machine)


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Slurm of one node: munged, slurmctld and slurmd of this host, in a folder of their own."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # munge wants a short path to its socket
    daemons = ("munged", "slurmctld", "slurmd")
    if missing := [name for name in daemons if not shutil.which(name)]:
        pytest.skip(f"no {', '.join(missing)} here: install Debian's slurmctld, slurmd and munge")
    if os.geteuid() != 0:
        pytest.skip("slurmd must be started by root")
    host = socket.gethostname().split(".")[0]
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    lines = [
        "ClusterName=corpusmith",
        f"SlurmctldHost={host}(127.0.0.1)",
        "SlurmUser=root",
        f"AuthInfo=socket={folder}/munge.sock",
        "SlurmctldPort=26817",
        "SlurmdPort=26818",
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/spool",
        *(f"{name.capitalize()}PidFile={folder}/{name}.pid" for name in daemons[1:]),
        *(f"{name.capitalize()}LogFile={folder}/{name}.log" for name in daemons[1:]),
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core_Memory",
        "MpiDefault=none",
        f"NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2048",
        f"PartitionName=main Nodes={host} Default=YES",
    ]
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    munge = [f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")]
    try:
        run("munged", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.sock", *munge)
        run("slurmctld", "-f", f"{folder}/slurm.conf")
        run("slurmd", "-f", f"{folder}/slurm.conf")
        for _ in range(60):
            if subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True).stdout.strip() == "idle":
                break
            time.sleep(0.5)
        else:
            pytest.skip(f"Slurm's node does not come up: {(folder / 'slurmd.log').read_text()[-500:]}")
        yield
    finally:
        for name in reversed(daemons):
            if (folder / f"{name}.pid").exists():
                pid = int((folder / f"{name}.pid").read_text())
                os.kill(pid, signal.SIGTERM)
                while Path(f"/proc/{pid}").exists():  # it still writes its state
                    time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str) -> None:
    started = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if started.returncode:
        pytest.skip(f"{command[0]} does not start here: {started.stderr.strip()}")


def test_slurm_builds_the_same(
    slurm: None, recipe: Path, answers: Path, one_machine: dict, benchmarks: Path, tmp_path: Path
):
    cluster = Cluster("slurm", workers=2, memory_gb=1, partition="main", time="00:10:00")
    facts = build_at_scale(str(recipe), str(answers), str(tmp_path / "out"), cluster, 3, benchmarks)
    assert without_bytes(facts) == without_bytes(one_machine)


def test_the_job_that_slurm_gets(recipe: Path, answers: Path, tmp_path: Path):
    """Checked on machines without Slurm too: the sbatch file asks for what the user asked for."""
    cluster = Cluster("slurm", workers=16, memory_gb=3, partition="cpu", time="02:00:00", setup="module load python")
    step = Deal(load_recipe(str(recipe)), str(answers), str(tmp_path))
    executor = cluster.executor_of("deal", [step], 400, str(tmp_path))
    script = executor.get_launch_file_contents(executor.get_sbatch_args(400), "srun launch_pickled_pipeline")
    directives = dict(line[8:].lstrip("-").split("=", 1) for line in script.splitlines() if "=" in line[:30])
    assert directives["array"] == "0-399%16"
    assert directives["partition"] == "cpu"
    assert directives["time"] == "02:00:00"
    assert directives["mem-per-cpu"] == "3G"
    assert directives["job-name"] == "corpusmith-deal"
    assert "module load python" in script
    assert "qos" not in directives


def test_each_task_of_generate_keeps_a_ledger_and_resumes_from_it(
    ner_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    teacher, out = FakeTeacher(faults=0.2, kinds=("error", "content_filter")), tmp_path / "answers"
    with teacher.serve() as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        generate_at_scale(str(ner_recipe), out, Cluster(), 3)
        asked = teacher.asked.total()
        before = (out / "answers-00001.jsonl").read_text()
        (out / "answers-00001.jsonl").unlink()  # as if the task was lost before it had written its answers
        (out / "logs" / "generate" / "completions" / "00001").unlink()
        generate_at_scale(str(ner_recipe), out, Cluster(), 3)
    assert teacher.asked.total() == asked
    assert (out / "answers-00001.jsonl").read_text() == before
    answers = [json.loads(line) for path in sorted(out.glob("*.jsonl")) for line in path.open()]
    assert sorted(answer["index"] for answer in answers) == list(range(60))
    assert [answer["index"] % 3 for answer in answers] == [0] * 20 + [1] * 20 + [2] * 20
    assert {"text" in answer for answer in answers} == {True, False}


def rows_of(folder: Path, config: str) -> list[dict]:
    import pyarrow.parquet as pq

    files = sorted((folder / "data" / config).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_answers_and_corpus_may_lie_in_an_object_store(
    recipe: Path, answers: Path, one_machine: dict, benchmarks: Path
):
    """fsspec's store in memory, which has no paths of the disk; one worker, as it belongs to this process."""
    store = fsspec.filesystem("memory")
    store.put(f"{answers}/", "/given/", recursive=True)
    facts = build_at_scale(str(recipe), "memory://given", "memory://made", Cluster(), 2, benchmarks)
    assert facts["content_hash"] == one_machine["content_hash"]
    assert json.loads(store.cat("/made/recipes/small/build.json")) == facts
    assert len(store.glob("/made/data/small/train-*-of-00002.parquet")) == 2
    assert not store.exists("/made/work/small")


def test_a_failed_build_goes_on_where_it_stopped(
    recipe: Path, answers: Path, one_machine: dict, benchmarks: Path, tmp_path: Path
):
    """The benchmarks come late: every stage but the last has completed by then, and is not done again."""
    absent = tmp_path / "benchmarks"
    with pytest.raises(UserError, match="not a folder of benchmarks"):
        build_at_scale(str(recipe), str(answers), str(tmp_path / "out"), Cluster(), 2, absent)
    shutil.rmtree(tmp_path / "out" / "work" / "small" / "answers")  # a stage run again would find no answer
    shutil.copytree(benchmarks, absent)
    facts = build_at_scale(str(recipe), str(answers), str(tmp_path / "out"), Cluster(), 2, absent)
    assert facts["content_hash"] == one_machine["content_hash"]


def test_answers_to_another_recipe_are_refused(recipe: Path, answers: Path, tmp_path: Path):
    other = tmp_path / "other.yaml"
    other.write_text(recipe.read_text() + "seed: 99\n")
    with pytest.raises(UserError, match="another payload"):
        build_at_scale(str(other), str(answers), str(tmp_path / "out"), Cluster(), 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no answers"):
        build_at_scale(str(recipe), str(tmp_path / "empty"), str(tmp_path / "out"), Cluster(), 1)
