import asyncio
import time
from email.utils import formatdate

import pytest

from builders.limits import LONGEST_PAUSE, Pace, Window, duration, retry_after


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
    [("6m0s", 360), ("1.5s", 1.5), ("20ms", 0.02), ("1h2m", 3720), ("3", 3), ("soon", None), ("", None), ("1s!", None)],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


def test_retry_after_in_seconds_milliseconds_and_as_a_date() -> None:
    assert retry_after({"retry-after": "7"}, 1.0) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}, 1.0) == 0.25
    assert 0 < retry_after({"retry-after": formatdate(time.time() + 300, usegmt=True)}, 1.0) <= 300
    assert retry_after({"retry-after": formatdate(time.time() - 30, usegmt=True)}, 1.0) == 0
    assert retry_after({}, 1.5) == retry_after({"retry-after": "later"}, 1.5) == 1.5


def waited(pace: Pace, *tokens: float) -> float:
    async def run() -> None:
        await asyncio.gather(*map(pace.turn, tokens))

    started = time.monotonic()
    asyncio.run(run())
    return time.monotonic() - started


def test_pace_keeps_requests_and_tokens_a_minute() -> None:
    assert waited(Pace(rpm=1200), *[1] * 5) >= 0.2
    assert waited(Pace(tpm=60_000), 200, 100, 1) >= 0.3


def test_a_server_with_nothing_left_is_given_time() -> None:
    pace = Pace()
    pace.heed({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "9s"})
    assert pace._paused_until == 0.0
    before = time.monotonic()
    pace.heed({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "300ms"})
    waited(pace, 1)
    assert time.monotonic() >= pace._paused_until >= before + 0.3
    before = time.monotonic()
    pace.pause(10 * LONGEST_PAUSE)
    assert before + LONGEST_PAUSE <= pace._paused_until <= time.monotonic() + LONGEST_PAUSE
