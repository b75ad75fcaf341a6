"""The client against a server that refuses, fails, stalls, resets or garbles, and kill -9."""

import gzip
import time
import traceback
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.prices import Price, most_cost
from corpusmith.teacher.transcript import export_transcript
from tests.teacher.fake_teacher import ENDURED, FakeTeacher
from tests.teacher.sent import payload, plan


def test_every_request_is_answered_or_failed_with_a_reason(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.01)
    teacher = FakeTeacher(seed=1, faults=0.25, latency=0.01, stall=9.0, storm=30)
    with teacher.serve() as url:
        progress = generate(
            plan(400),
            ledger,
            base_url=url,
            limits=AskLimits(timeout=3.0),
            verify=lambda p, a: None if "1" in a.text else "no 1",
        )
    counts = ledger.counts()
    assert set(teacher.sent) >= ENDURED
    assert counts["requests"] == 400 == counts["answered"] + counts["failed"]
    assert progress.accepted + progress.rejected + progress.failed + progress.pending == 400
    assert progress.pending == 0 and progress.accepted and progress.rejected
    assert set(ledger.failures_by_reason()) == {
        "finish reason length",
        "finish reason content_filter",
        "HTTP 400: the prompt is too long",
    }
    assert max(teacher.answered.values()) == 1


def test_lone_surrogate_does_not_abort_run(ledger: Ledger) -> None:
    with FakeTeacher(answer="Ataxia was seen \ud83d in {} families, \U0001f600.").serve() as url:
        generate(plan(3), ledger, base_url=url)
    assert ledger.counts()["answered"] == 3
    for answer in ledger.answers():
        assert answer.text.startswith("Ataxia was seen \ufffd in ") and answer.text.endswith(
            "\U0001f600."
        )


def test_finished_run_sends_nothing(ledger: Ledger) -> None:
    teacher = FakeTeacher(faults=0.2, kinds=("length",))
    with teacher.serve() as url:
        first = generate(plan(50), ledger, base_url=url)
        asked = teacher.asked.total()
        again = generate(plan(50), ledger, base_url=url)
        assert teacher.asked.total() == asked == 50
        assert (again.before, again.answered, again.failed) == (first.answered, 0, first.failed)
        assert first.failed > 0
        generate(plan(50), ledger, base_url=url, limits=AskLimits(retry_failed=True))
        assert teacher.asked.total() == 50 + first.failed


def test_only_new_requests_are_paid_and_duplicates_only_once(ledger: Ledger) -> None:
    teacher = FakeTeacher()
    with teacher.serve() as url:
        generate(plan(20), ledger, base_url=url)
        generate([*plan(30), *plan(30)], ledger, base_url=url)
    assert teacher.asked.total() == 30


def test_sent_payload_hashes_to_its_key(ledger: Ledger) -> None:
    teacher = FakeTeacher()
    odd = payload(7, top_k=40, stop=["\n"], logit_bias={"50256": -100})
    with teacher.serve() as url:
        generate([odd], ledger, base_url=url)
    assert teacher.payloads == [odd]
    answer = ledger.get_many([payload_key(odd)])[payload_key(odd)]
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (40, 12, 8)
    assert answer.host == url.removeprefix("http://").removesuffix("/v1")


def test_window_grows_to_its_limit_and_shrinks_on_429(ledger: Ledger) -> None:
    windows: list[int] = []
    teacher = FakeTeacher(latency=0.05)
    with teacher.serve() as url:
        generate(
            plan(300),
            ledger,
            base_url=url,
            limits=AskLimits(concurrency=40),
            on_progress=lambda p: windows.append(p.window),
        )
    assert (min(windows), max(windows)) == (16, 40) and 16 < teacher.most_in_flight <= 40
    storm = FakeTeacher(latency=0.02, calm=150, storm=60)
    windows.clear()
    with storm.serve() as url:
        more = [payload(i) for i in range(1000, 1400)]
        generate(
            more,
            ledger,
            base_url=url,
            limits=AskLimits(concurrency=40),
            on_progress=lambda p: windows.append(p.window),
        )
    assert storm.sent["storm"] >= 2 and max(windows) > 2 * min(windows)
    assert ledger.counts()["answered"] == 700


def test_window_recovers_after_it_shrank_to_one_request(ledger: Ledger) -> None:
    windows: list[int] = []
    teacher = FakeTeacher(latency=0.01, calm=30, storm=40)
    with teacher.serve() as url:
        generate(
            plan(150), ledger, base_url=url, on_progress=lambda done: windows.append(done.window)
        )
    smallest = windows.index(1)
    assert max(windows[smallest:]) >= 8


def test_retry_after_is_obeyed(ledger: Ledger) -> None:
    teacher = FakeTeacher(faults=1.0, kinds=("refuse",), retry_after="1")
    with teacher.serve() as url:
        started = time.monotonic()
        generate(plan(1), ledger, base_url=url)
    assert teacher.asked.total() - 1 <= time.monotonic() - started


def test_rate_limit_headers_are_respected_without_a_429(ledger: Ledger) -> None:
    teacher = FakeTeacher(allowance=20, period=1.0, latency=0.01)
    with teacher.serve() as url:
        started = time.monotonic()
        generate(plan(90), ledger, base_url=url)
    assert time.monotonic() - started >= 4 * 1.0
    assert (teacher.answered.total(), teacher.sent["over"]) == (90, 0)


