"""Progress of a generation."""

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass

from corpusmith.teacher.ledger import Answer
from corpusmith.teacher.payload import Payload

Verify = Callable[[Payload, Answer], str | None]  # why an answer is rejected; None: it is accepted


@dataclass(frozen=True)
class Progress:
    """Requests of one call of `generate`; when it returns, the whole plan has been read.

    `before` were answered by earlier runs. `answered` are this run's; `verify` made of them
    `accepted` and `rejected`. `unusable` are billed replies that are no answer, most of them for
    `unusable_reason`; the tokens and the `cost` of this run (None: price unknown) include them.
    `reasons` are the most frequent ones of rejections and failures in this run. `waiting` says what
    the run waits for, and since how many seconds. `dialect` says what was sent otherwise than
    planned. `stopped` says why a run ended early.
    """

    total: int | None
    before: int = 0
    answered: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    unusable: int = 0
    unusable_reason: str | None = None
    in_flight: int = 0
    window: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    reasons: tuple[tuple[str, int], ...] = ()
    waiting: str | None = None
    waiting_seconds: float = 0.0
    dialect: str = ""
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
        """Seconds that the pending requests will take at this rate; None while it is unknown."""
        if self.waiting or not self.rate or self.pending is None:
            return None
        return self.pending / self.rate


def count_requests(requests: Iterable[Payload]) -> int | None:
    """The number of requests, where the iterable knows it."""
    return len(requests) if isinstance(requests, Sized) else None
