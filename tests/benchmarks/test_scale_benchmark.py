"""The scaling benchmark: growth figures, and a small run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from benchmarks.scale.measure import growth, peak_ratio


def run_of(rows: int, workers: int, speed: float, peak: float) -> dict:
    return {
        "rows": rows,
        "workers": workers,
        "rows_per_second": speed,
        "stages": {"judge": {"peak_mb": peak}},
    }


def test_growth_is_the_worst_over_numbers_of_workers() -> None:
    runs = [
        run_of(10, 1, 100.0, 200),
        run_of(10, 2, 150.0, 100),
        run_of(100, 1, 95.0, 210),
        run_of(100, 2, 120.0, 130),
    ]
    assert growth(runs, "rows_per_second", 100, 10) == 0.8
    assert peak_ratio(runs, "judge", 100, 10) == 1.3
    assert growth(runs, "rows_per_cpu_second", 100, 10) is None


@pytest.mark.slow
def test_number_of_workers_does_not_change_rows_and_report_is_written(
    tmp_path: Path,
) -> None:
    measured = tmp_path / "scale.json"
    command = [sys.executable, "-m", "benchmarks.scale", "--rows", "60", "--workers", "1,2"]
    subprocess.run([*command, "--json", str(measured)], check=True, capture_output=True)
    report = json.loads(measured.read_text())
    assert [(run["rows"], run["workers"]) for run in report["runs"]] == [(60, 1), (60, 2)]
    assert report["same_rows"] and report["ratio"] > 0
    for run in report["runs"]:
        assert run["stages"].keys() == {"deal", "judge", "pairs", "repeats", "publish"}
        assert (
            run["peak_mb"] >= max(stage["peak_mb"] for stage in run["stages"].values()) * 0.9 > 50
        )
        assert run["disk_mb_by_folder"]["signatures"] > 0
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale.tables", str(measured), "--rows", "12000"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    signatures = report["runs"][0]["disk_mb_by_folder"]["signatures"] * 2**20 * 200
    assert f"| disk of `signatures` | {signatures / 1e9:,.1f} GB |" in told
    assert "| tasks | 1 |" in told
