"""One build over many tasks, measured; and how the figures grow with the rows."""

import contextlib
import json
import multiprocessing
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from benchmarks.synthetic_answers import synthetic_answer
from corpusmith.corpus.scale.answers import KEY
from corpusmith.corpus.scale.build import ROWS_A_TASK, Cluster, build_at_scale
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.payload import payload_key

FILES = 4


def recipe_of(rows: int, folder: Path) -> Path:
    path = folder / f"measured-{rows}.yaml"
    changed = f"name: measured-{rows}\ntitle: Synthetic answers\nrows: {rows}\n"
    changed += "augment: {}\nborrow: []\n"
    path.write_text(f"extends: ncbi-disease\n{changed}")
    return path


def write_synthetic(recipe: Path, folder: Path) -> None:
    """Answer files as `generate` writes them, one for each of a few tasks."""
    folder.mkdir()
    with multiprocessing.get_context("spawn").Pool() as pool:
        pool.map(partial(write_shard, recipe, folder), range(FILES))


def write_shard(recipe: Path, folder: Path, shard: int) -> None:
    plan = Plan(load_recipe(str(recipe)))
    with (folder / f"answers-{shard:05d}.jsonl").open("w", encoding="utf-8") as out:
        for request in plan.requests(shard, FILES):
            answer = {"index": request.index, "key": payload_key(request.payload)[:KEY]}
            out.write(json.dumps({**answer, "text": synthetic_answer(request).text}) + "\n")


class Measured:
    """A local cluster that records time, disk and memory of the largest process of each stage."""

    def __init__(self, workers: int) -> None:
        self.cluster = Cluster(workers=workers)
        self.work = self.cluster.work
        self.stages: dict[str, dict[str, float]] = {}
        self.folders: dict[str, float] = {}

    def run(self, name: str, pipeline: list, tasks: int, work: str) -> None:
        before, begun, cpu = disk(Path(work)), time.perf_counter(), time.process_time()
        with LargestProcess() as largest:
            self.cluster.run(name, pipeline, tasks, work)
        self.stages[name] = {
            "seconds": round(time.perf_counter() - begun, 2),
            "own_cpu_seconds": round(
                time.process_time() - cpu, 2
            ),  # of the only worker, where there is one
            "disk_mb": round((disk(Path(work)) - before) / 2**20, 2),
            "peak_mb": round(largest.bytes / 2**20, 1),
        }
        self.folders = {
            folder.name: round(disk(folder) / 2**20, 2)
            for folder in sorted(Path(work).iterdir())
            if folder.is_dir()
        }


class LargestProcess:
    """The largest resident set of this process and its children, sampled ten times a second."""

    def __enter__(self) -> "LargestProcess":
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        own = psutil.Process()
        while True:
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.bytes = max(self.bytes, process.memory_info().rss)
            if self._done.wait(0.1):
                return


def disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def build_once(recipe: Path, answers: Path, rows: int, workers: int) -> dict:
    """One build, in a process of its own for the sake of its memory."""
    cluster = Measured(workers)
    tasks = max(2, -(-rows // ROWS_A_TASK))
    with tempfile.TemporaryDirectory() as out:
        begun, cpu = time.perf_counter(), time.process_time()
        with LargestProcess() as largest:
            facts = build_at_scale(str(recipe), str(answers), out, cluster, tasks)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "rows": rows,
        "workers": workers,
        "tasks": tasks,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds, 1),
        # one worker runs in this process; other work on the machine does not distort this figure
        **({"rows_per_cpu_second": round(rows / cpu, 1)} if workers == 1 else {}),
        "peak_mb": round(
            largest.bytes / 2**20, 1
        ),  # of the whole build, adding up and hashing at its end included
        "stages": cluster.stages,
        "disk_mb_by_folder": cluster.folders,
        "content_hash": facts["content_hash"],
    }


def growth(runs: list[dict], figure: str, large: int, small: int) -> float | None:
    """The figure at `large` rows over that at `small`, the least over numbers of workers."""
    speed = {(run["rows"], run["workers"]): run[figure] for run in runs if figure in run}
    ratios = [
        speed[large, workers] / speed[small, workers] for rows, workers in speed if rows == large
    ]
    return round(min(ratios), 3) if ratios else None


def peak_ratio(runs: list[dict], stage: str, large: int, small: int) -> float:
    """Peak memory at `large` rows over that at `small`, the most over numbers of workers."""
    peak = {(run["rows"], run["workers"]): run["stages"][stage]["peak_mb"] for run in runs}
    return round(
        max(peak[large, workers] / peak[small, workers] for rows, workers in peak if rows == large),
        3,
    )
