"""Verification, filters and building, in rows a second a core and in memory, beside datasets.map with datasketch.

    python -m benchmarks.build --rows 1000000 --json build.json

Needs `pip install datasketch`. The answers are synthetic (see synthetic_answers.py); making them is not timed, planning
the requests is. The peer does less: it only removes near duplicates and writes Parquet. Each measurement has a process
of its own; times are CPU seconds, so that a busy machine distorts them little; ours and the peer alternate.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.synthetic_answers import synthetic_answer
from builders.build import SPLITS, write_parquet
from builders.corpus import Corpus
from builders.filters import find_duplicates
from builders.ledger import Answer
from builders.plan import Plan, Request
from builders.recipe import load_recipe

RECIPE = "ncbi-disease"
THRESHOLD = 0.8


def ours(rows: int, folder: Path) -> dict[str, float]:
    """What `corpusmith build` does between the ledger and the facts."""
    recipe = load_recipe(RECIPE)
    corpus = Corpus(recipe, folder / "rows")
    warm_up(corpus)
    untimed = 0.0

    def answered() -> Iterator[tuple[Request, Answer]]:
        nonlocal untimed
        for index in range(rows):
            request = corpus.plan.request(index)
            begun = time.process_time()
            answer = synthetic_answer(request)
            untimed += time.process_time() - begun
            yield request, answer

    begun = time.process_time()
    corpus.judge(answered())
    judged = time.process_time()
    corpus.filter(find_duplicates(corpus.compared_texts(), THRESHOLD), None)
    filtered = time.process_time()
    write_parquet(corpus, {s: corpus.work / f"{s}.jsonl" for s in (*SPLITS, "rejected")}, folder / "out", folder)
    written = time.process_time()
    return {
        "seconds": written - begun - untimed,
        "plan_and_verify": judged - begun - untimed,
        "filter": filtered - judged,
        "write": written - filtered,
        "accepted": corpus.counts.accepted,
    }


def warm_up(corpus: Corpus) -> None:
    """Load lexicons and index them: a cost of the process, not of its rows."""
    for index in range(50):
        request = corpus.plan.request(index)
        corpus.verify(request, synthetic_answer(request).text)


def peer(rows: int, folder: Path) -> dict[str, float]:
    """MinHash by datasketch in datasets.map, near duplicates by its LSH, Parquet by datasets."""
    import datasets
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    plan = Plan(load_recipe(RECIPE))
    with (folder / "answers.jsonl").open("w") as out:
        out.writelines(json.dumps({"text": synthetic_answer(plan.request(i)).text}) + "\n" for i in range(rows))
    data = datasets.Dataset.from_json(str(folder / "answers.jsonl"), cache_dir=str(folder / "cache"))

    def signature(row: dict) -> dict:
        words = row["text"].lower().split()
        sketch = MinHash(num_perm=128)
        sketch.update_batch([" ".join(words[i : i + 3]).encode() for i in range(max(1, len(words) - 2))])
        return {"hashes": sketch.hashvalues}

    begun = time.process_time()
    signed = data.map(signature, keep_in_memory=False, new_fingerprint=f"minhash-{rows}")
    scheme = MinHash(num_perm=128).scheme
    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    kept = []
    for number, row in enumerate(signed):
        sketch = MinHash(num_perm=128, hashvalues=np.array(row["hashes"], dtype=np.uint64), scheme=scheme)
        if not index.query(sketch):
            index.insert(number, sketch)
            kept.append(number)
    data.select(kept).to_parquet(folder / "kept.parquet")
    return {"seconds": time.process_time() - begun, "kept": len(kept)}


def measure(subject: str, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.build", "--measure", subject, "--rows", str(rows)]
    figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    figures["rows_per_second"] = round(rows / figures["seconds"], 1)
    print(
        f"{subject:5} {rows:>9,} rows: {figures['rows_per_second']:>9,.0f} rows/s, {figures['peak_mb']:,.0f} MB at most"
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", choices=("ours", "peer"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        import datasets

        datasets.disable_progress_bars()
        with tempfile.TemporaryDirectory() as folder:
            figures = (ours if arguments.measure == "ours" else peer)(arguments.rows, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**figures, "peak_mb": round(peak, 1)}))
        return
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "peer": []}
    for _ in range(arguments.repeats):
        for subject, made in runs.items():
            made.append(measure(subject, arguments.peer_rows))
    speed = {subject: sorted(run["rows_per_second"] for run in made)[len(made) // 2] for subject, made in runs.items()}
    small, large = measure("ours", arguments.rows // 10), measure("ours", arguments.rows)
    report = {
        "ratio": round(speed["ours"] / speed["peer"], 2),
        "rows_per_second_median": speed,
        "rows": arguments.rows,
        "rows_per_second": large["rows_per_second"],
        "peak_mb": large["peak_mb"],
        "peak_mb_at_a_tenth": small["peak_mb"],
        "memory_ratio": round(large["peak_mb"] / small["peak_mb"], 3),
        "stages_seconds": {stage: round(large[stage], 1) for stage in ("plan_and_verify", "filter", "write")},
    }
    print(json.dumps(report, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
