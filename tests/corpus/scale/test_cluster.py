"""Ray and Slurm on this machine build what one process does, and Slurm extracts what it does. The
tests share a file so that only one cluster runs at a time.
"""

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from corpusmith.corpus.generate import resized
from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.teacher.limits import AskLimits
from tests.corpus.folders import rows_of, without_bytes
from tests.teacher.fake_teacher import FakeTeacher
from tests.training.models import SENTENCES, TAGS, write_model

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from corpusmith.cluster import Cluster
from corpusmith.corpus.scale.blocks import Deal
from corpusmith.corpus.scale.build import build_at_scale
from corpusmith.corpus.scale.generate import generate_at_scale
from corpusmith.extraction.extract import ExtractorSettings
from corpusmith.extraction.run import Inputs, Output, extract_files
from corpusmith.extraction.scale.tasks import extract_at_scale

pytestmark = pytest.mark.slow
NODE_CPUS = min(2, os.cpu_count() or 1)


def busy_with_a_task(raylet: int) -> bool:
    """Return whether a worker of this node runs a datatrove task, by its process title."""
    import psutil

    for process in psutil.Process(raylet).children(recursive=True):
        try:
            if "RankWorker.run_for_rank" in " ".join(process.cmdline()):
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def test_losing_a_ray_worker_does_not_change_the_corpus(
    small_recipe: Path,
    small_answers: Path,
    small_build: tuple[Path, dict],
    small_benchmarks: Path,
    tmp_path: Path,
):
    """A head and two workers on the loopback; one is killed during the longest stage.

    Two tasks a stage: Ray starts a process for each, which takes seconds.
    """
    ray = pytest.importorskip("ray", reason="pip install ray")
    from ray.cluster_utils import Cluster as RayCluster

    nodes = RayCluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        workers = [nodes.add_node(num_cpus=1, memory=2 << 30) for _ in range(2)]
        ray.init(address=nodes.address, log_to_driver=False)
        raylet = workers[0].all_processes["raylet"][0].process.pid
        logs, killed = tmp_path / "out" / "work" / "small" / "logs" / "judge", threading.Event()

        def kill_one() -> None:
            while not (logs.exists() and busy_with_a_task(raylet)):
                time.sleep(0.02)
            nodes.remove_node(workers[0], allow_graceful=False)
            killed.set()

        threading.Thread(target=kill_one, daemon=True).start()
        cluster = Cluster("ray", workers=2, memory_gb=1)
        out = tmp_path / "out"
        facts = build_at_scale(
            str(small_recipe), str(small_answers), str(out), cluster, 2, small_benchmarks
        )
        assert killed.is_set()
        assert sorted(node["Alive"] for node in ray.nodes()) == [False, True, True]
    finally:
        ray.shutdown()
        nodes.shutdown()
    assert without_bytes(facts) == without_bytes(small_build[1])
    assert rows_of(out, "small") == rows_of(small_build[0], "small")


def test_each_ray_task_asks_the_server_of_its_node(ner_recipe: Path, tmp_path: Path):
    """Two Ray nodes, each with its own teacher, as vLLM runs on every node."""
    ray = pytest.importorskip("ray", reason="pip install ray")
    from ray.cluster_utils import Cluster as RayCluster

    teachers = [FakeTeacher(latency=0.02), FakeTeacher(latency=0.02)]
    with teachers[0].serve() as first, teachers[1].serve() as second:
        nodes = RayCluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        try:
            for url in (first, second):
                nodes.add_node(num_cpus=1, memory=2 << 30, env_vars={"OPENAI_BASE_URL": url})
            ray.init(address=nodes.address, log_to_driver=False)
            cluster = Cluster("ray", workers=2, memory_gb=1)
            counts = generate_at_scale(
                resized(str(ner_recipe)),
                tmp_path / "answers",
                cluster,
                4,
                limits=AskLimits(anyway=True),
            )
        finally:
            ray.shutdown()
            nodes.shutdown()
    assert counts == {"answered": 60, "failed": 0, "pending": 0}
    served = [{payload["seed"] % 4 for payload in teacher.payloads} for teacher in teachers]
    assert all(served), "both nodes had work"
    assert served[0].isdisjoint(served[1]), "no task asked at the other node"
    answers = [
        json.loads(line)
        for path in (tmp_path / "answers").glob("answers-*.jsonl")
        for line in path.open()
    ]
    assert sorted(answer["index"] for answer in answers) == list(range(60))


