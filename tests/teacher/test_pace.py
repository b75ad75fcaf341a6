import asyncio
import time
from email.utils import formatdate

import pytest

from corpusmith.teacher.pace import LONGEST_PAUSE, Pace, Window, parse_duration, retry_after


def answered(window: Window, n: int) -> None:
    for _ in range(n):
        window.inside = int(window.size)
        window.grow()


def test_window_doubles_then_halves_once_per_round_trip_then_grows_slowly() -> None:
    window = Window(100)
    assert window.room == 16
    answered(window, 16)
    assert window.size == 32
    answered(window, 100)
    assert window.size == 100
    sent_at = time.monotonic()
    for _ in range(50):
        window.shrink(sent_at)
    assert window.size == 50
    answered(window, 50)
    assert 53 < window.size < 54.1
    for _ in range(10):
        window.shrink(time.monotonic())
    assert window.size == 1


def test_window_that_is_not_full_does_not_grow() -> None:
    window = Window(100)
    window.inside = 3
    window.grow()
    assert window.size == 16 and Window(4).room == 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("1.5s", 1.5),
        ("20ms", 0.02),
        ("1h2m", 3720),
        ("3", 3),
        ("soon", None),
        ("", None),
        ("1s!", None),
    ],
)
def test_reset_durations_are_parsed(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


def test_retry_after_in_seconds_milliseconds_and_as_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    in_five_minutes = formatdate(time.time() + 300, usegmt=True)
    assert 290 < retry_after({"retry-after": in_five_minutes}) <= 300
    assert retry_after({"retry-after": formatdate(time.time() - 30, usegmt=True)}) == 0
    assert retry_after({}) is retry_after({"retry-after": "later"}) is None


def test_retry_after_date_is_relative_to_server_clock() -> None:
    now = time.time() + 3600
    headers = {
        "date": formatdate(now, usegmt=True),
        "retry-after": formatdate(now + 2, usegmt=True),
    }
    assert retry_after(headers) == 2


def waited(pace: Pace, *tokens: float) -> float:
    async def run() -> None:
        await asyncio.gather(*map(pace.turn, tokens))

    started = time.monotonic()
    asyncio.run(run())
    return time.monotonic() - started


def test_pace_respects_requests_and_tokens_per_minute() -> None:
    assert waited(Pace(rpm=1200), *[1] * 5) >= 0.2
    assert waited(Pace(tpm=60_000), 200, 100, 1) >= 0.3


def told(
    remaining: int, reset: str, limit: int | None = None, kind: str = "requests"
) -> dict[str, str]:
    headers = {f"x-ratelimit-remaining-{kind}": str(remaining), f"x-ratelimit-reset-{kind}": reset}
    return headers if limit is None else {**headers, f"x-ratelimit-limit-{kind}": str(limit)}


def test_no_more_requests_than_remaining_are_sent_before_reset() -> None:
    went: list[float] = []

    async def one(pace: Pace, started: float) -> None:
        await pace.turn(10)
        went.append(time.monotonic() - started)

    async def run() -> None:
        pace = Pace()
        pace.heed(told(3, "300ms", 4), await pace.turn(10))
        tasks = [asyncio.create_task(one(pace, time.monotonic())) for _ in range(9)]
        await asyncio.sleep(0)
        assert len(went) == 3
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert min(went[3:]) >= 0.3 and min(went[7:]) >= 0.6


def test_long_wait_for_an_allowance_is_told_and_a_short_one_is_not() -> None:
    async def waiting(reset: str) -> str | None:
        pace = Pace()
        pace.heed(told(0, reset, kind="tokens"), await pace.turn(10))
        held = asyncio.create_task(pace.turn(10))
        await asyncio.sleep(0.05)
        said = pace.waiting
        held.cancel()
        return said

    assert "limit on tokens" in (asyncio.run(waiting("6m0s")) or "")
    assert asyncio.run(waiting("500ms")) is None


def test_requests_sent_since_reply_count_against_remaining() -> None:
    async def run() -> float:
        pace = Pace()
        first = await pace.turn(100)
        for _ in range(2):
            await pace.turn(100)
        pace.heed(told(250, "200ms", kind="tokens"), first)
        started = time.monotonic()
        await pace.turn(100)
        return time.monotonic() - started

    assert asyncio.run(run()) >= 0.2


def test_rate_limit_headers_of_late_reply_are_ignored() -> None:
    async def run() -> int:
        pace = Pace()
        late = await pace.turn(1)
        pace.heed(told(0, "50ms", 3), await pace.turn(1))
        for _ in range(2):
            await pace.turn(1)
        pace.heed(told(0, "9h", 3), late)
        await pace.turn(1)
        return int(pace._sent["requests"])

    assert asyncio.run(run()) == 5


@pytest.mark.parametrize(("remaining", "sent"), [(9, 3), (1, 2)], ids=["more", "less"])
def test_late_reply_lowers_what_a_newer_one_allows_and_never_raises_it(
    remaining: int, sent: int
) -> None:
    async def run() -> tuple[int, float]:
        pace = Pace()
        older, newer = await pace.turn(1), await pace.turn(1)
        pace.heed(told(1, "200ms", 9), newer)  # three in all
        pace.heed(told(remaining, "200ms", 9), older)
        started = time.monotonic()
        while time.monotonic() - started < 0.05:
            went = int(pace._sent["requests"])
            await pace.turn(1)
        return went, time.monotonic() - started

    went, seconds = asyncio.run(run())
    assert went == sent and seconds >= 0.1


@pytest.mark.parametrize(
    "headers", [{}, told(0, "soon"), {"x-ratelimit-remaining-requests": "0"}, told(5, "9s")]
)
def test_unusable_rate_limit_headers_cause_no_wait(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        pace = Pace()
        pace.heed(headers, await pace.turn(1))
        await pace.turn(1)

    monkeypatch.setattr(
        "corpusmith.teacher.pace.asyncio.sleep",
        lambda seconds: pytest.fail(f"waited {seconds} s"),
    )
    asyncio.run(run())


def test_pause_is_capped() -> None:
    pace, before = Pace(), time.monotonic()
    pace.pause(10 * LONGEST_PAUSE)
    assert before + LONGEST_PAUSE <= pace._paused_until <= time.monotonic() + LONGEST_PAUSE


@pytest.mark.parametrize("asked_for", [0.0, None])
def test_pauses_grow_although_the_server_asks_for_none(asked_for: float | None) -> None:
    pace, pauses = Pace(), []
    for _ in range(4):
        before = time.monotonic()
        pace.refuse(asked_for, before)
        pauses.append(round(pace._paused_until - before))
    assert pauses == [1, 2, 4, 8]


def test_negative_rate_limits_mean_none() -> None:
    pace = Pace()
    sent = {"requests": 1.0, "tokens": 9.0}
    names = ("limit", "remaining", "reset")
    for values in (("-1", "-1", "60"), ("-1", "-1", "0")):
        headers = {
            f"x-ratelimit-{name}-requests": value for name, value in zip(names, values, strict=True)
        }
        pace.heed(headers, sent)
    begun = time.monotonic()
    asyncio.run(pace.turn(9.0))
    assert time.monotonic() - begun < 1
