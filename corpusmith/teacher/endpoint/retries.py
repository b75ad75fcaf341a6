"""Requests that wait for another attempt, and how many attempts a request has."""

import heapq
import random
import time
from itertools import count

from corpusmith.teacher.endpoint.asker import Asked
from corpusmith.teacher.pace import LONGEST_BACKOFF, LONGEST_PAUSE

ATTEMPTS = 6  # 429s and other busy replies don't count
FIRST_ATTEMPTS = 3  # while the endpoint has never replied
PAID_ATTEMPTS = 2  # that brought no answer


class Retries:
    """Requests to send again, the earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Asked]] = []
        self._number = count()  # of equal times, the request that came first

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, asked: Asked, wait: float | None = None) -> None:
        """Send the request again after `wait` seconds; None waits longer after each attempt."""
        pause = min(backoff(asked.attempts) if wait is None else wait, LONGEST_PAUSE)
        heapq.heappush(self._heap, (time.monotonic() + pause, next(self._number), asked))

    def take(self) -> Asked | None:
        """Remove and return the next request whose time has come."""
        return heapq.heappop(self._heap)[2] if self._heap and self.wait() <= 0 else None

    def wait(self) -> float:
        """Seconds until the next request is due. There must be one."""
        return self._heap[0][0] - time.monotonic()

    def keys(self) -> set[str]:
        return {asked.key for _, _, asked in self._heap}


def backoff(attempt: int) -> float:
    """Exponential back-off with jitter, in seconds."""
    return min(LONGEST_BACKOFF, 0.5 * 2**attempt) * random.uniform(0.5, 1.0)
