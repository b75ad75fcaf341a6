"""Batch runs: same ledger, half the price, and nothing is paid twice after a kill."""

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.batch import generate_batches
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.prices import Price
from corpusmith.teacher.progress import Progress
from tests.teacher.fake_batches import FakeBatches
from tests.teacher.fake_teacher import completion


def payload(i: int):
    return {
        "model": "m",
        "messages": [{"role": "user", "content": f"Topic {i}."}],
        "max_tokens": 50,
        "seed": i,
    }


def plan(n: int):
    return [payload(i) for i in range(n)]


PRICE = Price(input=100.0, output=1000.0, cached=50.0)
ANSWER = 0.0156 / 2


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_batches_settle_every_request_at_half_price(ledger: Ledger) -> None:
    teacher = FakeBatches(
        seed=2, faults=0.4, kinds=("error", "bad request", "length", "content_filter"), expire=1
    )
    with teacher.serve() as url:
        progress = generate_batches(
            plan(80), ledger, base_url=url, limits=AskLimits(poll=0.01, price=PRICE)
        )
        counts, submitted = ledger.counts(), len(teacher.submitted)
        assert counts == {
            "requests": 80,
            "answered": progress.answered,
            "failed": progress.failed,
            "pending": 0,
        }
        assert set(ledger.failures_by_reason()) == {
            "HTTP 400: the prompt is too long",
            "finish reason length",
            "finish reason content_filter",
        }
        assert (
            progress.pending == 0
            and submitted > 2
            and all(usage.batch for usage in ledger.totals() if usage.host)
        )
        unusable = (
            counts["failed"] - ledger.failures_by_reason()["HTTP 400: the prompt is too long"]
        )
        assert progress.cost == pytest.approx((counts["answered"] + unusable) * ANSWER, rel=0.05)
        again = generate_batches(plan(80), ledger, base_url=url, limits=AskLimits(poll=0.01))
        assert (again.before, again.answered, len(teacher.submitted)) == (
            counts["answered"],
            0,
            submitted,
        )
        generate(plan(80), ledger, base_url=url)
    assert max(teacher.answered.values()) == 1 and not ledger.open_batches(
        url.removeprefix("http://")
    )


def test_progress_counts_verified_answers(ledger: Ledger) -> None:
    seen = []
    with FakeBatches(seed=2, faults=0.2, kinds=("length",)).serve() as url:
        done = generate_batches(
            plan(40),
            ledger,
            base_url=url,
            limits=AskLimits(poll=0.01),
            verify=lambda p, a: "odd" if p["seed"] % 2 else None,
            on_progress=seen.append,
        )
    answered = [
        payload["seed"] for _, payload in ledger.payloads(answer.key for answer in ledger.answers())
    ]
    assert done.accepted == sum(seed % 2 == 0 for seed in answered) > 0 < done.rejected
    assert done.accepted + done.rejected + done.failed + done.pending == 40 and seen[-1] == done


def test_polling_is_retried_after_server_errors_and_submits_once(ledger: Ledger) -> None:
    teacher = FakeBatches(hiccups=4)
    with teacher.serve() as url:
        assert (
            generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01)).pending
            == 0
        )
    assert teacher.hiccups == 0 and len(teacher.submitted) == 1


def submit(url: str, path: Path, n: int, poll: float) -> None:
    with Ledger(path) as ledger:
        generate_batches(plan(n), ledger, base_url=url, limits=AskLimits(poll=poll))


def test_next_run_waits_for_batch_of_killed_run(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["corpusmith.teacher.batch"])
    teacher, rng = FakeBatches(delay=0.3), random.Random(0)
    with teacher.serve() as url:
        for _ in range(5):
            child = context.Process(target=submit, args=(url, path, 30, 0.05))
            child.start()
            while child.is_alive() and not teacher.files:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.1))
            child.kill()
            child.join()
        with Ledger(path) as ledger:
            progress = generate_batches(plan(40), ledger, base_url=url, limits=AskLimits(poll=0.01))
            assert ledger.counts() == {"requests": 40, "answered": 40, "failed": 0, "pending": 0}
            assert not ledger.open_batches(url.removeprefix("http://").removesuffix("/v1"))
    assert progress.before + progress.answered == 40 and progress.pending == 0
    assert set(teacher.answered.values()) == {1}


def test_batch_without_recorded_id_is_found_by_tag(ledger: Ledger) -> None:
    teacher = FakeBatches()
    with teacher.serve() as url:
        host = url.removeprefix("http://").removesuffix("/v1")
        generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
        tag = teacher.submitted["batch_0"]["metadata"]["corpusmith"]
        with Ledger(ledger.path.parent / "killed.sqlite") as killed:
            killed.merge(ledger.path)
            killed._db.execute("DELETE FROM answers")
            killed.open_batch(tag, host)
            killed.open_batch("never-arrived", host)
            progress = generate_batches(plan(5), killed, base_url=url, limits=AskLimits(poll=0.01))
            assert (progress.before, progress.pending, killed.open_batches(host)) == (5, 0, {})
    assert len(teacher.submitted) == 1


