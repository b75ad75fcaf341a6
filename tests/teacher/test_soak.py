"""Seeded soak test: all faults at once, changed API keys and kill -9. Every token is counted."""

import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

import corpusmith.teacher.endpoint.retries
from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.payload import payload_key
from tests.teacher.fake_teacher import FINAL, PASSING, FakeTeacher, completion, problem
from tests.teacher.sent import plan

REQUESTS = 20_000
# A reply that the client gave up waiting for is billed but not counted: the timeout must be far
# above the time that `IN_FLIGHT` replies take, also on two cores at a load of 15.
IN_FLIGHT = 32
TIMEOUT = 5.0
KEY = "soak-key-0123456789"
SEED = 27
# Each stall costs a timeout, so it is rarer than the others.
MANY = tuple(kind for kind in PASSING if kind != "stall") * 6 + FINAL * 2


def chaos(payload: dict[str, Any], number: int) -> Response | None:
    """Paid empty replies, reasoning, a clock an hour ahead. Depends on the request, not on time."""
    rng = random.Random(f"{SEED}:{payload['seed']}")
    draw = rng.random()
    if draw < 0.005:
        return completion(None, reasoning_content="We need a sentence.")  # every time
    if draw < 0.02 and random.Random(f"{SEED}:{number}").random() < 0.5:
        return completion("")  # half of the time
    if draw < 0.03:
        usage = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 252}
        return completion("<think>One.</think>Ataxia was seen in nine families.", usage=usage)
    if number % 1999 == 0:
        now = time.time() + 3600
        date, later = formatdate(now, usegmt=True), formatdate(now + 1, usegmt=True)
        return problem(429, "slow down", {"date": date, "retry-after": later})
    return None


def generate_in_child(url: str, path: Path) -> None:
    # a forkserver that another test started has that test's environment
    os.environ["OPENAI_API_KEY"] = KEY
    corpusmith.teacher.endpoint.retries.backoff = lambda attempt: 0.05  # type: ignore[assignment]
    try:
        with Ledger(path) as ledger:
            limits = AskLimits(concurrency=IN_FLIGHT, timeout=TIMEOUT)
            generate(plan(REQUESTS), ledger, base_url=url, limits=limits)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


class Soak:
    """A teacher, a ledger, and the replies that were lost in flight when a run was killed."""

    def __init__(self, teacher: FakeTeacher, url: str, path: Path) -> None:
        self.teacher, self.url, self.path = teacher, url, path
        self.lost: Counter[str] = Counter()
        self.lost_answers: Counter[str] = Counter()
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["corpusmith.teacher.client"])

    def run(self, kill_after: int | None = None, new_key_after: int | None = None) -> int | None:
        """One run. After the given number of requests, kill it or change the API key."""
        answered = self.teacher.answered.copy()
        child = self.context.Process(target=generate_in_child, args=(self.url, self.path))
        child.start()
        for after in (kill_after, new_key_after):
            if after is not None:
                until = len(self.teacher.payloads) + after
                while len(self.teacher.payloads) < until and child.is_alive():
                    time.sleep(0.002)
        if kill_after is not None:
            child.kill()
        if new_key_after is not None:
            self.teacher.key = "another-key-0123456789"
        child.join()
        self.teacher.key = KEY
        while self.teacher.in_flight:
            time.sleep(0.002)
        self.compare(self.teacher.answered - answered, killed=kill_after is not None)
        return child.exitcode

    def compare(self, new: Counter[str], *, killed: bool) -> None:
        """Check replies and tokens: billed by teacher = counted by ledger + lost by kills."""
        with Ledger(self.path) as ledger:
            totals, known = ledger.totals(), set(ledger.get_many(new))
            counts = ledger.counts()
        counted = Counter(
            replies=sum(usage.answers + usage.unusable for usage in totals),
            prompt=sum(usage.prompt_tokens for usage in totals),
            completion=sum(usage.completion_tokens for usage in totals),
        )
        missing = {
            name: self.teacher.bills[name] - counted[name] - self.lost[name] for name in counted
        }
        if killed:
            assert 0 <= missing["replies"] <= IN_FLIGHT
            self.lost.update(missing)
            self.lost_answers.update(new.keys() - known)
        else:
            assert missing == {"replies": 0, "prompt": 0, "completion": 0}
        assert counts["answered"] + counts["failed"] + counts["pending"] == counts["requests"]


@pytest.mark.slow
def test_every_billed_token_is_counted_after_every_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    rng = random.Random(SEED)
    teacher = FakeTeacher(
        seed=SEED,
        faults=0.1,
        kinds=(*MANY, "stall"),
        stall=60.0,
        calm=1000,
        storm=20,
        key=KEY,
        habit=chaos,
    )
    with teacher.serve() as url:
        soak = Soak(teacher, url, tmp_path / "ledger.sqlite")
        for _ in range(4):
            soak.run(kill_after=rng.randint(500, 4000))
        for _ in range(2):
            assert soak.run(new_key_after=rng.randint(500, 2000)) == 2
        assert soak.run() == 0
    keys = [payload_key(payload) for payload in plan(REQUESTS)]
    with Ledger(soak.path) as ledger:
        counts, settled = ledger.counts(), ledger.settled(keys)
        reasons = set(ledger.failures_by_reason())
    assert (counts["requests"], counts["pending"], len(settled)) == (REQUESTS, 0, REQUESTS)
    assert set(teacher.sent) >= {"refuse", "storm", "error", "reset", "stall", "truncate"}
    assert reasons == {
        "the answer is only thinking",
        "the answer is empty",
        "finish reason length",
        "finish reason content_filter",
        "HTTP 400: the prompt is too long",
    }
    again = {key: n - 1 for key, n in teacher.answered.items() if n > 1}
    assert again == {key: n for key, n in soak.lost_answers.items() if n}
