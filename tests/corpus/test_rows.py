"""The stream from answers to rows: vetoes, rejects, counts, split files."""

import json
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.corpus.rows import RowWriter
from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from tests.answered import answer_all


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(recipe: Path, work: Path, *vetoes: Veto) -> RowWriter:
    answer_all(recipe, work / "ledger.sqlite")
    writer = RowWriter(load_recipe(str(recipe)), work / "rows", vetoes)
    with Ledger(work / "ledger.sqlite") as ledger:
        writer.write(ledger, None)
    return writer


def test_vetoed_row_is_rejected_with_reason_of_first_veto(ner_recipe: Path, tmp_path: Path) -> None:
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


def test_veto_with_outdated_labels_is_refused(ner_recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    row = lines(written(ner_recipe, tmp_path / "first").work / "train.jsonl")[0]
    same = Veto("noise", frozenset({row["id"]}), {row["id"]: tuple(row["ner_tags"])})
    assert same.rejects(row)
    other = Veto("noise", same.ids, {row["id"]: tuple(tag + 1 for tag in row["ner_tags"])})
    with pytest.raises(UserError, match=f"{row['id']} was judged with other labels"):
        written(ner_recipe, tmp_path, other)


def test_masked_words_are_left_out_of_loss_and_copies(
    ner_recipe: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import load_tokenizer
    from corpusmith.training.windows import IGNORED, encode

    more = "verify: {unasked: mask}\naugment: {replacements: 2}\n"
    ner_recipe.write_text(ner_recipe.read_text(encoding="utf-8") + more, encoding="utf-8")
    requests = [r for r in Plan(load_recipe(str(ner_recipe))).requests() if not r.seeds]
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        opened.add((payload_key(r.payload), r.payload) for r in requests)
        opened.record(
            Answer(payload_key(r.payload), f"In cohort {r.index} none of the men had colon cancer.")
            for r in requests
        )
    answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    build(str(ner_recipe), tmp_path / "out", tmp_path / "ledger.sqlite")
    corpus = load_corpus(str(tmp_path / "out"))
    assert corpus.synthetic
    rows = corpus.splits["train"].to_list()
    masked = {row["request_id"] for row in rows if -1 in row["ner_tags"]}
    assert masked and {row["id"] for row in rows if row["request_id"] in masked} == masked
    assert any(row["id"] != row["request_id"] for row in rows)  # other rows have copies
    assert not any(-1 in tags for tags in corpus.splits["validation"]["ner_tags"])
    encoded = encode(corpus, "train", load_tokenizer(str(tiny_encoder)), 64)
    for row, labels in zip(encoded.rows, encoded.labels, strict=True):
        tags = rows[row]["ner_tags"]
        assert sorted(labels[labels != IGNORED]) == sorted(tag for tag in tags if tag >= 0)
