"""Rows a second, memory of a worker and temporary disk of a build over many tasks.

    python -m benchmarks.scale --rows 10000,100000,1000000 --workers 1,2 --json scale.json
    python -m benchmarks.scale.tables scale.json

Needs corpusmith[scale] and psutil. The answers are synthetic (synthetic_answers.py) and made once,
untimed. Without augmentation each is a row. Every build is that of `corpusmith build --executor
local` with 50,000 answers a task; a size of one task is split in two, so that two workers have
work. Rows are checked against the shipped n-grams, not against whole benchmarks.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.scale.measure import build_once, growth, peak_ratio, recipe_of, write_synthetic


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


if __name__ == "__main__":
    main()
