"""How fast a teacher may be asked: a window that finds its own size, and the limits that user and server set."""

import asyncio
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

FIRST_WINDOW = 16
GROWTH = 4.0  # requests a round trip
LONGEST_PAUSE = 600.0  # seconds; a server that asks for more gets asked again then
_DURATION = re.compile(r"([\d.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Window:
    """Requests in flight: doubled each round trip until a refusal halves them, then GROWTH more each."""

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
        """An answer came. A window that is not used in full proves nothing about a larger one."""
        if self.inside >= int(self.size) / 2:
            self.size = min(self.most, self.size + (1.0 if self._doubling else GROWTH / self.size))

    def shrink(self, sent_at: float) -> None:
        """A request sent at `sent_at` was refused. Those sent before the last halving tell nothing new."""
        self._doubling = False
        if sent_at > self._shrunk_at:
            self.size = max(1.0, self.size / 2)
            self._shrunk_at = time.monotonic()


class Pace:
    """When the next request may go: requests and tokens a minute as the user set them, pauses as the server asks."""

    def __init__(self, rpm: float | None = None, tpm: float | None = None) -> None:
        self.rpm = rpm
        self.tpm = tpm
        self._next = 0.0
        self._paused_until = 0.0

    async def turn(self, tokens: float) -> None:
        """Wait until a request of about `tokens` tokens may be sent."""
        start = max(self._next, self._paused_until, time.monotonic())
        self._next = start + max(60.0 / self.rpm if self.rpm else 0.0, tokens * 60.0 / self.tpm if self.tpm else 0.0)
        while (wait := max(start, self._paused_until) - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long."""
        self._paused_until = max(self._paused_until, time.monotonic() + min(seconds, LONGEST_PAUSE))

    def heed(self, headers: Mapping[str, str]) -> None:
        """Pause when the server says that nothing remains (`x-ratelimit-remaining-*`), until it is replenished."""
        for kind in ("requests", "tokens"):
            if headers.get(f"x-ratelimit-remaining-{kind}") == "0":
                self.pause(duration(headers.get(f"x-ratelimit-reset-{kind}", "")) or 0.0)


def retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    """Seconds that a server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    seconds = duration(headers.get("retry-after-ms", "") + "ms")
    if seconds is None:
        seconds = duration(headers.get("retry-after", ""))
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError):
        return otherwise


def duration(text: str) -> float | None:
    """Seconds in `6m0s`, `1.5s`, `20ms` or a plain number; None for anything else."""
    try:
        return float(text)
    except ValueError:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            return None
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
