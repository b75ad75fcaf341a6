"""How far a generation is: figures at one moment, and how they are shown."""

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass

from corpusmith.teacher.ledger import Answer
from corpusmith.teacher.payload import Payload

Verify = Callable[[Payload, Answer], str | None]  # why an answer is rejected; None: it is accepted


@dataclass(frozen=True)
class Progress:
    """Requests of one call of `generate`, all of which have been read from the plan when it returns.

    `before` were answered by earlier runs; `answered` are this run's, and of those `accepted` and `rejected` are what
    the caller's verification said. `cost` is this run's (None: price unknown). `stopped` says why a run ended early.
    """

    total: int | None
    before: int = 0
    answered: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    in_flight: int = 0
    window: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    stopped: str | None = None

    @property
    def pending(self) -> int | None:
        """Requests without an answer or a failure; None while the size of the plan is unknown."""
        return (
            None if self.total is None else self.total - self.before - self.answered - self.failed
        )

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        return self.pending / self.rate if self.pending is not None and self.rate else None


def count_requests(requests: Iterable[Payload]) -> int | None:
    """The number of requests, where the iterable knows it."""
    return len(requests) if isinstance(requests, Sized) else None
