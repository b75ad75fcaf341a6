"""Rows a second and memory of a build, beside datasets.map with datasketch.

    python -m benchmarks.build --rows 1000000 --json build.json

Needs `pip install datasketch`. The answers are synthetic (synthetic_answers.py); making them is not
timed. `rows_per_second` counts verification, filters, Parquet and measures. A build also draws its
requests again, which the peer doesn't: `rows_per_second_with_plan` counts that too. `ours` has no
augmentation, so an answer is a row, as for the peer; `augmented` is the recipe as it ships, and its
rows are answers and copies. The leakage filter uses $CORPUSMITH_BENCHMARKS, else shipped hashes.
The peer does less: it removes near-duplicates and writes Parquet. Each measurement has a process of
its own; ours and the peer alternate. `ratio` and `rows_per_second` are of CPU time, which other
work on the machine distorts less than wall time; wall time is given beside them.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.synthetic_answers import synthetic_answer
from corpusmith.corpus.build import SPLITS, benchmarks_at_hand, write_splits
from corpusmith.corpus.filters.duplicates import find_duplicates
from corpusmith.corpus.filters.leakage import leakage_of
from corpusmith.corpus.measure.measures import measure_rows
from corpusmith.corpus.rows import REQUESTS_AT_ONCE, RowWriter
from corpusmith.files import batches
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Augmentation, Recipe
from corpusmith.teacher.ledger import Answer

RECIPE = "ncbi-disease"
THRESHOLD = 0.8
SMALL = 10_000  # answers, beside which memory at the full size is set


class Clock:
    """CPU and wall time of stages, without what is spent inside `paused` and `aside`."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}
        self.besides: dict[str, list[float]] = {}
        self._paused = [0.0, 0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before, paused = self._now(), self._paused
        yield
        self.stages[name] = [
            now - then - (after - until)
            for now, then, after, until in zip(
                self._now(), before, self._paused, paused, strict=True
            )
        ]

    @contextmanager
    def paused(self) -> Iterator[None]:
        before = self._now()
        yield
        self._paused = [
            spent + now - then
            for spent, now, then in zip(self._paused, self._now(), before, strict=True)
        ]

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """A stage that goes on in the middle of another, a part at a time."""
        before = self._now()
        with self.paused():
            yield
        spent = self.besides.get(name, [0.0, 0.0])
        self.besides[name] = [
            old + now - then for old, now, then in zip(spent, self._now(), before, strict=True)
        ]

    def figures(self) -> dict[str, float]:
        cpu, wall = map(sum, zip(*self.stages.values(), strict=True))
        stages = {name: seconds[0] for name, seconds in {**self.besides, **self.stages}.items()}
        return {"seconds": cpu, "wall_seconds": wall, **stages}

    @staticmethod
    def _now() -> list[float]:
        return [time.process_time(), time.perf_counter()]


def ours(rows: int, folder: Path, augmented: bool = False) -> dict[str, float]:
    """What `corpusmith build` does between the ledger and `build.json`."""
    recipe = recipe_of(rows)
    recipe = recipe if augmented else recipe.model_copy(update={"augment": Augmentation()})
    writer = RowWriter(recipe, folder / "rows")
    warm_up(writer)
    leakage = leakage_of(recipe, benchmarks_at_hand(None))
    clock = Clock()

    def answered() -> Iterator[tuple[Request, Answer]]:
        for numbers in batches(range(rows), REQUESTS_AT_ONCE):
            with clock.aside("plan"):
                requests = [writer.plan.request(number) for number in numbers]
            with clock.paused():
                answers = [synthetic_answer(request) for request in requests]
            yield from zip(requests, answers, strict=True)

    with clock.stage("verify"):  # each accepted row is hashed at once, for its duplicates
        duplicates = find_duplicates((row["text"] for row in writer.judge(answered())), THRESHOLD)
    with clock.stage("filter"):
        writer.filter(duplicates, leakage)
    files = {split: writer.work / f"{split}.jsonl" for split in (*SPLITS, "rejected")}
    with clock.stage("write"):
        write_splits(recipe, files, folder / "out", folder)
    with clock.stage("measure"):
        measure_rows({split: files[split] for split in SPLITS}, None)
    return {
        **clock.figures(),
        "rows": rows + writer.counts.added_by_augmentation.total(),
        "accepted": writer.counts.accepted,
    }


def ours_augmented(rows: int, folder: Path) -> dict[str, float]:
    return ours(rows, folder, augmented=True)


def recipe_of(rows: int) -> Recipe:
    """The recipe with so many requests of its own, and none of others."""
    return load_recipe(RECIPE).own(rows=rows)


def warm_up(writer: RowWriter) -> None:
    """Load lexicons and index them: a cost of the process, not of its rows."""
    for index in range(50):
        request = writer.plan.request(index)
        writer.verifier.verify(request, synthetic_answer(request).text)


def peer(rows: int, folder: Path) -> dict[str, float]:
    """MinHash by datasketch in datasets.map, near duplicates by its LSH, Parquet by datasets."""
    import datasets
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    plan = Plan(recipe_of(rows))
    with (folder / "answers.jsonl").open("w") as out:
        out.writelines(
            json.dumps({"text": synthetic_answer(plan.request(i)).text}) + "\n" for i in range(rows)
        )
    data = datasets.Dataset.from_json(
        str(folder / "answers.jsonl"), cache_dir=str(folder / "cache")
    )

    def signature(row: dict) -> dict:
        words = row["text"].lower().split()
        sketch = MinHash(num_perm=128)
        sketch.update_batch(
            [" ".join(words[i : i + 3]).encode() for i in range(max(1, len(words) - 2))]
        )
        return {"hashes": sketch.hashvalues}

    begun, wall = time.process_time(), time.perf_counter()
    signed = data.map(signature, keep_in_memory=False, new_fingerprint=f"minhash-{rows}")
    scheme = MinHash(num_perm=128).scheme
    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    kept = []
    for number, row in enumerate(signed):
        sketch = MinHash(
            num_perm=128, hashvalues=np.array(row["hashes"], dtype=np.uint64), scheme=scheme
        )
        if not index.query(sketch):
            index.insert(number, sketch)
            kept.append(number)
    data.select(kept).to_parquet(folder / "kept.parquet")
    seconds, wall = time.process_time() - begun, time.perf_counter() - wall
    return {"seconds": seconds, "wall_seconds": wall, "rows": rows, "kept": len(kept)}


SUBJECTS = {"ours": ours, "augmented": ours_augmented, "peer": peer}


def apart(subject: str, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.build", "--measure", subject, "--rows", str(rows)]
    figures = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[
            -1
        ]
    )
    figures["rows_per_second"] = round(figures["rows"] / figures["seconds"], 1)
    figures["rows_per_second_wall"] = round(figures["rows"] / figures["wall_seconds"], 1)
    print(
        f"{subject:9} {rows:>9,} answers, {figures['rows']:>9,} rows: "
        f"{figures['rows_per_second']:>7,.0f} rows/s of CPU, "
        f"{figures['rows_per_second_wall']:>7,.0f} of wall time, "
        f"{figures['peak_mb']:,.0f} MB at most",
        flush=True,
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", choices=SUBJECTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        import datasets

        datasets.disable_progress_bars()
        with tempfile.TemporaryDirectory() as folder:
            figures = SUBJECTS[arguments.measure](arguments.rows, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**figures, "peak_mb": round(peak, 1)}))
        return
    if not find_spec("datasketch"):
        parser.error("the peer needs datasketch: pip install datasketch")
    runs: dict[str, list[dict[str, float]]] = {subject: [] for subject in SUBJECTS}
    for _ in range(arguments.repeats):
        for subject, made in runs.items():
            made.append(apart(subject, arguments.peer_rows))
    speed = {
        subject: statistics.median(run["rows_per_second"] for run in made)
        for subject, made in runs.items()
    }
    small, large = apart("ours", min(SMALL, arguments.rows)), apart("ours", arguments.rows)
    report = {
        "ratio": round(speed["ours"] / speed["peer"], 2),
        "rows_per_second_median": speed,
        "rows": arguments.rows,
        "rows_per_second": large["rows_per_second"],
        "rows_per_second_with_plan": round(large["rows"] / (large["seconds"] + large["plan"]), 1),
        "rows_per_second_wall": large["rows_per_second_wall"],
        "peak_mb": large["peak_mb"],
        f"peak_mb_at_{SMALL}": small["peak_mb"],
        "memory_ratio": round(large["peak_mb"] / small["peak_mb"], 3),
        "stages_seconds": {
            stage: round(large[stage], 1)
            for stage in ("plan", "verify", "filter", "write", "measure")
        },
    }
    print(json.dumps(report, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
