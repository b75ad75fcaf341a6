"""What one run writes and counts."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.progress import Progress
from corpusmith.teacher.tally import Settled, Tally
from tests.teacher.fake_teacher import FakeTeacher
from tests.teacher.sent import payload, plan


class SlowLedger(Ledger):
    """A ledger on a slow disk."""

    def record(self, *arguments: Any, **named: Any) -> None:
        time.sleep(0.3)
        super().record(*arguments, **named)


def test_run_cancelled_while_it_writes_records_each_reply_once(tmp_path: Path) -> None:
    keys = [payload_key(payload(number)) for number in range(3)]
    with SlowLedger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add((key, payload(number)) for number, key in enumerate(keys))
        tally = Tally(ledger, DEFAULT_LIMITS, None, None, Progress(3))
        tally.settled = Settled([Answer(key, "A sentence.", "stop", 10, 5) for key in keys[:2]])

        async def run() -> None:
            writing = asyncio.create_task(tally.write_in_thread())
            await asyncio.sleep(0.1)
            writing.cancel()
            await asyncio.wait({writing})
            assert writing.cancelled()
            tally.settled.answers.append(Answer(keys[2], "The last.", "stop", 10, 5))
            tally.save()

        asyncio.run(run())
        (usage,) = ledger.totals()
        assert (usage.answers, usage.unusable) == (3, 0) and tally.progress.answered == 3


def test_repeated_request_is_paid_once_while_its_first_answer_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.client.PART", 20)
    teacher = FakeTeacher(latency=0.01)
    with SlowLedger(tmp_path / "ledger.sqlite") as ledger, teacher.serve() as url:
        limits = AskLimits(concurrency=16)
        generate([*plan(40), *plan(40)], ledger, base_url=url, limits=limits)
        assert ledger.counts()["answered"] == 40 == teacher.asked.total()
