"""Totals of one run: outcomes, cost, verdicts on answers, and when to stop."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from corpusmith.errors import UserError
from corpusmith.teacher.ledger import Answer, Failure, Ledger, Spent, Tokens
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.pace import FIRST_WINDOW
from corpusmith.teacher.payload import Payload, payload_key
from corpusmith.teacher.prices import most_cost
from corpusmith.teacher.progress import Progress, Verify

JUDGED = 10  # answers that decide whether the run goes on
FEWEST_ROWS = 3  # of those that must become rows
SHOWN = 200  # characters of an answer
TOP_REASONS = 3


@dataclass
class Settled:
    """Outcomes of requests, in order of arrival."""

    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    payloads: dict[str, Payload] = field(default_factory=dict)  # of the answers, by key

    def __bool__(self) -> bool:
        return bool(self.answers or self.failures or self.spent)

    def keys(self) -> set[str]:
        """The requests that are settled, by an answer or a failure."""
        return {answer.key for answer in self.answers} | {fail.key for fail in self.failures}


@dataclass(frozen=True)
class PlanPart:
    """Some requests of a plan by key, and their outcomes in the ledger."""

    payloads: dict[str, Payload]
    answered: set[str]
    failed: set[str]  # that are not to be sent again

    def unsettled(self, started: Container[str] = ()) -> dict[str, Payload]:
        """The requests to send, without those in `started`."""
        return {
            key: payload
            for key, payload in self.payloads.items()
            if key not in self.answered and key not in self.failed and key not in started
        }


@dataclass
class Tally:
    """Totals of one run. Outcomes are put into `settled`, then written, then counted."""

    ledger: Ledger
    limits: AskLimits
    verify: Verify | None
    on_progress: Callable[[Progress], None] | None
    progress: Progress
    batch: bool = False
    dearest: float = 0.0  # highest cost of a reply so far
    unseen: float = 0.0  # maximum cost of attempts without a readable bill

    def __post_init__(self) -> None:
        self.settled = Settled()  # what is not counted yet
        self.started = self.waiting_since = time.monotonic()
        self.reasons: Counter[str] = Counter()
        self.unusable: Counter[str] = Counter()
        self.judged: list[tuple[str, str | None]] = []  # the first answers: text, reason
        if self.limits.price is not None:
            self.progress = replace(self.progress, cost=0.0)
        self.fresh = self.progress

    def restart(self) -> None:
        """Count from zero: what came so far belongs to an earlier run."""
        self.progress = self.fresh
        self.judged.clear()
        self.reasons.clear()
        self.unusable.clear()

    def look_up(self, requests: Iterable[Payload]) -> PlanPart:
        """Find the outcomes of requests in the ledger. With `retry_failed` no failure counts."""
        payloads = {payload_key(payload): payload for payload in requests}
        settled = self.ledger.settled(payloads)
        answered = {key for key in settled if settled[key]}
        failed = set() if self.limits.retry_failed else settled.keys() - answered
        return PlanPart(payloads, answered, failed)

    def write(self) -> None:
        """Write the outcomes to disk. If that fails they stay, and can be written later."""
        if self.settled:
            self.ledger.record(self.settled.answers, self.settled.failures, self.settled.spent)

    async def write_in_thread(self) -> None:
        """Write and count the outcomes. A cancelled run waits for the thread that writes them, or
        it would write them a second time.
        """
        writing = asyncio.ensure_future(asyncio.to_thread(self.write))
        try:
            await asyncio.shield(writing)
        finally:
            await asyncio.wait({writing})
            if writing.exception() is None:
                self.count()

    def save(self) -> None:
        """Write and count the outcomes for the last time in this run."""
        try:
            self.write()
        except UserError as error:
            paid = len(self.settled.answers) + len(self.settled.spent)
            raise UserError(
                f"{error}; {paid} paid replies could not be written and will be asked for again"
            ) from None
        self.count()

    def count(self) -> None:
        """Count the outcomes, which are on disk."""
        settled, self.settled = self.settled, Settled()
        verdicts = [
            self._judge(settled.payloads[answer.key], answer)
            for answer in settled.answers
            if answer.key in settled.payloads
        ]
        rejected = [reason for reason in verdicts if reason is not None]
        self.reasons.update(rejected)
        self.reasons.update(failure.reason for failure in settled.failures)
        self.unusable.update(reply.reason for reply in settled.spent)
        bills = [
            Tokens(a.prompt_tokens, a.completion_tokens, a.cached_tokens) for a in settled.answers
        ] + [reply.tokens for reply in settled.spent]
        now = self.progress
        self.report(
            answered=now.answered + len(settled.answers),
            accepted=now.accepted + (len(verdicts) - len(rejected) if self.verify else 0),
            rejected=now.rejected + len(rejected),
            failed=now.failed + len(settled.failures),
            unusable=self.unusable.total(),
            unusable_reason=next((reason for reason, _ in self.unusable.most_common(1)), None),
            prompt_tokens=now.prompt_tokens + sum(bill.prompt for bill in bills),
            completion_tokens=now.completion_tokens + sum(bill.completion for bill in bills),
            cached_tokens=now.cached_tokens + sum(bill.cached for bill in bills),
            cost=self._cost(bills),
            reasons=tuple(self.reasons.most_common(TOP_REASONS)),
        )

    def judge_known(self, answered: Container[str], payloads: Mapping[str, Payload]) -> None:
        """Include answers of an earlier run, by their keys, in the first answers."""
        known = [key for key in payloads if key in answered]
        if not self.judging or not known:
            return
        for key, answer in self.ledger.get_many(known[:FIRST_WINDOW]).items():
            if len(self.judged) < JUDGED and self.verify:
                self.judged.append((answer.text, self.verify(payloads[key], answer)))
        self.check_first_answers()

    @property
    def judging(self) -> bool:
        """Whether the first answers are still to come."""
        return self.verify is not None and len(self.judged) < JUDGED and not self.limits.anyway

    def must_wait(self, in_flight: int) -> bool:
        """Whether to wait for the verdict on the first answers: until then one window is sent."""
        return self.judging and self.progress.answered + in_flight >= FIRST_WINDOW

    @property
    def _replied(self) -> bool:
        """Whether a reply has shown what replies cost, thinking included."""
        return bool(self.dearest or self.progress.answered + self.progress.unusable)

    @property
    def trial(self) -> int | None:
        """The requests of a first batch, whose cost and answers are known before the next one.

        None once they are known.
        """
        if self.limits.max_cost is not None and not self._replied:
            return 1
        return FIRST_WINDOW if self.judging else None

    def check_first_answers(self) -> None:
        """Raise UserError when too few of the first answers became rows."""
        if self.limits.anyway or len(self.judged) < JUDGED:
            return
        rows = sum(reason is None for _, reason in self.judged)
        if rows < FEWEST_ROWS:
            shown = "\n".join(
                f"  {reason or 'accepted'}: {' '.join(text.split())[:SHOWN]}"
                for text, reason in self.judged
            )
            raise UserError(
                f"only {rows} of the first {JUDGED} answers became rows:\n{shown}\n"
                "change the recipe, its prompt or the model; to send the rest anyway, "
                "add --anyway"
            )

    def report(self, **changed: Any) -> Progress:
        """Progress with the figures that changed; shows it. The time of a wait is added."""
        if "waiting" in changed:
            if changed["waiting"] != self.progress.waiting:
                self.waiting_since = time.monotonic()
            changed["waiting_seconds"] = time.monotonic() - self.waiting_since
        self.progress = replace(self.progress, seconds=time.monotonic() - self.started, **changed)
        if self.on_progress:
            self.on_progress(self.progress)
        return self.progress

    def most_cost(self, payload: Payload) -> float:
        """The maximum cost of another attempt: the longest answer, or the highest cost so far."""
        if self.limits.max_cost is None:
            return 0.0
        estimate = most_cost(payload, self.limits.price, batch=self.batch)
        return max(estimate, self.dearest)

    def affordable(self, payload: Payload, in_flight: int = 0, reserved: float = 0.0) -> bool:
        """Whether another attempt fits into `max_cost`, with those in flight at their maximum
        cost."""
        if self.limits.max_cost is None:
            return True
        if in_flight and not self._replied:
            return False
        others = max(reserved, in_flight * self.dearest)
        spent = (self.progress.cost or 0.0) + self.unseen
        return spent + others + self.most_cost(payload) <= self.limits.max_cost

    def _judge(self, payload: Payload, answer: Answer) -> str | None:
        reason = self.verify(payload, answer) if self.verify else None
        if self.verify and len(self.judged) < JUDGED:
            self.judged.append((answer.text, reason))
        return reason

    def _cost(self, bills: Sequence[Tokens]) -> float | None:
        if self.limits.price is None:
            return None
        costs = [
            self.limits.price.cost(b.prompt, b.completion, b.cached, batch=self.batch)
            for b in bills
        ]
        self.dearest = max([self.dearest, *costs])
        return (self.progress.cost or 0.0) + sum(costs)
