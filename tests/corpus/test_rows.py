"""The stream from answers to rows: vetoes, rejects, counts, split files."""

import json
from pathlib import Path

import pytest

from corpusmith.corpus.rows import RowWriter
from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.teacher.ledger import Ledger
from tests.answered import answer_all


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(recipe: Path, work: Path, *vetoes: Veto) -> RowWriter:
    answer_all(recipe, work / "ledger.sqlite")
    writer = RowWriter(load_recipe(str(recipe)), work / "rows", vetoes)
    with Ledger(work / "ledger.sqlite") as ledger:
        writer.write(ledger, None)
    return writer


def test_vetoed_rows_are_rejected_with_the_reason_of_the_first_veto(
    ner_recipe: Path, tmp_path: Path
) -> None:
    (tmp_path / "first").mkdir()
    train = lines(written(ner_recipe, tmp_path / "first").work / "train.jsonl")
    one, two = train[0]["id"], train[1]["id"]
    vetoes = Veto("looked wrong", frozenset({one, two})), Veto("odd", frozenset({two}))
    writer = written(ner_recipe, tmp_path, *vetoes)
    assert writer.counts.rejected_by_reason["looked wrong"] == 2
    rejects = lines(writer.work / "rejected.jsonl")
    assert [r["request_id"] for r in rejects if r["reason"] == "looked wrong"] == [one, two]
    kept = {row["id"] for row in lines(writer.work / "train.jsonl")}
    assert kept == {row["id"] for row in train} - {one, two}
    assert not (writer.work / "accepted.jsonl").exists()


def test_veto_on_other_labels_than_the_row_has_is_refused(ner_recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    row = lines(written(ner_recipe, tmp_path / "first").work / "train.jsonl")[0]
    same = Veto("noise", frozenset({row["id"]}), {row["id"]: tuple(row["ner_tags"])})
    assert same.rejects(row)
    other = Veto("noise", same.ids, {row["id"]: tuple(tag + 1 for tag in row["ner_tags"])})
    with pytest.raises(UserError, match=f"{row['id']} was judged with other labels"):
        written(ner_recipe, tmp_path, other)
