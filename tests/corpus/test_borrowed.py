"""Requests that a recipe borrows from another: what counts as its own."""

from pathlib import Path

import pyarrow.parquet as pq

from corpusmith.corpus.build import build
from corpusmith.hub.folders.corpus import published_build
from tests.corpus.test_build import fill


def test_borrowed_requests_without_an_answer_are_not_pending(
    ner_recipe: Path, tmp_path: Path
) -> None:
    """Only the recipe that lends them asks them."""
    lender, borrower = tmp_path / "lender.yaml", tmp_path / "borrower.yaml"
    lender.write_text(f"extends: {ner_recipe}\nname: lender\nrows: 30\nseed: 8\n")
    borrower.write_text(f"extends: {ner_recipe}\nname: borrower\nborrow: [{lender}]\n")
    ledger = fill(borrower, tmp_path / "ledger.sqlite", 50)
    counts = build(str(borrower), tmp_path / "borrowed", ledger)["counts"]
    assert (counts["failed"], counts["pending"], counts["answered"]) == (1, 9, 50)
    assert (counts["requests"], counts["borrowed_unanswered"]) == (60, 30)


def test_tokens_of_borrowed_answers_are_the_lenders_and_rejects_name_their_model(
    ner_recipe: Path, tmp_path: Path
) -> None:
    lender, borrower = tmp_path / "lender.yaml", tmp_path / "borrower.yaml"
    teacher = "teacher: {model: another-teacher, license: apache-2.0}"
    lender.write_text(f"extends: {ner_recipe}\nname: lender\nrows: 30\nseed: 8\n{teacher}\n")
    borrower.write_text(f"extends: {ner_recipe}\nname: borrower\nborrow: [{lender}]\n")
    ledger = fill(borrower, tmp_path / "ledger.sqlite", 60 + 20)
    facts = build(str(borrower), tmp_path / "borrowed", ledger)
    assert facts["counts"]["answered"] == 80
    assert (facts["usage"]["prompt_tokens"], facts["usage"]["completion_tokens"]) == (4800, 1800)
    (file,) = (tmp_path / "borrowed" / "data" / "rejected").glob("borrower-*.parquet")
    rejects = pq.read_table(file).to_pylist()
    models = {row["teacher"] for row in rejects if row["request_id"].startswith("lender-")}
    assert models == {"another-teacher"}
    assert facts["lending_teachers"] == [{"model": "another-teacher", "license": "apache-2.0"}]
    published = published_build(tmp_path / "borrowed")
    counts = published["rows_by_teacher"]
    assert counts.keys() == {facts["teacher"]["model"], "another-teacher"}
    assert min(counts.values()) > 0 and sum(counts.values()) == published["written_rows"]
