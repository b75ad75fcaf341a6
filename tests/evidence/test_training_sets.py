"""Training sets of students: the expected rows, in the columns that training reads."""

import json
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.evidence.student_runs import Measured
from corpusmith.evidence.training_sets import (
    answered_requests,
    curve_sizes,
    first_rows,
    gold,
    read_split,
)
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.training.data import load_corpus


@pytest.fixture
def pairs(relation_recipe: Path) -> Recipe:
    return load_recipe(str(relation_recipe))


@pytest.fixture
def corpus(
    relation_recipe: Path, pairs: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.delenv("CORPUSMITH_BENCHMARKS", raising=False)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        requests = list(Plan(pairs).requests())
        ledger.add((payload_key(r.payload), r.payload) for r in requests)
        texts = [
            f"In cohort {r.index} of {r.index + 9} carriers "
            f"{' and '.join(s.text for s in r.seeds)} were seen"
            for r in requests
        ]
        ledger.record(
            Answer(payload_key(r.payload), text) for r, text in zip(requests, texts, strict=True)
        )
    build(str(relation_recipe), tmp_path / "corpus", tmp_path / "ledger.sqlite")
    return tmp_path / "corpus"


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    """Forty pairs in four folds without a train split, like GAD."""
    rows = [
        {
            "id": f"r-{i}",
            "fold": i % 4 + 1,
            "text": f"@GENE$ and @DISEASE$ in study {i}.",
            "label": i % 2,
        }
        for i in range(40)
    ]
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "dev.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    return tmp_path / "real"


def test_learning_curve_doubles_to_all_rows() -> None:
    assert curve_sizes(900, 100) == [100, 200, 400, 800, 900]
    assert curve_sizes(400, 100) == [100, 200, 400]
    assert curve_sizes(60, 100) == [60]


def test_first_rows_belong_to_first_requests(corpus: Path, tmp_path: Path) -> None:
    written = answered_requests(corpus)
    rows = first_rows(corpus, written[:7], tmp_path / "first")
    assert rows.count == 7
    assert read_split(tmp_path / "first", "train").column("id").to_pylist() == written[:7]
    whole, part = (load_corpus(str(folder)) for folder in (corpus, tmp_path / "first"))
    assert (
        part.labels == whole.labels
        and part.splits["validation"].num_rows == whole.splits["validation"].num_rows
    )


def test_gold_uses_two_fold_cross_validation(
    pairs: Recipe, corpus: Path, benchmark: Path, tmp_path: Path
) -> None:
    arm = gold(pairs, Measured.read("b", benchmark, "dev"), None, tmp_path / "gold")
    assert arm is not None
    judged = [judging for _, judging in arm.parts]
    assert judged[0].isdisjoint(judged[1]) and len(judged[0] | judged[1]) == 40
    for rows, judging in arm.parts:
        studies = {
            text
            for split in ("train", "validation")
            for text in read_split(rows.folder, split).column("text").to_pylist()
        }
        assert len(studies) == 20 and rows.count == 18
        assert not studies & {f"@GENE$ and @DISEASE$ in study {name[2:]}." for name in judging}
    both = gold(pairs, Measured.read("b", benchmark, "dev"), corpus, tmp_path / "both")
    assert both.training_rows == 18 + read_split(corpus, "train").num_rows


def test_no_gold_set_without_folds_or_train_split(
    pairs: Recipe, benchmark: Path, tmp_path: Path
) -> None:
    rows = [
        json.loads(line)
        for line in (benchmark / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    lines = "".join(
        json.dumps({key: row[key] for key in ("id", "text", "label")}) + "\n" for row in rows
    )
    (benchmark / "dev.jsonl").write_text(lines, encoding="utf-8")
    assert gold(pairs, Measured.read("b", benchmark, "dev"), None, tmp_path / "gold") is None


def test_error_names_tag_missing_from_recipe(ner_recipe: Path, tmp_path: Path) -> None:
    row = {"id": "1", "tokens": ["aspirin"], "ner_tags": ["B-Chemical"]}
    (tmp_path / "real").mkdir()
    for split in ("train", "dev"):
        (tmp_path / "real" / f"{split}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="B-Chemical are none of tiny-disease's labels"):
        gold(
            load_recipe(str(ner_recipe)),
            Measured.read("b", tmp_path / "real", "dev"),
            None,
            tmp_path / "gold",
        )
