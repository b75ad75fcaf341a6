"""Distances from a file: which rows they take out of a build, and what is said of them."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.quality.outliers import APART, find_outliers
from tests.answered import answer_all


def column(out: Path, name: str, what: str = "train") -> set[str]:
    return set(
        pq.read_table(out / "data" / name / f"{what}-00000-of-00001.parquet")
        .column("request_id")
        .to_pylist()
    )


def write_distances(path: Path, distances: dict[str, float]) -> Path:
    lines = [json.dumps({"id": row_id, "deviations": value}) for row_id, value in distances.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("limit", "gone"), [(None, 1), (3.0, 2)])
def test_rows_beyond_the_limit_go_with_their_copies_and_their_reason(
    ner_recipe: Path, tmp_path: Path, limit: float | None, gone: int
) -> None:
    more = "augment: {replacements: 2}\n" + (f"filters: {{outliers: {limit}}}\n" if limit else "")
    ner_recipe.write_text(ner_recipe.read_text(encoding="utf-8") + more, encoding="utf-8")
    ledger = tmp_path / "ledger.sqlite"
    answer_all(ner_recipe, ledger)
    first = build(str(ner_recipe), tmp_path / "first", ledger)
    assert "outliers" not in first
    before = column(tmp_path / "first", "tiny-disease")
    near, far, *others = sorted(before)
    distances = {near: 3.4, far: 3.51, **dict.fromkeys(others, 0.3)}
    found = build(
        str(ner_recipe),
        tmp_path / "second",
        ledger,
        outliers=write_distances(tmp_path / "d.jsonl", distances),
    )
    assert before - column(tmp_path / "second", "tiny-disease") == {far, near}.difference(
        {near} if gone == 1 else ()
    )
    assert found["rejected_by_reason"][APART] == gone == found["outliers"]["rejected"]
    assert (found["outliers"]["judged"], found["outliers"]["limit"]) == (len(before), limit or 3.5)
    assert (
        json.loads((tmp_path / "second" / "build.json").read_text())["outliers"]
        == found["outliers"]
    )
    thrown = pq.read_table(
        next((tmp_path / "second" / "data" / "rejected").glob("*.parquet"))
    ).to_pylist()
    assert sum(row["reason"] == APART for row in thrown) == gone


def test_what_is_no_distance_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    with pytest.raises(UserError, match=r"no distances at .*corpusmith outliers DATASET"):
        find_outliers(path, 5.0)
    path.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no row"):
        find_outliers(path, 5.0)
    sound = '{"id": "a", "deviations": 1.5}'
    for line in (
        "not json",
        '{"id": "a"}',
        '{"id": "a", "deviations": "far"}',
        '{"id": "a", "deviations": NaN}',
        "[1]",
    ):
        path.write_text(f"{sound}\n{line}\n", encoding="utf-8")
        with pytest.raises(UserError, match="line 2"):
            find_outliers(path, 5.0)
