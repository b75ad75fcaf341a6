"""Rows a second, memory of a worker and temporary disk of a build over many tasks.

    python -m benchmarks.scale --rows 10000,100000,1000000 --workers 1,2 --json scale.json
    python -m benchmarks.scale_tables scale.json

Needs corpusmith[scale] and psutil. The answers are synthetic (synthetic_answers.py) and made once,
untimed. Without augmentation each is a row. Every build is that of `corpusmith build --executor
local` with 50,000 answers a task; a size of one task is split in two, so that two workers have
work. Rows are checked against the shipped n-grams, not against whole benchmarks.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.pop("CORPUSMITH_BENCHMARKS", None)
    if arguments.measure:
        recipe, answers, rows, workers = arguments.measure
        print(json.dumps(build_once(Path(recipe), Path(answers), int(rows), int(workers))))
        return
    sizes = [int(rows) for rows in arguments.rows.split(",")]
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        for rows in sizes:
            recipe = recipe_of(rows, Path(scratch))
            answers = Path(scratch) / f"answers-{rows}"
            write_synthetic(recipe, answers)
            for workers in arguments.workers.split(","):
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.scale",
                    "--measure",
                    recipe,
                    answers,
                    str(rows),
                    workers,
                ]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                run = json.loads(done.stdout.splitlines()[-1])
                runs.append(run)
                speed, peak = run["rows_per_second"], run["peak_mb"]
                print(
                    f"{rows:>9,} rows, {workers} workers: {speed:>7,.0f} rows/s, "
                    f"largest process {peak:,.0f} MB"
                )
            shutil.rmtree(answers)
    small, large = (
        (max(s for s in sizes if s < sizes[-1]), sizes[-1])
        if len(sizes) > 1
        else (sizes[0], sizes[0])
    )
    report = {
        "ratio": growth(runs, "rows_per_second", large, small),
        "ratio_cpu": growth(runs, "rows_per_cpu_second", large, small),
        "from": small,
        "to": large,
        "peak_mb_ratio": {
            stage: peak_ratio(runs, stage, large, small) for stage in runs[0]["stages"]
        },
        "same_rows": all(
            len({run["content_hash"] for run in runs if run["rows"] == rows}) == 1 for rows in sizes
        ),
        "runs": runs,
    }
    print(json.dumps({name: value for name, value in report.items() if name != "runs"}, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


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


if __name__ == "__main__":
    main()