def test_max_cost_shortens_batch_and_next_run_continues(ledger: Ledger) -> None:
    teacher = FakeBatches()
    with teacher.serve() as url:
        first = generate_batches(
            plan(60), ledger, base_url=url, limits=AskLimits(poll=0.01, price=PRICE, max_cost=0.3)
        )
        assert first.stopped == "max_cost" and 0 < first.answered < 60 and first.cost <= 0.3
        assert first.cost + 60 * ANSWER > 0.3
        rest = generate_batches(plan(60), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert rest.stopped is None and rest.before == first.answered and rest.pending == 0
    assert set(teacher.answered.values()) == {1}


def test_refused_batch_missing_price_and_silent_endpoint_raise_user_error(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeBatches(refuse_batches=True).serve() as url:
        for _ in range(2):  # the second run does not wait for the refused batch
            with pytest.raises(UserError, match="no such model"):
                generate_batches(plan(2), ledger, base_url=url, limits=AskLimits(poll=0.01))
        with pytest.raises(UserError, match="price"):
            AskLimits(max_cost=1.0)
    monkeypatch.setattr("corpusmith.teacher.batch.results.PATIENCE", 1)
    with pytest.raises(UserError, match="does not answer"):
        generate_batches(plan(2), ledger, base_url=url)
    assert ledger.counts()["pending"] == 2


@pytest.mark.parametrize(
    ("spoil", "again"),
    [
        (lambda content: content.replace(b"\n", b"\n\n", 3) + b"\n", 0),
        (lambda content: b"not JSON\n[]\n{}\n" + content, 0),
        (lambda content: content[:-50], 1),
    ],
    ids=["blank lines", "other lines", "cut line"],
)
def test_broken_line_loses_only_its_own_request(
    ledger: Ledger, spoil: Callable[[bytes], bytes], again: int
) -> None:
    teacher = FakeBatches(spoil=spoil)

    def once(progress: Progress) -> None:
        if progress.answered:
            teacher.spoil = None

    with teacher.serve() as url:
        done = generate_batches(
            plan(30), ledger, base_url=url, limits=AskLimits(poll=0.01), on_progress=once
        )
    assert (done.answered, done.pending) == (30, 0) and len(teacher.submitted) == 1 + again
    assert teacher.asked.total() == 30 + again


def test_cancelled_batch_ends_run_and_keeps_its_results(ledger: Ledger) -> None:
    teacher = FakeBatches(cancel=1)
    with teacher.serve() as url:
        with pytest.raises(UserError, match=r"cancelled.*10 results"):
            generate_batches(plan(30), ledger, base_url=url, limits=AskLimits(poll=0.01))
        assert len(teacher.submitted) == 1 and ledger.counts()["answered"] == 10
        generate_batches(plan(30), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert ledger.counts()["answered"] == 30 and set(teacher.answered.values()) == {1}


def test_error_names_batch_whose_results_were_deleted(ledger: Ledger) -> None:
    teacher = FakeBatches(delete_results=True)
    with teacher.serve() as url, pytest.raises(UserError, match=r"or its results.*--drop batch_0"):
        generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert ledger.counts()["pending"] == 5


@pytest.mark.parametrize("status", [400, 403, 404])
def test_error_names_batch_of_another_api_key_and_batch_can_be_dropped(
    ledger: Ledger, status: int
) -> None:
    teacher = FakeBatches(unknown={"batch_0"}, unknown_status=status)
    with teacher.serve() as url:
        for _ in range(2):
            with pytest.raises(UserError, match=r"another key.*--drop batch_0"):
                generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
        ((tag, _, batch_id),) = ledger.batches()
        assert batch_id == "batch_0"
        ledger.close_batch(tag)
        done = generate_batches(plan(5), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert done.pending == 0


def test_enqueued_token_limit_makes_batches_smaller(ledger: Ledger) -> None:
    teacher = FakeBatches(most_enqueued=12)
    with teacher.serve() as url:
        done = generate_batches(plan(40), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert done.pending == 0 and set(teacher.answered.values()) == {1}


def test_batch_size_token_and_count_limits_are_respected(ledger: Ledger) -> None:
    teacher = FakeBatches(delay=0.05)
    limits = AskLimits(poll=0.01, batch_size=10, batches=3)
    with teacher.serve() as url:
        done = generate_batches(plan(60), ledger, base_url=url, limits=limits)
        assert done.pending == 0 and len(teacher.submitted) == 6 and teacher.most_open == 3
        few = AskLimits(poll=0.01, batch_tokens=300)
        done = generate_batches(plan(70), ledger, base_url=url, limits=few)
    assert done.pending == 0 and len(teacher.submitted) > 6 + 1
    with pytest.raises(UserError, match="--batch-size 0"):
        AskLimits(batch_size=0)


def test_paid_empty_answer_is_counted_and_fails_the_second_time(ledger: Ledger) -> None:
    def habit(asked: dict, n: int):
        return completion("") if asked["seed"] == 3 else None

    teacher = FakeBatches(habit=habit)
    with teacher.serve() as url:
        done = generate_batches(plan(8), ledger, base_url=url, limits=AskLimits(poll=0.01))
    assert (done.answered, done.failed, done.unusable) == (7, 1, 2)
    assert ledger.failures_by_reason() == {"the answer is empty": 1}