def test_progress_is_reported_while_no_answer_arrives(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.client.PULSE", 0.05)
    waiting: list[float] = []
    with FakeTeacher(latency=0.5).serve() as url:
        generate(
            plan(3),
            ledger,
            base_url=url,
            on_progress=lambda p: p.answered or waiting.append(p.seconds),
        )
    assert len(waiting) > 3 and waiting == sorted(waiting) and waiting[-1] > 0.1


def test_requests_per_minute_limit_is_respected(ledger: Ledger) -> None:
    with FakeTeacher().serve() as url:
        started = time.monotonic()
        generate(plan(11), ledger, base_url=url, limits=AskLimits(rpm=600))
    assert time.monotonic() - started >= 1.0


def test_run_stops_below_max_cost_and_can_be_continued(ledger: Ledger) -> None:
    price = Price(
        input=100.0, output=1000.0, cached=50.0
    )  # an answer: 32 * 100 + 8 * 50 + 12 * 1000 a million
    cost = 0.0156
    teacher = FakeTeacher(latency=0.01)
    with teacher.serve() as url:
        first = generate(
            plan(60), ledger, base_url=url, limits=AskLimits(price=price, max_cost=0.5)
        )
        assert first.stopped == "max_cost" and first.cost is not None and first.pending
        assert first.cost == pytest.approx(first.answered * cost) and 0.5 - 0.1 < first.cost <= 0.5
        rest = generate(plan(60), ledger, base_url=url, limits=AskLimits(price=price, max_cost=5.0))
    assert rest.stopped is None and rest.before == first.answered and rest.pending == 0
    assert teacher.asked.total() == 60


def test_busy_reply_with_status_200_uses_none_of_the_budget(ledger: Ledger) -> None:
    price = Price(input=100.0, output=1000.0, cached=50.0)
    busy = JSONResponse({"error": {"code": 429, "message": "rate limit"}})
    teacher = FakeTeacher(habit=lambda asked, n: busy if n == 2 else None)
    # enough for each of six answers in turn, and not for one more request that may cost the most
    budget = 5 * 0.0156 + 1.5 * most_cost(payload(0), price)
    with teacher.serve() as url:
        limits = AskLimits(concurrency=1, price=price, max_cost=budget)
        done = generate(plan(6), ledger, base_url=url, limits=limits)
    assert done.stopped is None and done.answered == 6 and teacher.asked.total() == 7


def test_unknown_price_gives_no_cost_and_max_cost_needs_a_price(ledger: Ledger) -> None:
    with FakeTeacher().serve() as url:
        assert generate(plan(1), ledger, base_url=url).cost is None
        with pytest.raises(UserError, match="price"):
            AskLimits(max_cost=1.0)
        with pytest.raises(UserError, match="max_tokens"):
            generate(
                [payload(9, max_tokens=None)],
                ledger,
                base_url=url,
                limits=AskLimits(max_cost=1.0, price=Price(1, 1, 1)),
            )


def test_wrong_api_key_ends_run_and_is_never_shown(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "planted-credential-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    caplog.set_level("DEBUG")
    with (
        FakeTeacher(key="another").serve() as url,
        pytest.raises(UserError, match="OPENAI_API_KEY") as caught,
    ):
        generate(plan(3), ledger, base_url=url)
    assert ledger.counts()["pending"] == 3
    assert (
        secret not in "".join(traceback.format_exception(caught.value))
        and secret not in caplog.text
    )


def test_secrets_echoed_by_server_stay_out_of_ledger_transcript_and_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "planted-credential-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    caplog.set_level("DEBUG")
    complaint = f"bad request with Authorization: Bearer {secret}, and key sk-another0123456789"
    echo = f"Bearer {secret} was sent for {{}} families."
    teacher = FakeTeacher(
        key=secret, faults=0.5, kinds=("bad request",), complaint=complaint, answer=echo
    )
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        generate(plan(20), ledger, base_url=url)
        assert any("[redacted]" in reason for reason in ledger.failures_by_reason())
        assert all("Bearer [redacted] was sent" in answer.text for answer in ledger.answers())
        header = export_transcript(ledger, tmp_path / "t.jsonl.gz", license="mit")
        written = (
            b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
            + caplog.text
        )
        written += gzip.decompress((tmp_path / "t.jsonl.gz").read_bytes()).decode()
    assert (
        header["count"]
        and "Topic 1" in written
        and secret not in written
        and "sk-another" not in written
    )


@pytest.mark.parametrize("n", [3, 100])
def test_unreachable_endpoint_fails_no_request(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.0)
    with FakeTeacher().serve() as url:
        pass
    with pytest.raises(UserError, match="does not listen on this port"):
        generate(plan(n), ledger, base_url=url)
    assert ledger.counts() == {"requests": n, "answered": 0, "failed": 0, "pending": n}


def test_request_that_crashes_server_fails_after_others_are_answered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.0)
    crashing = payload(0, response_format={"type": "grammar"})
    with FakeTeacher(refusal=500).serve() as url:
        with pytest.raises(UserError, match=r"stopped answering.*grammar"):
            generate([crashing], ledger, base_url=url)
        assert ledger.counts()["pending"] == 1
        generate([crashing, *plan(3)], ledger, base_url=url)
    assert ledger.failures_by_reason() == {"HTTP 500: response_format grammar is not supported": 1}


@pytest.mark.parametrize(
    "url",
    ["ftp://x/v1", "nonsense", "https://api.example.org/v1", "http://me:hunter2@127.0.0.1:1/v1"],
)
def test_unusable_endpoint_is_refused(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as caught:
        generate(plan(1), ledger, base_url=url)
    assert "hunter2" not in str(caught.value)
