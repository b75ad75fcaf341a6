import asyncio
import time
from email.utils import formatdate

import pytest

from corpusmith.teacher.pace import LONGEST_PAUSE, Pace, Window, parse_duration, retry_after


def answered(window: Window, n: int) -> None:
    for _ in range(n):
        window.inside = int(window.size)
        window.grow()


def test_a_window_doubles_then_halves_once_a_round_trip_then_grows_by_a_few() -> None:
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


def test_a_window_that_is_not_full_does_not_grow() -> None:
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
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


def test_retry_after_in_seconds_milliseconds_and_as_a_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    in_five_minutes = formatdate(time.time() + 300, usegmt=True)
    assert 290 < retry_after({"retry-after": in_five_minutes}) <= 300
    assert retry_after({"retry-after": formatdate(time.time() - 30, usegmt=True)}) == 0
    assert retry_after({}) is retry_after({"retry-after": "later"}) is None


def test_retry_after_date_is_read_against_the_clock_of_the_server() -> None:
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


def test_pace_keeps_requests_and_tokens_a_minute() -> None:
    assert waited(Pace(rpm=1200), *[1] * 5) >= 0.2
    assert waited(Pace(tpm=60_000), 200, 100, 1) >= 0.3


def told(
    remaining: int, reset: str, limit: int | None = None, kind: str = "requests"
) -> dict[str, str]:
    headers = {f"x-ratelimit-remaining-{kind}": str(remaining), f"x-ratelimit-reset-{kind}": reset}
    return headers if limit is None else {**headers, f"x-ratelimit-limit-{kind}": str(limit)}


def test_what_a_server_says_remains_is_all_that_goes_until_it_is_replenished() -> None:
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


def test_what_was_sent_since_counts_against_what_remains() -> None:
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


def test_what_a_late_reply_tells_of_a_time_that_is_over_is_not_heeded() -> None:
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


@pytest.mark.parametrize(
    "headers", [{}, told(0, "soon"), {"x-ratelimit-remaining-requests": "0"}, told(5, "9s")]
)
def test_a_server_that_says_nothing_of_use_is_not_waited_for(
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


def test_no_pause_is_longer_than_the_longest() -> None:
    pace, before = Pace(), time.monotonic()
    pace.pause(10 * LONGEST_PAUSE)
    assert before + LONGEST_PAUSE <= pace._paused_until <= time.monotonic() + LONGEST_PAUSE
