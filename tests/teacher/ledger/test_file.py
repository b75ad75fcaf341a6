"""Ledger file: only one process generates at a time, and file errors are one line."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Answer, Failure, Ledger, Spent, Tokens
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.progress import Progress
from tests.teacher.fake_teacher import FakeTeacher
from tests.teacher.sent import payload, plan


def hold(path: Path, holding: object, done: object) -> None:
    with Ledger(path) as ledger, ledger.asking():
        holding.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_second_generating_process_gets_error_naming_the_first(tmp_path: Path) -> None:
    path, context = tmp_path / "ledger.sqlite", multiprocessing.get_context("spawn")
    holding, done = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(path, holding, done))
    holder.start()
    assert holding.wait(60)
    teacher = FakeTeacher()
    with Ledger(path) as ledger, teacher.serve() as url:
        with pytest.raises(UserError, match=rf"in use by process {holder.pid} on .* since"):
            generate(plan(5), ledger, base_url=url)
        assert teacher.asked.total() == 0
        holder.kill()  # the lock ends with its process
        holder.join()
        generate(plan(5), ledger, base_url=url)
    assert teacher.asked.total() == 5


def locked_by(blocker: sqlite3.Connection) -> Callable[[Progress], None]:
    """An `on_progress` that locks the ledger after the first answers."""

    def block(progress: Progress) -> None:
        if progress.answered and not blocker.in_transaction:
            blocker.execute("BEGIN IMMEDIATE")

    return block


def test_locked_ledger_is_one_line_error_and_next_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.ledger.file.LOCK_TIMEOUT", 0.2)
    path = tmp_path / "ledger.sqlite"
    blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    with Ledger(path) as ledger, FakeTeacher().serve() as url:
        with pytest.raises(UserError, match="is locked by another process"):
            generate(plan(100), ledger, base_url=url, on_progress=locked_by(blocker))
        answered = ledger.counts()["answered"]
        blocker.execute("ROLLBACK")
        generate(plan(100), ledger, base_url=url)
        assert 0 < answered < 100 == ledger.counts()["answered"]
    blocker.close()


def test_replies_that_met_a_locked_ledger_are_written_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends, but the reply that it could not write and those in flight are kept."""
    monkeypatch.setattr("corpusmith.teacher.ledger.file.LOCK_TIMEOUT", 0.5)
    path, teacher = tmp_path / "ledger.sqlite", FakeTeacher()
    blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    free = threading.Timer(0.8, blocker.execute, ["ROLLBACK"])  # during the second attempt

    def block(progress: Progress) -> None:
        if progress.answered and free.ident is None:
            blocker.execute("BEGIN IMMEDIATE")
            free.start()

    with Ledger(path) as ledger, teacher.serve() as url:
        with pytest.raises(UserError, match="is locked by another process"):
            generate(plan(100), ledger, base_url=url, on_progress=block)
        free.join()
        assert 0 < ledger.counts()["answered"] == teacher.answered.total() < 100
    blocker.close()


def test_number_of_replies_that_could_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.ledger.file.LOCK_TIMEOUT", 0.2)
    path, teacher = tmp_path / "ledger.sqlite", FakeTeacher()
    blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    with Ledger(path) as ledger, teacher.serve() as url:
        with pytest.raises(UserError) as error:
            generate(plan(100), ledger, base_url=url, on_progress=locked_by(blocker))
        lost = teacher.answered.total() - ledger.counts()["answered"]
    assert lost and f"{lost} paid replies could not be written" in str(error.value)
    blocker.close()


def test_full_disk_is_one_line_error_and_loses_no_counted_answer(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages + 8}")  # SQLite's own "disk is full"
        teacher = FakeTeacher(answer="A sentence of {} words " + "and more " * 60)
        with teacher.serve() as url:
            with pytest.raises(UserError, match="the disk is full: make room"):
                generate(plan(300), ledger, base_url=url)
            answered = ledger.counts()["answered"]
            ledger._db.execute("PRAGMA max_page_count = 1000000")
            generate(plan(300), ledger, base_url=url)
        assert answered < 300 == ledger.counts()["answered"]


def test_failure_tokens_of_older_ledger_format_stay_counted(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.sqlite", payload_key(payload(1))
    with Ledger(path) as ledger:
        ledger.add([(key, payload(1))])
        ledger.fail([Failure(key, "finish reason length", 1)])
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE spent")
        db.execute("UPDATE failures SET prompt_tokens = 10, completion_tokens = 50")
    for _ in range(2):
        with Ledger(path) as ledger:
            (usage,) = ledger.totals()
            assert (usage.unusable, usage.prompt_tokens, usage.completion_tokens) == (1, 10, 50)
    with Ledger(path) as ledger:
        ledger.record([Answer(key, "A sentence.", prompt_tokens=10, completion_tokens=5)])
        assert sum(usage.completion_tokens for usage in ledger.totals()) == 55


def test_answer_paid_in_two_merged_ledgers_is_counted_twice(tmp_path: Path) -> None:
    key = payload_key(payload(1))
    with Ledger(tmp_path / "a.sqlite") as a, Ledger(tmp_path / "b.sqlite") as b:
        for number, ledger in enumerate((a, b)):
            ledger.add([(key, payload(1))])
            ledger.record(
                [Answer(key, f"Sentence {number}.", "stop", 10, 5, 0, 1_700_000_000 + number, "h")],
                spent=[Spent(key, "the answer is empty", Tokens(1, 1), "h")],
            )
        for _ in range(2):
            a.merge(b.path)
        (usage,) = a.totals()
        assert (usage.answers, usage.unusable) == (1, 3)
        assert (usage.prompt_tokens, usage.completion_tokens) == (22, 12)