def test_missing_ray_cluster_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_recipe: Path
):
    pytest.importorskip("ray", reason="pip install ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(UserError, match="no Ray cluster: set RAY_ADDRESS"):
        Cluster("ray").run(
            "deal", [Deal(load_recipe(str(small_recipe)), str(tmp_path), str(tmp_path))], 1, "x"
        )


def test_slurm_builds_the_same_corpus(
    slurm: None,
    small_recipe: Path,
    small_answers: Path,
    small_build: tuple[Path, dict],
    small_benchmarks: Path,
    tmp_path: Path,
):
    """No partition is named, so Slurm uses its default."""
    cluster, out = (
        Cluster("slurm", workers=2, memory_gb=1, sbatch={"time": "00:10:00"}),
        tmp_path / "out",
    )
    facts = build_at_scale(
        str(small_recipe), str(small_answers), str(out), cluster, 3, small_benchmarks
    )
    assert without_bytes(facts) == without_bytes(small_build[1])
    assert rows_of(out, "small") == rows_of(small_build[0], "small")
    queued = subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=True).stdout
    assert queued == "", "no job is left behind"
    assert not (out / "work" / "small").exists()


def test_slurm_error_names_failed_stage(slurm: None, small_recipe: Path, tmp_path: Path):
    """A job fails on its node. Waiting ends and the error names the logs."""
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "answers-00000.jsonl").write_text("these are no answers\n")
    cluster = Cluster("slurm", workers=1, memory_gb=1)
    with pytest.raises(
        UserError, match=r"stage deal: 1 of 1 tasks did not complete; see .*logs/deal/logs"
    ) as failed:
        build_at_scale(
            str(small_recipe), str(tmp_path / "answers"), str(tmp_path / "out"), cluster, 1
        )
    log = Path(str(failed.value).rsplit("see ", 1)[1]) / "task_00000.log"
    assert "answers-00000.jsonl, line 1 is not an answer" in log.read_text()


def test_sbatch_file_holds_requested_options(
    small_recipe: Path, small_answers: Path, tmp_path: Path
):
    """The sbatch file holds the user's options. This test also runs without Slurm."""
    asked = {"partition": "cpu", "time": "02:00:00", "account": "lab"}
    cluster = Cluster("slurm", workers=16, memory_gb=3, sbatch=asked, setup="module load python")
    directives, script = job(cluster, small_recipe, small_answers, tmp_path)
    assert directives["array"] == "0-399%16"
    assert {name: directives[name] for name in asked} == asked
    assert directives["mem-per-cpu"] == "3G"
    assert directives["job-name"] == "corpusmith-deal"
    assert "module load python" in script
    assert "qos" not in directives
    directives, _ = job(Cluster("slurm"), small_recipe, small_answers, tmp_path)
    assert "partition" not in directives and directives["time"] == "24:00:00"


def job(cluster: Cluster, recipe: Path, answers: Path, work: Path) -> tuple[dict[str, str], str]:
    """Return the directives of a stage's sbatch file, and its text."""
    executor = cluster.executor_of(
        "deal", [Deal(load_recipe(str(recipe)), str(answers), str(work))], 400, str(work)
    )
    script = executor.get_launch_file_contents(
        executor.get_sbatch_args(400), "srun launch_pickled_pipeline"
    )
    lines = [
        line.removeprefix("#SBATCH --")
        for line in script.splitlines()
        if line.startswith("#SBATCH --")
    ]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}, script


@pytest.fixture
def model(tmp_path: Path, tiny_encoder: Path) -> Path:
    return write_model(tmp_path / "model", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


def assert_extracts_what_one_process_extracts(model: Path, folder: Path, cluster: Cluster) -> None:
    texts = folder / "texts.jsonl"
    rows = [json.dumps({"id": str(n), "text": text}) for n, text in enumerate(SENTENCES * 180)]
    texts.write_text("\n".join(rows) + "\n")
    settings, inputs = ExtractorSettings(str(model)), Inputs([str(texts)])
    extract_at_scale(settings, inputs, Output(folder / "o.jsonl", "jsonl"), cluster)
    extract_files(settings.load(), inputs, Output(folder / "whole.jsonl", "jsonl"))
    assert (folder / "o.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
    assert not (folder / "o.jsonl.parts").exists()


def test_slurm_extracts_what_one_process_extracts(slurm: None, model: Path, tmp_path: Path):
    cluster = Cluster("slurm", workers=2, memory_gb=1, sbatch={"time": "00:10:00"})
    assert_extracts_what_one_process_extracts(model, tmp_path, cluster)
