"""Refused lines of a batch, also of one that an earlier run submitted."""

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.batch import generate_batches
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from tests.teacher.fake_batches import FakeBatches, interrupted
from tests.teacher.fake_teacher import completion, problem
from tests.teacher.sent import plan


def test_parameter_refused_by_batch_is_omitted_from_next_batch(ledger: Ledger) -> None:
    def habit(asked: dict, n: int):
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return problem(400, message) if "max_tokens" in asked else None

    teacher = FakeBatches(habit=habit)
    with teacher.serve() as url:
        done = generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert done.pending == 0 and done.failed == 0 and len(teacher.submitted) == 2


def test_batch_that_refuses_every_request_marks_none_as_failed(ledger: Ledger) -> None:
    teacher = FakeBatches(habit=lambda asked, n: problem(400, "no such deployment"))
    with teacher.serve() as url, pytest.raises(UserError, match="no such deployment"):
        generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert ledger.counts() == {"requests": 8, "answered": 0, "failed": 0, "pending": 8}


def test_refusal_that_a_resumed_run_finds_is_learned_and_fails_nothing(ledger: Ledger) -> None:
    def habit(asked: dict, n: int):
        if "max_tokens" in asked:
            return problem(400, "Unsupported parameter: 'max_tokens'.")
        return completion("") if n == 1 else None

    teacher = FakeBatches(habit=habit)
    with teacher.serve() as url:
        interrupted(ledger, url, plan(8))
        done = generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert (done.answered, done.failed, done.pending) == (8, 0, 0)


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (400, "API key not valid. Please pass a valid API key.", "refuses the API key"),
        (403, "Your credit balance is too low.", "no quota left"),
    ],
)
def test_batch_is_not_to_be_dropped_where_the_key_or_the_quota_is_the_cause(
    ledger: Ledger, status: int, message: str, says: str
) -> None:
    teacher = FakeBatches(unknown={"batch_0"}, unknown_status=status, unknown_message=message)
    with teacher.serve() as url, pytest.raises(UserError, match=says) as raised:
        generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert "--drop" not in str(raised.value) and ledger.open_batches(url[7:].removesuffix("/v1"))


def test_refusal_of_the_account_ends_the_run_and_fails_nothing(ledger: Ledger) -> None:
    teacher = FakeBatches(
        habit=lambda asked, n: problem(401, "the key has expired") if asked["seed"] < 4 else None
    )
    with teacher.serve() as url:
        for _ in range(2):  # in the run that submitted it, and in a resumed one
            with pytest.raises(UserError, match="the key has expired"):
                generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
            counts = ledger.counts()
            assert (counts["answered"], counts["failed"], counts["pending"]) == (4, 0, 4)
            interrupted(ledger, url, plan(8))


def test_final_line_of_a_resumed_run_does_not_count_the_earlier_batch(ledger: Ledger) -> None:
    teacher = FakeBatches(habit=lambda asked, n: completion("") if n <= 3 else None)
    with teacher.serve() as url:
        interrupted(ledger, url, plan(8))
        done = generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
        assert (done.before, done.answered, done.unusable) == (5, 3, 0)
        assert done.unusable_reason is None
    assert sum(usage.unusable for usage in ledger.totals()) == 3


def test_line_separator_in_an_answer_is_no_end_of_a_line(ledger: Ledger) -> None:
    teacher = FakeBatches(spoil=lambda content: content.replace(b"of the", "of\u2028the".encode()))
    with teacher.serve() as url:
        done = generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert done.pending == 0 and len(teacher.submitted) == 1
    assert all("of\u2028the gene" in answer.text for answer in ledger.answers())
