"""Endpoint quirks: which replies are answers, which end a run, and which are counted."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.progress import Progress
from tests.teacher.fake_teacher import FakeTeacher, completion, problem
from tests.teacher.habits import SENTENCE, ask
from tests.teacher.sent import plan

pytestmark = pytest.mark.usefixtures("no_backoff")


USAGE = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 552}
PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Let me think."}]},
    {"type": "text", "text": SENTENCE},
]
ANSWERS = {
    **{
        f"finish {f!r}": lambda p, n, f=f: completion(SENTENCE, f)
        for f in (
            "eos",
            "eos_token",
            "end_turn",
            "end",
            "stop_sequence",
            "STOP",
            "FINISH_REASON_STOP",
            "",
            None,
        )
    },
    "think block": lambda p, n: completion(f"<think>\nOne sentence.\n</think>\n\n{SENTENCE}"),
    "think block without start": lambda p, n: completion(f"One sentence.</think>\n{SENTENCE}"),
    "bracketed think block": lambda p, n: completion(f"[THINK]One.[/THINK]{SENTENCE}"),
    "harmony channels": lambda p, n: completion(
        f"<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>final<|message|>{SENTENCE}"
    ),
    "list of parts": lambda p, n: completion(PARTS),
    "list of strings": lambda p, n: completion([SENTENCE[:9], SENTENCE[9:]]),
    "reasoning beside the text": lambda p, n: completion(SENTENCE, reasoning_content="One."),
    "thinking in total_tokens only": lambda p, n: completion(SENTENCE, usage=USAGE),
    "usage null": lambda p, n: completion(SENTENCE, usage=None),
    "usage of nulls": lambda p, n: completion(
        SENTENCE, usage={"prompt_tokens": None, "completion_tokens": 12}
    ),
    "blank lines before": lambda p, n: Response(b"\n\n\n" + completion(SENTENCE).body),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_unusual_reply_is_accepted_as_answer(ledger: Ledger, name: str) -> None:
    teacher, error = ask(ANSWERS[name], ledger, 6)
    assert error == "" and teacher.asked.total() == 6
    assert [answer.text for answer in ledger.answers()] == [SENTENCE] * 6


def unanswered(*bodies: Any) -> list[JSONResponse]:
    return [JSONResponse(body) for body in bodies]


# A fault of every request ends the run: no request is marked as failed, and the error names the
# cause and the remedy.
@dataclass
class Fatal:
    reply: Response
    says: str
    asked: int = 20  # upper limit: the first window and a few more


FATAL = {
    "thinking ate the limit": Fatal(
        completion(None, "length", reasoning_content="We need"), "all of it thinking.*max_tokens"
    ),
    "no balance": Fatal(problem(402, "Insufficient Balance"), "top up.*Insufficient Balance"),
    "no credits in a 200": Fatal(
        JSONResponse({"error": {"message": "Insufficient credits", "code": 402}}), "top up.*credits"
    ),
    "quota by type": Fatal(
        JSONResponse({"error": {"message": "Exceeded", "type": "insufficient_quota"}}, 429), "quota"
    ),
    "billing inactive": Fatal(
        JSONResponse({"error": {"message": "Not active", "code": "billing_not_active"}}, 429),
        "quota",
    ),
    "monthly limit": Fatal(problem(429, "You've reached the monthly usage limit"), "monthly"),
    "unknown model, 400": Fatal(
        problem(400, "x/y is not a valid model ID"), "no such model.*valid model"
    ),
    "unknown model, 404": Fatal(
        JSONResponse({"object": "error", "message": "The model does not exist."}, 404), "not exist"
    ),
    "Gemini's list": Fatal(
        JSONResponse([{"error": {"code": 400, "message": "API key not valid."}}], 400),
        "OPENAI_API_KEY.*not valid",
    ),
    "TGI's string": Fatal(
        JSONResponse({"error": "`inputs` must have less than 512 tokens"}, 422), "512 tokens"
    ),
    "FastAPI's detail": Fatal(JSONResponse({"detail": "Model is not loaded"}, 400), "not loaded"),
    "a message with detail": Fatal(
        JSONResponse({"message": {"detail": "too long"}}, 413), "too long"
    ),
    "a page": Fatal(Response("<html><title>No entry</title></html>", 403), "No entry"),
    "wrong path in a 200": Fatal(
        JSONResponse({"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
        "/v1.*Unexpected endpoint",
    ),
}


@pytest.mark.parametrize("name", FATAL)
def test_fault_of_every_request_ends_run_and_marks_none_as_failed(
    ledger: Ledger, name: str
) -> None:
    import re

    case = FATAL[name]
    teacher, error = ask(lambda p, n: case.reply, ledger, 100)
    assert re.search(case.says, error, re.S), error
    assert ledger.counts() == {"requests": 100, "answered": 0, "failed": 0, "pending": 100}
    assert teacher.asked.total() <= case.asked
    ask(lambda p, n: None, ledger, 100)
    assert ledger.counts()["answered"] == 100


def test_run_ends_after_a_few_paid_empty_replies(ledger: Ledger) -> None:
    empty = completion(None, reasoning_content=SENTENCE)
    teacher, error = ask(lambda p, n: empty, ledger, 500)
    assert "only thinking" in error and ledger.counts()["failed"] == 0
    assert max(teacher.asked.values()) == 2 and teacher.asked.total() < 50


def test_second_paid_empty_reply_fails_the_request(ledger: Ledger) -> None:
    def habit(asked: dict[str, Any], n: int) -> Response | None:
        return completion("") if asked["seed"] % 10 == 3 else None

    teacher, error = ask(habit, ledger, 40)
    assert error == "" and max(teacher.asked.values()) == 2
    assert ledger.failures_by_reason() == {"the answer is empty": 4}
    assert ledger.spent_by_reason() == {"the answer is empty": 8}
    ask(habit, ledger, 40)
    assert ledger.spent_by_reason() == {"the answer is empty": 8}  # not retried


@pytest.mark.parametrize(
    "reply",
    [completion(None), completion(SENTENCE, usage=USAGE), completion("x", "length", usage=USAGE)],
    ids=["empty", "thinking", "cut short"],
)
def test_max_cost_is_respected_for_any_reply_cost(ledger: Ledger, reply: Response) -> None:
    from corpusmith.teacher.prices import Price

    price = Price(10, 10, 10)
    teacher, _ = ask(lambda p, n: reply, ledger, 200, price=price, max_cost=0.03)
    assert 0 < price.cost(teacher.bills["prompt"], teacher.bills["completion"]) <= 0.03


def test_account_error_mid_run_fails_no_request_and_run_can_be_continued(ledger: Ledger) -> None:
    broke = problem(402, "Insufficient Balance")
    _, error = ask(lambda p, n: broke if n > 8 else None, ledger)
    assert "top up" in error
    assert ledger.counts() == {"requests": 40, "answered": 8, "failed": 0, "pending": 32}
    ask(lambda p, n: None, ledger)
    assert ledger.counts()["answered"] == 40


def test_unknown_permanent_error_mid_run_ends_run(ledger: Ledger) -> None:
    gone = problem(400, "The deployment was removed")
    _, error = ask(lambda p, n: gone if n > 20 else None, ledger, 100)
    assert "deployment was removed" in error and ledger.counts()["failed"] == 0


def test_small_run_without_any_answer_fails_no_request(ledger: Ledger) -> None:
    _, error = ask(lambda p, n: problem(500, "out of memory"), ledger, 5)
    assert "out of memory" in error and ledger.counts()["pending"] == 5


def test_server_that_stops_near_the_end_fails_no_request(ledger: Ledger) -> None:
    """Four requests are too few to tell by their number alone that the server is the cause."""
    running = ExitStack()

    def stop(progress: Progress) -> None:
        if progress.answered >= 8:
            running.close()

    url = running.enter_context(FakeTeacher().serve())
    limits = AskLimits(concurrency=1)
    with pytest.raises(UserError, match="does not listen on this port"):
        generate(plan(12), ledger, base_url=url, limits=limits, on_progress=stop)
    assert ledger.counts()["failed"] == 0


def test_run_waits_while_model_loads(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpusmith.teacher.pace.FIRST_PAUSE", 0.02)
    loading = problem(503, "Loading model")
    ask(lambda p, n: loading if n <= 8 else None, ledger, 5)
    assert ledger.counts()["answered"] == 5


def test_wait_for_busy_endpoint_is_shown_and_times_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.client.LONGEST_WAIT", 0.6)
    monkeypatch.setattr("corpusmith.teacher.client.PULSE", 0.1)
    seen = []
    busy = problem(429, "Rate limit reached")
    with (
        FakeTeacher(habit=lambda p, n: busy if n > 4 else None).serve() as url,
        pytest.raises(UserError, match=r"no answer for.*Rate limit reached"),
    ):
        generate(plan(40), ledger, base_url=url, on_progress=seen.append)
    assert seen[-1].waiting == "HTTP 429: Rate limit reached" and seen[-1].waiting_seconds > 0.3
    assert ledger.counts()["failed"] == 0


def test_pauses_grow_until_rate_limit_is_met(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr("corpusmith.teacher.pace.FIRST_PAUSE", 0.05)
    sent: list[float] = []

    def five_in_half_a_second(asked: dict[str, Any], n: int) -> Response | None:
        now = time.monotonic()
        sent[:] = [*(t for t in sent if now - t < 0.5), now]
        return problem(429, "Rate limit reached") if len(sent) > 5 else None

    teacher, _ = ask(five_in_half_a_second, ledger, 30)
    assert ledger.counts()["answered"] == 30 and teacher.asked.total() < 150


def test_error_in_reply_body_is_retried(ledger: Ledger) -> None:
    failing = [
        completion("", "error"),
        JSONResponse({"error": {"message": "Upstream is down"}}),
        JSONResponse({"choices": [{"error": {"message": "overloaded", "code": 529}}]}),
    ]
    teacher, _ = ask(lambda p, n: failing[n - 1] if n <= 3 else None, ledger, 6)
    assert ledger.counts()["answered"] == 6 and teacher.asked.total() == 9


def test_retry_after_date_of_skewed_server_clock_is_obeyed(ledger: Ledger) -> None:
    import time
    from email.utils import formatdate

    def habit(asked: dict[str, Any], n: int) -> Response | None:
        now = time.time() + 3600
        date, later = formatdate(now, usegmt=True), formatdate(now + 1, usegmt=True)
        headers = {"date": date, "retry-after": later}
        return problem(429, "slow down", headers) if n == 1 else None

    started = time.monotonic()
    ask(habit, ledger, 3)
    assert 0.9 < time.monotonic() - started < 20


def test_unlimited_azure_headers_do_not_stop_run(ledger: Ledger) -> None:
    headers = {f"x-ratelimit-{name}-tokens": "-1" for name in ("limit", "remaining")}
    ok = completion(SENTENCE)
    ok.headers.update({**headers, "x-ratelimit-reset-tokens": "0"})
    ask(lambda p, n: ok, ledger, 40)
    assert ledger.counts()["answered"] == 40
