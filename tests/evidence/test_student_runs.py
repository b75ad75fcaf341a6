"""A report that was killed trains no student twice."""

from pathlib import Path

import pytest

from tests.evidence.reported import report


@pytest.mark.slow
def test_killed_report_does_not_retrain_finished_student(
    recipe: Path, ledger: Path, benchmarks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {
        "ledger": ledger,
        "benchmarks": benchmarks,
        "only": ["baselines"],
        "systems": ["synthetic"],
        "seeds": [1],
    }
    asked["settings"] = {"epochs": 1}

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("corpusmith.evidence.student_runs.row_scores", killed)
        report(str(recipe), tmp_path / "report", **asked)
    monkeypatch.setattr("corpusmith.training.loop.train", killed)
    section = report(str(recipe), tmp_path / "report", **asked)["sections"]["baselines"]
    assert [row["system"] for row in section["rows"]] == ["dictionary", "synthetic"]
    (left,) = (tmp_path / "report" / "runs").iterdir()
    assert left.suffix == ".json"
