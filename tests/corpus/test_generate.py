"""The ledger records a finished plan until an answer is removed."""

import sqlite3
from pathlib import Path

import pytest

from corpusmith.corpus.generate import (
    estimate,
    generate,
    generate_by_batch,
)
from corpusmith.recipe.fingerprint import plan_identity
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Failure, Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.structured import find_outcomes
from tests.teacher.fake_batches import FakeBatches
from tests.teacher.fake_teacher import FakeTeacher

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def recipe(ner_recipe: Path) -> Recipe:
    return load_recipe(str(ner_recipe)).model_copy(update={"rows": 12})


@pytest.fixture
def path(recipe: Recipe, tmp_path: Path) -> Path:
    """A ledger with an answer to every request but one, which failed."""
    path = tmp_path / "ledger.sqlite"
    refused = Plan(recipe).request(3).payload
    with Ledger(path) as ledger, FakeTeacher().serve() as url:
        ledger.add([(payload_key(refused), refused)])
        ledger.fail([Failure(payload_key(refused), "refused", 1)])
        first = generate(recipe, ledger, base_url=url)
    assert (first.before, first.answered, first.failed, first.pending) == (0, 11, 1, 0)
    return path


def test_finished_plan_is_neither_drawn_nor_sent(
    recipe: Recipe, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Plan, "request", lambda self, index: pytest.fail("a request was drawn again")
    )
    seen = []
    with Ledger(path) as ledger:
        again = generate(recipe, ledger, base_url=NOWHERE, on_progress=seen.append)
    assert (again.total, again.before, again.failed, again.pending) == (12, 11, 1, 0)
    assert seen == [again]


def test_missing_answers_and_retries_are_requested(recipe: Recipe, path: Path) -> None:
    teacher = FakeTeacher()
    with Ledger(path) as ledger, teacher.serve() as url:
        retried = generate(recipe, ledger, base_url=url, limits=AskLimits(retry_failed=True))
        assert (retried.before, retried.answered, retried.failed) == (11, 1, 0)
        assert teacher.answered.total() == 1
        with sqlite3.connect(path) as db:
            db.execute("DELETE FROM answers WHERE request = 5")
        mended = generate(recipe, ledger, base_url=url)
        assert (mended.before, mended.answered, mended.pending) == (11, 1, 0)
        assert (
            generate(recipe, ledger, base_url=NOWHERE, limits=AskLimits(retry_failed=True)).before
            == 12
        )


def test_batches_are_verified_by_the_recipe(recipe: Recipe, tmp_path: Path) -> None:
    with Ledger(tmp_path / "batches.sqlite") as ledger, FakeBatches().serve() as url:
        done = generate_by_batch(recipe, ledger, base_url=url, limits=AskLimits(poll=0.01))
        again = generate(recipe, ledger, base_url=NOWHERE)
    assert (done.total, done.pending, done.accepted + done.rejected) == (
        12,
        0,
        12,
    ) and done.rejected
    assert again.before == 12


def test_changed_plan_is_not_treated_as_finished(recipe: Recipe, path: Path) -> None:
    longer = recipe.model_copy(update={"rows": 15})
    identities = {
        plan_identity(Plan(changed), shard)
        for changed in (recipe, longer, recipe.model_copy(update={"seed": 99}))
        for shard in ((0, 1), (0, 2), (1, 2))
    }
    assert len(identities) == 9
    teacher = FakeTeacher()
    with Ledger(path) as ledger, teacher.serve() as url:
        more = generate(longer, ledger, base_url=url)
    assert (more.before, more.answered, more.failed) == (11, 3, 1)


def test_older_ledger_is_upgraded(recipe: Recipe, path: Path) -> None:
    with sqlite3.connect(path) as db:
        for kind, name in (
            ("TRIGGER", "answer_gone"),
            ("TRIGGER", "failure_gone"),
            ("TABLE", "finished"),
        ):
            db.execute(f"DROP {kind} {name}")
    with Ledger(path) as ledger:
        assert ledger.finished(plan_identity(Plan(recipe), (0, 1))) is None
        with FakeTeacher().serve() as url:
            assert generate(recipe, ledger, base_url=url).before == 11
        assert ledger.finished(plan_identity(Plan(recipe), (0, 1))) == (11, 1)


def test_borrowed_answers_are_imported_and_never_requested(recipe: Recipe, tmp_path: Path) -> None:
    borrowing = recipe.model_copy(update={"borrow": ("demo-gene-disease",)})
    teacher = FakeTeacher()
    with Ledger(tmp_path / "ledger.sqlite") as ledger, teacher.serve() as url:
        assert estimate(borrowing, ledger).requests == 12
        done = generate(borrowing, ledger, base_url=url)
        assert (done.total, done.answered, teacher.answered.total()) == (12, 12, 12)
        assert ledger.counts()["answered"] > 12
        lender = load_recipe("demo-gene-disease")
        outcomes = list(find_outcomes(ledger, (r.payload for r in Plan(lender).requests())))
    assert outcomes.count("pending") < len(outcomes) / 10


def test_finished_plan_imports_only_what_is_new(
    recipe: Recipe, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new lender's answers are imported though the recipe's own plan is finished."""
    borrowing = recipe.model_copy(update={"borrow": ("demo-gene-disease",)})
    with Ledger(path) as ledger:
        own = ledger.counts()["answered"]
        done = generate(borrowing, ledger, base_url=NOWHERE)
        assert (done.total, done.before, done.failed, done.pending) == (12, 11, 1, 0)
        assert ledger.counts()["answered"] > own
        monkeypatch.setattr(
            "corpusmith.teacher.transcript.import_transcript",
            lambda path, ledger: pytest.fail("a transcript was imported again"),
        )
        again = generate(borrowing, ledger, base_url=NOWHERE)
    assert (again.total, again.before, again.failed, again.pending) == (12, 11, 1, 0)
