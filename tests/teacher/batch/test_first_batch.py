"""The first batch is small: its cost and its answers decide on the rest."""

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.batch import generate_batches
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.prices import Price
from tests.teacher.fake_batches import FakeBatches, interrupted
from tests.teacher.fake_teacher import completion
from tests.teacher.sent import plan

QUICK = AskLimits(poll=0.01)


def test_run_ends_after_a_first_batch_whose_answers_are_no_rows(ledger: Ledger) -> None:
    teacher = FakeBatches()
    with teacher.serve() as url:
        with pytest.raises(UserError, match="only 0 of the first 10 answers"):
            generate_batches(
                plan(100), ledger, base_url=url, limits=QUICK, verify=lambda p, a: "list"
            )
        assert teacher.asked.total() == 16 and ledger.counts()["answered"] == 16
        with pytest.raises(UserError, match="only 0 of the first 10 answers"):  # nothing more paid
            generate_batches(
                plan(100), ledger, base_url=url, limits=QUICK, verify=lambda p, a: "list"
            )
        assert teacher.asked.total() == 16


def test_rest_follows_in_one_batch_once_the_first_answers_are_rows(ledger: Ledger) -> None:
    teacher, notes = FakeBatches(), []
    with teacher.serve() as url:
        done = generate_batches(
            plan(100),
            ledger,
            base_url=url,
            limits=QUICK,
            verify=lambda p, a: None,
            on_progress=lambda progress: notes.append((progress.waiting, progress.waiting_seconds)),
        )
        assert done.accepted == 100 and len(teacher.submitted) == 2
        assert any("first small batch" in note and seconds > 0 for note, seconds in notes if note)
        generate_batches(plan(150), ledger, base_url=url, limits=QUICK, verify=lambda p, a: None)
    assert len(teacher.submitted) == 3  # known answers have been judged


def test_anyway_sends_the_whole_plan_at_once(ledger: Ledger) -> None:
    teacher = FakeBatches()
    limits = AskLimits(poll=0.01, anyway=True)
    with teacher.serve() as url:
        generate_batches(plan(100), ledger, base_url=url, limits=limits, verify=lambda p, a: "list")
    assert len(teacher.submitted) == 1


def test_hidden_thinking_of_a_first_batch_stays_below_max_cost(ledger: Ledger) -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 9052}
    teacher = FakeBatches(habit=lambda asked, n: completion("A sentence.", usage=usage))
    limits = AskLimits(poll=0.01, price=Price(1.0, 1.0, 1.0), max_cost=0.01)
    with teacher.serve() as url:
        done = generate_batches(plan(40), ledger, base_url=url, limits=limits)
    assert done.stopped == "max_cost" and done.answered == 2
    assert done.cost is not None and done.cost <= 0.01


def test_answers_of_an_earlier_batch_are_judged_once(ledger: Ledger) -> None:
    """Six answers that two looks would count as twelve end no run."""
    teacher = FakeBatches()
    with teacher.serve() as url:
        interrupted(ledger, url, plan(6))
        done = generate_batches(
            plan(40),
            ledger,
            base_url=url,
            limits=QUICK,
            verify=lambda p, a: "list" if p["seed"] < 6 else None,
        )
    assert (done.before, done.accepted, done.pending) == (6, 34, 0)
