"""Ctrl-C and kill -9: a recorded answer is never paid again."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import corpusmith.teacher.endpoint.retries
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Answer, Failure, Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.payload import payload_key
from tests.teacher.fake_teacher import ENDURED, FakeTeacher
from tests.teacher.sent import payload, plan


def interrupt_after(teacher: FakeTeacher, answers: int) -> None:
    while teacher.answered.total() < answers:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def default_ctrl_c():
    """Restore SIGINT: a shell starts background jobs, such as pytest, with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_ctrl_c")
def test_ctrl_c_leaves_resumable_ledger(ledger: Ledger) -> None:
    teacher = FakeTeacher(latency=0.02)
    with teacher.serve() as url:
        interrupt = threading.Thread(target=interrupt_after, args=(teacher, 40))
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            generate(plan(100_000), ledger, base_url=url, limits=AskLimits(concurrency=8))
        counts = ledger.counts()
        assert 0 < counts["answered"] < 100_000 and counts["failed"] == 0
        assert teacher.answered.total() - counts["answered"] <= 8
        generate(plan(counts["answered"] + 20), ledger, base_url=url)
    assert ledger.counts()["answered"] >= counts["answered"] + 20 - 8


def generate_in_child(url: str, path: Path, n: int) -> None:
    corpusmith.teacher.endpoint.retries.backoff = lambda attempt: 0.05  # in the child process
    with Ledger(path) as ledger:
        generate(plan(n), ledger, base_url=url, limits=AskLimits(concurrency=16, timeout=20.0))


@pytest.mark.slow
def test_kill_at_twenty_random_points_never_repays_a_recorded_answer(
    tmp_path: Path,
) -> None:
    path, n, rng = tmp_path / "ledger.sqlite", 700, random.Random(3)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["corpusmith.teacher.client"])
    teacher = FakeTeacher(seed=5, faults=0.2, latency=0.02, stall=0.3, calm=100, storm=20)
    lost: Counter[str] = Counter()  # answers in flight when the run was killed
    with teacher.serve() as url:
        for _ in range(20):
            answered = teacher.answered.copy()
            child = context.Process(target=generate_in_child, args=(url, path, n))
            child.start()
            kill_at = teacher.asked.total() + rng.randint(1, 50)
            while teacher.asked.total() < kill_at and child.is_alive():
                time.sleep(0.002)
            child.kill()
            child.join()
            while teacher.in_flight:
                time.sleep(0.002)
            with Ledger(path) as ledger:
                known, counts = {answer.key for answer in ledger.answers()}, ledger.counts()
                settled = ledger.settled(map(payload_key, plan(n)))
            on_their_way = (teacher.answered - answered).keys() - known
            assert len(on_their_way) <= 16
            lost.update(on_their_way)
            assert (
                counts["answered"] + counts["failed"] == len(settled) < n
                and known <= settled.keys()
            )
        child = context.Process(target=generate_in_child, args=(url, path, n))
        child.start()
        child.join()
    assert len(known) > 100
    assert teacher.answered == {
        key: 1 + lost[key] for key in teacher.answered
    }  # only lost answers are paid again
    assert set(teacher.sent) >= ENDURED
    with Ledger(path) as ledger:
        counts, settled = ledger.counts(), ledger.settled(map(payload_key, plan(n)))
        assert (counts["requests"], counts["pending"], len(settled)) == (n, 0, n)
        assert (counts["answered"], counts["failed"]) == (
            sum(settled.values()),
            n - sum(settled.values()),
        )
        assert set(ledger.failures_by_reason()) == {
            "finish reason length",
            "finish reason content_filter",
            "HTTP 400: the prompt is too long",
        }


def test_retried_failure_that_succeeds_is_no_longer_a_failure(ledger: Ledger) -> None:
    key = payload_key(payload(0))
    ledger.add([(key, payload(0))])
    ledger.fail([Failure(key, "finish reason length", 1)])
    with FakeTeacher().serve() as url:
        generate(plan(1), ledger, base_url=url, limits=AskLimits(retry_failed=True))
    assert ledger.counts() == {"requests": 1, "answered": 1, "failed": 0, "pending": 0}
    assert isinstance(ledger.get_many([key])[key], Answer)
