"""Hold failures until an answer shows that the endpoint works."""

import math
import re
from dataclasses import dataclass, field

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint.refusal import Refusal
from corpusmith.teacher.ledger import Failure

FEW = 5  # alike, before any answer: all requests would fail so
MANY = 20  # in a row, of any kind, even after answers
NOT_LOST = (
    "no request is marked as failed, and no answer is lost: run the same command once this is fixed"
)


def refusal_error(host: str, refusal: Refusal) -> UserError:
    """The error for a refusal that ends a run, with its remedy."""
    return UserError(f"the teacher at {host} {refusal.remedy} ({refusal.reason}); {NOT_LOST}")


@dataclass(frozen=True)
class Held:
    """A failure of a request that was sent at `sent_at`. `passing`: a retry may succeed. `paid`:
    the endpoint did reply, so it isn't the cause.
    """

    failure: Failure
    sent_at: float
    passing: bool = False
    paid: bool = False
    remedy: str = ""


@dataclass
class Faults:
    """Failures of one run. A failure counts once a request that was sent later is answered. So an
    error of the account, the model or the parameters, which affects all requests from some moment
    on, marks no request as failed.
    """

    host: str
    known_good: bool = False  # an earlier run got answers to requests of this plan
    held: list[Held] = field(default_factory=list)
    answered: bool = False
    last_sent: float = -math.inf  # the latest sending time of an answered request

    @property
    def proven(self) -> bool:
        """Whether the endpoint has answered a request of this plan, in this run or before."""
        return self.answered or self.known_good

    def answer(self, sent_at: float) -> None:
        """A request that was sent at `sent_at` was answered."""
        self.answered = True
        self.last_sent = max(self.last_sent, sent_at)

    def hold(self, held: Held) -> None:
        """Hold a failure."""
        self.held.append(held)

    def cleared(self) -> list[Failure]:
        """The failures that count, since a later request was answered."""
        own = [one.failure for one in self.held if one.sent_at <= self.last_sent]
        self.held = [one for one in self.held if one.sent_at > self.last_sent]
        return own

    def check(self) -> None:
        """Raise UserError if the endpoint must be the cause of the failures."""
        if len(self.held) >= MANY or (not self.proven and self._alike() >= FEW):
            raise self.error()

    def at_the_end(self) -> list[Failure]:
        """The failures to write when every request was asked. Raises UserError like `check`."""
        own = self.cleared()
        for one in self.held:
            trusted = self.answered or (self.known_good and not one.passing)
            if not trusted or (not one.paid and self._alike() >= FEW):
                raise self.error()
        return own + [one.failure for one in self.held]

    def error(self) -> UserError:
        """The error that names the last failure."""
        last = self.held[-1]
        if last.passing:
            return UserError(
                f"the teacher at {self.host} has stopped answering ({last.failure.reason})"
                f"{'; it ' + last.remedy if last.remedy else ''}; {NOT_LOST}"
            )
        alike = self._alike()
        remedy = last.remedy or remedy_for(last.failure.reason)
        return UserError(
            f"the teacher at {self.host} gave no answer to {alike} requests in a row "
            f"({last.failure.reason}): {remedy}; {NOT_LOST}"
        )

    def _alike(self) -> int:
        """The number of failures with the last one's reason, ignoring digits."""
        if not self.held:
            return 0
        reasons = [re.sub(r"\d+", "#", one.failure.reason) for one in self.held]
        return reasons.count(reasons[-1])


def remedy_for(reason: str) -> str:
    """The remedy when every request has the same final problem."""
    if "thinking" in reason or reason.startswith("finish reason"):
        return (
            "raise `max_tokens` in teacher.parameters, or turn the model's thinking off "
            "(for many models `reasoning_effort: none` or "
            "`chat_template_kwargs: {enable_thinking: false}`)"
        )
    if "empty" in reason:
        return "see that the server's chat template and reasoning parser fit the model"
    return (
        "check the model's name and `teacher.parameters` in the recipe "
        "(a parameter is left out by `null`, the seed by `seed: false`)"
    )
