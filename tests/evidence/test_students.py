"""The LLM itself, measured on the rows of its predictions."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from tests.evidence.reported import real_row, report


def test_llm_is_scored_on_rows_of_shipped_or_given_predictions(
    recipe: Path, ledger: Path, benchmarks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.evidence.students.ZERO_SHOT", tmp_path)
    asked = {"ledger": ledger, "benchmarks": benchmarks, "only": ["baselines"], "systems": ()}

    def baselines(**arguments: Any) -> dict:
        return report(str(recipe), tmp_path / "report", **asked, **arguments)["sections"][
            "baselines"
        ]

    def predict(file: Path, split: str, rows: int) -> Path:
        right = [
            {key: row[key] for key in ("id", "ner_tags")}
            for row in (real_row(n, split) for n in range(rows))
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in right), encoding="utf-8")
        return file

    none = baselines()
    assert [row["system"] for row in none["rows"]] == ["dictionary"]
    name = load_recipe(str(recipe)).name
    assert (
        f"the teacher itself, zero-shot: no predictions ship for {name}, dev; give --zero-shot"
        in none["left_out"]
    )
    predict(tmp_path / f"{name}-dev.jsonl", "dev", 9)
    ships = baselines()
    assert {row["system"]: row["figures"]["strict_f1"] for row in ships["rows"]}[
        "zero-shot"
    ] == 100.0
    assert "9 of the 24 sentences" in ships["notes"][0]
    assert not baselines(zero_shot=predict(tmp_path / "all.jsonl", "dev", 24))["notes"]
    with pytest.raises(UserError, match="predicts no row of tiny, dev"):
        baselines(zero_shot=predict(tmp_path / "other.jsonl", "train", 9))
    with pytest.raises(UserError, match=r"no predictions at .*gone.jsonl"):
        baselines(zero_shot=tmp_path / "gone.jsonl")

    whole = tmp_path / "all.jsonl"
    files = (("adapted", whole), ("adapted", whole), ("assisted", whole), ("assisted", whole))
    rows = {row["system"]: row for row in baselines(predictions=files)["rows"]}
    assert rows["adapted"]["figures"]["by_seed"] == {"1": 100.0, "2": 100.0}
    assert list(rows["assisted"]["above"]) == ["dictionary"]
    page = (tmp_path / "report" / "README.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if "adapted to real text" in line)
    assert "100.0 ± 0.0 (100.0 to 100.0)" in line
    with pytest.raises(UserError, match="9 of 24 sentences"):
        baselines(predictions=(("adapted", predict(tmp_path / "part.jsonl", "dev", 9)),))
    with pytest.raises(UserError, match="one a seed"):
        baselines(predictions=files[1:])
