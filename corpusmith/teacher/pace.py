"""Rate control: an adaptive window, and the limits of user and server."""

import asyncio
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

FIRST_WINDOW = 16
GROWTH = 4.0  # requests a round trip
FIRST_PAUSE = 1.0  # seconds, where a refusal does not say how long to wait
PAUSE_DECAY = 0.9  # an answer
LONGEST_BACKOFF = 60.0
SHORT_WAIT = 2.0  # seconds; shorter ones are not worth a word
LONGEST_PAUSE = 600.0  # seconds; the longest pause, even if a server asks for more
_DURATION = re.compile(r"([\d.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Window:
    """Requests in flight: doubled each round trip until a refusal, which halves them.

    After that they grow by GROWTH a round trip.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(min(most, FIRST_WINDOW))
        self.inside = 0
        self._doubling = True
        self._shrunk_at = 0.0

    @property
    def room(self) -> int:
        return int(self.size) - self.inside

    def grow(self) -> None:
        """Count an answer, whose request is still inside. A window that is less than half full
        doesn't grow.
        """
        if self.inside >= int(self.size) / 2:
            self.size = min(self.most, self.size + (1.0 if self._doubling else GROWTH / self.size))

    def shrink(self, sent_at: float) -> None:
        """A request sent at `sent_at` was refused: halve the window, once a round trip."""
        self._doubling = False
        if sent_at > self._shrunk_at:
            self.size = max(1.0, self.size / 2)
            self._shrunk_at = time.monotonic()


@dataclass
class Allowance:
    """A server's limit on requests or tokens: how many may have been sent in all, until when."""

    up_to: float
    until: float
    limit: float  # size of the allowance after the reset
    period: float
    since: float = 0.0  # requests or tokens sent before this allowance
    heard_of: float = 0.0  # total sent with the newest request whose reply was read


class Pace:
    """Schedules requests by the user's limits and the server's limits and pauses."""

    def __init__(self, rpm: float | None = None, tpm: float | None = None) -> None:
        self.rpm = rpm
        self.tpm = tpm
        self._next = 0.0
        self._paused_until = 0.0
        self._pause = 0.0
        self._refused_at = 0.0
        self._sent = {"requests": 0.0, "tokens": 0.0}
        self._allowed: dict[str, Allowance] = {}
        self._held: tuple[str, float, float] | None = None  # allowance, start and end of a wait

    async def turn(self, tokens: float) -> dict[str, float]:
        """Wait until a request of about `tokens` tokens may be sent. Returns the totals sent so
        far, including it.
        """
        start = max(self._next, self._paused_until, time.monotonic())
        self._next = start + max(
            60.0 / self.rpm if self.rpm else 0.0, tokens * 60.0 / self.tpm if self.tpm else 0.0
        )
        need = {"requests": 1.0, "tokens": tokens}
        while True:
            grants = {kind: self._granted_at(kind, need[kind]) for kind in need}
            kind = max(grants, key=grants.__getitem__)
            until, now = max(start, self._paused_until, grants[kind]), time.monotonic()
            if until <= now:
                break
            if until == grants[kind]:
                self._hold(kind, now, until)
            await asyncio.sleep(until - now)
        self._sent = {kind: sent + need[kind] for kind, sent in self._sent.items()}
        return self._sent

    @property
    def waiting(self) -> str | None:
        """The allowance of the endpoint that requests wait for; None if the wait is over or
        short.
        """
        if self._held is None:
            return None
        kind, since, until = self._held
        if until <= time.monotonic() or until - since < SHORT_WAIT:
            return None
        return f"the endpoint's limit on {kind}, as its x-ratelimit headers tell"

    def _hold(self, kind: str, now: float, until: float) -> None:
        """Note that requests wait; a wait that goes on keeps its beginning."""
        goes_on = self._held is not None and self._held[2] >= now
        since = self._held[1] if self._held and goes_on else now
        self._held = (kind, since, until)

    def _granted_at(self, kind: str, need: float) -> float:
        """The time when the server's allowance is sufficient. A replenished allowance is full."""
        allowed, sent = self._allowed.get(kind), self._sent[kind]
        if allowed is None or sent + need <= allowed.up_to:
            return 0.0
        if allowed.until <= time.monotonic():
            allowed.since, allowed.up_to = sent, sent + max(allowed.limit, need)
            allowed.until = time.monotonic() + allowed.period
            return 0.0
        return allowed.until

    def pause(self, seconds: float) -> None:
        """Pause all sending for some seconds."""
        self._paused_until = max(self._paused_until, time.monotonic() + min(seconds, LONGEST_PAUSE))

    def refuse(self, asked_for: float | None, sent_at: float) -> None:
        """A request sent at `sent_at` was refused, and the server asks to wait `asked_for` seconds.

        The pause doubles when a request that was sent after the last pause is refused too, and
        shrinks slowly with each answer: some servers count refused requests against the limit.
        """
        # A server that asks for no pause at all says nothing about how long it stays busy.
        told, most = (asked_for, 4 * asked_for) if asked_for else (FIRST_PAUSE, LONGEST_BACKOFF)
        if sent_at >= self._refused_at:
            self._refused_at = time.monotonic()
            self._pause = max(told, min(most, 2 * self._pause))
        self.pause(max(told, self._pause))

    def answered(self) -> None:
        """Count an answer, which shortens the next pause."""
        self._pause *= PAUSE_DECAY

    def heed(self, headers: Mapping[str, str], sent: Mapping[str, float]) -> None:
        """Keep to what remains (`x-ratelimit-remaining-*`) until the reset (`x-ratelimit-reset-*`).

        `sent` is what `turn` returned for the request. The reply of an older request may come late:
        it lowers an allowance and never raises it.
        """
        now = time.monotonic()
        for kind, counted in sent.items():
            known = self._allowed.get(kind)
            since = known.since if known else 0.0
            if (told := headers.get(f"x-ratelimit-remaining-{kind}")) is None or counted <= since:
                continue
            remaining, reset = (
                parse_duration(told),
                parse_duration(headers.get(f"x-ratelimit-reset-{kind}", "")),
            )
            limit = parse_duration(headers.get(f"x-ratelimit-limit-{kind}", ""))
            if remaining is not None and remaining >= 0 and reset is not None:  # -1: no limit
                period, up_to, heard_of = min(reset, LONGEST_PAUSE), counted + remaining, counted
                if known and counted < known.heard_of and now < known.until:
                    up_to, heard_of = min(up_to, known.up_to), known.heard_of
                size = math.inf if limit is None or limit < 0 else limit
                self._allowed[kind] = Allowance(up_to, now + period, size, period, since, heard_of)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, by `retry-after-ms` or `Retry-After` (seconds or a date).

    A date is read against the reply's own `Date`, as the server's clock may differ from ours.
    """
    seconds = parse_duration(headers.get("retry-after-ms", "") + "ms")
    if seconds is None:
        seconds = parse_duration(headers.get("retry-after", ""))
    if seconds is None:
        until, now = _timestamp(headers.get("retry-after")), _timestamp(headers.get("date"))
        seconds = None if until is None else until - (time.time() if now is None else now)
    return None if seconds is None or math.isnan(seconds) else max(0.0, seconds)


def _timestamp(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (TypeError, ValueError):
        return None


def parse_duration(text: str) -> float | None:
    """Seconds in `6m0s`, `1.5s`, `20ms` or a plain number; None for anything else."""
    try:
        return float(text)
    except ValueError:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            return None
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
