"""The tables of docs/scaling.md from what `benchmarks.scale` measured, with an extrapolation.

    python -m benchmarks.scale.tables scale.json [--rows 10000000,1000000000]

The extrapolation starts from the largest measured size: time and disk grow with the rows, memory of
a worker with its part alone.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from corpusmith.corpus.scale.build import ROWS_A_TASK

Run = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measured", type=Path)
    parser.add_argument("--rows", default="10000000,1000000000")
    arguments = parser.parse_args()
    runs: list[Run] = json.loads(arguments.measured.read_text())["runs"]
    rows = [int(number) for number in arguments.rows.split(",")]
    for table in (speeds(runs), stages(runs), folders(runs), more_rows(runs, rows)):
        print(table, end="\n\n")


def speeds(runs: list[Run]) -> str:
    lines = [
        [
            f"{run['rows']:,}",
            run["workers"],
            run["tasks"],
            f"{run['seconds']:,.0f}",
            f"{run['rows_per_second']:,.0f}",
            f"{run['peak_mb']:,.0f} MB",
            f"{sum(run['disk_mb_by_folder'].values()):,.0f} MB",
        ]
        for run in runs
    ]
    return markdown(
        ["rows", "workers", "tasks", "seconds", "rows/s", "largest process", "temporary disk"],
        lines,
    )


def stages(runs: list[Run]) -> str:
    """Seconds of the largest run with one worker; the largest process at each size."""
    sizes = sorted({run["rows"] for run in runs})
    largest = largest_run(runs)
    lines = []
    for name, stage in largest["stages"].items():
        peaks = [
            max(run["stages"][name]["peak_mb"] for run in runs if run["rows"] == rows)
            for rows in sizes
        ]
        lines.append([name, f"{stage['seconds']:,.1f}", *(f"{peak:,.0f} MB" for peak in peaks)])
    lines.append(
        [
            "finish",
            f"{largest['seconds'] - sum(s['seconds'] for s in largest['stages'].values()):,.1f}",
        ]
    )
    lines[-1] += [
        f"{max(run['peak_mb'] for run in runs if run['rows'] == rows):,.0f} MB" for rows in sizes
    ]
    heading = [
        "stage",
        f"seconds, {largest['rows']:,} rows",
        *(f"largest process, {rows:,}" for rows in sizes),
    ]
    return markdown(heading, lines)


def folders(runs: list[Run]) -> str:
    largest = largest_run(runs)
    lines = [
        [f"`{name}`", f"{size:,.1f} MB", f"{size * 2**20 / largest['rows']:,.1f}"]
        for name, size in largest["disk_mb_by_folder"].items()
    ]
    return markdown(["folder in `work`", f"{largest['rows']:,} rows", "bytes a row"], lines)


def more_rows(runs: list[Run], sizes: list[int]) -> str:
    largest = largest_run(runs)
    disk = {
        name: size * 2**20 / largest["rows"] for name, size in largest["disk_mb_by_folder"].items()
    }
    repeated = largest["stages"]["repeats"]
    lines = [
        ["tasks", *(f"{-(-rows // ROWS_A_TASK):,}" for rows in sizes)],
        [
            "hours of one core",
            *(f"{rows / largest['rows_per_second'] / 3600:,.1f}" for rows in sizes),
        ],
        ["memory of a worker", *(f"{largest['peak_mb']:,.0f} MB" for _ in sizes)],
        *(
            [f"disk of `{name}`", *(gigabytes(each * rows) for rows in sizes)]
            for name, each in disk.items()
        ),
        ["disk of `work`", *(gigabytes(sum(disk.values()) * rows) for rows in sizes)],
        [
            "seconds of the one task of `repeats`",
            *(f"{repeated['seconds'] * r / largest['rows']:,.0f}" for r in sizes),
        ],
    ]
    return markdown(["", *(f"{rows:,} rows" for rows in sizes)], lines)


def largest_run(runs: list[Run]) -> Run:
    """The run of most rows, with the fewest workers."""
    return max(runs, key=lambda run: (run["rows"], -run["workers"]))


def gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"


def markdown(heading: list[str], lines: list[list[Any]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


if __name__ == "__main__":
    main()
