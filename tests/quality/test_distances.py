"""Distances of a tiny corpus by the real embedded encoder, and the switch that has `run` look for outliers."""

import json
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.pipeline import built
from corpusmith.quality.distances import score_rows
from corpusmith.quality.embedder import sentence_embedder
from corpusmith.quality.embeddings import deviations_below
from corpusmith.quality.out_of_fold import originals
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.training.data import SPLITS, load_corpus
from tests.answered import answer_all

ALIEN = "Share prices in Tokyo closed two percent higher on Friday as exporters gained from a cheaper yen"
INTRUDERS = (
    "I'm sorry, but I can't help with that request.",
    "As an AI language model I cannot write such a sentence.",
    "def main(): return sorted(x for x in data if x)",
)


@pytest.fixture
def ledger(ner_recipe: Path, tmp_path: Path) -> Path:
    """Every request of the tiny recipe is answered; the first that names nothing got a sentence about the stock market."""
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
    answer_all(ner_recipe, path)  # an answer that is there already stays
    return path


def test_a_sentence_of_another_world_lies_the_furthest_off(
    ner_recipe: Path, ledger: Path, tmp_path: Path
) -> None:
    facts = build(str(ner_recipe), tmp_path / "dataset", ledger)
    out = tmp_path / "outliers.jsonl"
    rows = score_rows(str(tmp_path / "dataset"), "embedded", out)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (
        rows
        == len(lines)
        == facts["counts"]["accepted"] - sum(facts["filtered_by_reason"].values())
    )
    alien, *others = sorted(lines, key=lambda line: -line["deviations"])
    assert alien["deviations"] > 2 > others[0]["deviations"]


@pytest.mark.slow
def test_the_switch_of_a_recipe_measures_once_and_builds_without_outliers(
    ner_recipe: Path, ledger: Path, tmp_path: Path
) -> None:
    arguments = (
        str(ner_recipe), load_recipe(str(ner_recipe)), tmp_path / "home", "embedded", ledger, None, "http://127.0.0.1:9",
    )  # fmt: skip
    facts = built(*arguments)
    assert facts["outliers"]["rejected"] == 1 == facts["rejected_by_reason"]["embedding outlier"]
    written = (tmp_path / "home" / "outliers.jsonl").stat().st_mtime_ns
    assert built(*arguments) == facts
    assert (tmp_path / "home" / "outliers.jsonl").stat().st_mtime_ns == written


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["ncbi-disease", "gad"])
def test_refusals_and_code_lie_beyond_the_limit_and_no_recorded_answer_does(
    recipe: str, tmp_path: Path
) -> None:
    build(recipe, tmp_path)
    column = "text" if load_recipe(recipe).task == "ner" else "source_text"
    splits = load_corpus(str(tmp_path), (*SPLITS, "test")).splits.values()
    texts = [text for part in splits for text in originals(part)[column]]
    deviations = deviations_below([*texts, *INTRUDERS], sentence_embedder())
    limit = load_recipe(recipe).filters.outliers
    assert deviations[: len(texts)].max() < limit < deviations[len(texts) :].min()
