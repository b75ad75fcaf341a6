"""Distances read from a file: the rows they reject in a build, and the reported figures."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.quality.embeddings import deviations_below, sentence_embedder
from corpusmith.quality.outliers import LIMIT, REASON, measure_distances, outlier_veto
from corpusmith.quality.predictions import originals
from corpusmith.quality.second_build import Run, build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.training.data import SPLITS, load_corpus
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
def test_rows_beyond_limit_are_rejected_with_copies_and_reason(
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
        vetoes=[outlier_veto(write_distances(tmp_path / "d.jsonl", distances), limit or LIMIT)],
    )
    assert before - column(tmp_path / "second", "tiny-disease") == {far, near}.difference(
        {near} if gone == 1 else ()
    )
    assert found["rejected_by_reason"][REASON] == gone == found["outliers"]["rejected"]
    assert (found["outliers"]["judged"], found["outliers"]["limit"]) == (len(before), limit or 3.5)
    assert (
        json.loads((tmp_path / "second" / "build.json").read_text())["outliers"]
        == found["outliers"]
    )
    thrown = pq.read_table(
        next((tmp_path / "second" / "data" / "rejected").glob("*.parquet"))
    ).to_pylist()
    assert sum(row["reason"] == REASON for row in thrown) == gone


def test_error_for_invalid_distances_names_remedy(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    with pytest.raises(UserError, match=r"no distances at .*corpusmith outliers DATASET"):
        outlier_veto(path, 5.0)
    path.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no row"):
        outlier_veto(path, 5.0)
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
            outlier_veto(path, 5.0)


ALIEN = (
    "Share prices in Tokyo closed two percent higher on Friday "
    "as exporters gained from a cheaper yen"
)
INTRUDERS = (
    "I'm sorry, but I can't help with that request.",
    "As an AI language model I cannot write such a sentence.",
    "def main(): return sorted(x for x in data if x)",
)


@pytest.fixture
def ledger(ner_recipe: Path, tmp_path: Path) -> Path:
    """A ledger with an answer to every request; one answer is about the stock market."""
    recipe = (
        ner_recipe.read_text(encoding="utf-8")
        + "augment: {replacements: 1}\nfilters: {outliers: 2}\n"
    )
    ner_recipe.write_text(recipe, encoding="utf-8")
    path = tmp_path / "ledger.sqlite"
    plain = next(
        request for request in Plan(load_recipe(str(ner_recipe))).requests() if not request.seeds
    )
    with Ledger(path) as opened:
        opened.add([(payload_key(plain.payload), plain.payload)])
        opened.record([Answer(payload_key(plain.payload), ALIEN)])
    answer_all(ner_recipe, path)  # existing answers are kept
    return path


def test_sentence_on_another_topic_is_the_furthest_outlier(
    ner_recipe: Path, ledger: Path, tmp_path: Path
) -> None:
    facts = build(str(ner_recipe), tmp_path / "dataset", ledger)
    out = tmp_path / "outliers.jsonl"
    rows = measure_distances(str(tmp_path / "dataset"), "embedded", out)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (
        rows
        == len(lines)
        == facts["counts"]["accepted"] - sum(facts["filtered_by_reason"].values())
    )
    alien, *others = sorted(lines, key=lambda line: -line["deviations"])
    assert alien["deviations"] > 2 > others[0]["deviations"]


@pytest.mark.slow
def test_outlier_filter_measures_once_and_removes_outliers(
    ner_recipe: Path, ledger: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "home", "embedded", ledger)
    facts = build_twice(str(ner_recipe), tmp_path / "home" / "dataset", run)
    assert facts["outliers"]["rejected"] == 1 == facts["rejected_by_reason"]["embedding outlier"]
    (distances,) = (tmp_path / "home").glob("distances-*.jsonl")
    written = distances.stat().st_mtime_ns
    assert build_twice(str(ner_recipe), tmp_path / "home" / "dataset", run) == facts
    assert distances.stat().st_mtime_ns == written


@pytest.mark.slow
def test_limit_rejects_refusals_and_code_but_no_recorded_answer(tmp_path: Path) -> None:
    build("gad", tmp_path)
    splits = load_corpus(str(tmp_path), (*SPLITS, "test")).splits.values()
    texts = [text for part in splits for text in originals(part)["source_text"]]
    deviations = deviations_below([*texts, *INTRUDERS], sentence_embedder())
    limit = load_recipe("gad").filters.outliers
    assert deviations[: len(texts)].max() < limit < deviations[len(texts) :].min()
