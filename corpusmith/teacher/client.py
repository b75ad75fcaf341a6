"""Send the unanswered requests of a ledger to an OpenAI-compatible endpoint. One coroutine fills a
window, waits for replies, fills the window again and commits the replies together. So a killed run
repeats at most the requests in flight and the few whose replies were being written.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.endpoint.asker import Asked, Asker, refusal_of_reply
from corpusmith.teacher.endpoint.refusal import Refusal
from corpusmith.teacher.endpoint.reply import Reply
from corpusmith.teacher.endpoint.retries import ATTEMPTS, FIRST_ATTEMPTS, PAID_ATTEMPTS, Retries
from corpusmith.teacher.faults import FEW, NOT_LOST, Faults, Held, refusal_error
from corpusmith.teacher.ledger import Failure, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.pace import Pace, Window
from corpusmith.teacher.payload import Payload
from corpusmith.teacher.progress import Progress, Verify, count_requests
from corpusmith.teacher.structured import formed
from corpusmith.teacher.tally import Settled, Tally

Outcome = Reply | Refusal
LONGEST_WAIT = 1800.0  # seconds without an answer while the endpoint says that it is busy
DRAIN = 60.0  # seconds to wait for replies in flight when a run ends early
PULSE = 1.0  # seconds between reports while nothing comes
AT_ONCE = 32  # outcomes in a transaction
PART = 500  # requests that are looked up in the ledger at once


def generate(
    requests: Iterable[Payload],
    ledger: Ledger,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    verify: Verify | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Send every request, a chat completion's payload, that the ledger has not settled.

    `base_url` defaults to OPENAI_BASE_URL; the key is OPENAI_API_KEY. `verify` returns the reason
    to reject an answer, or None. `on_progress` is called after each commit, and each second
    while no reply comes. Requests are read lazily; an iterable with a length gives
    `Progress.total`.

    Raises UserError when the endpoint cannot be used, when few of the first ten answers pass
    `verify`, or when another process asks for the same ledger. The same call resumes a run that
    ended for any reason.
    """
    endpoint = Endpoint.from_environment(base_url)
    tally = Tally(ledger, limits, verify, on_progress, Progress(count_requests(requests)))
    with ledger.asking():
        return asyncio.run(_Run(endpoint, tally).finish(requests))


class _Run:
    """One call of `generate`."""

    def __init__(self, endpoint: Endpoint, tally: Tally) -> None:
        self.endpoint = endpoint
        self.tally = tally
        self.ledger = tally.ledger
        self.limits = tally.limits
        self.window = Window(self.limits.concurrency)
        self.pace = Pace(self.limits.rpm, self.limits.tpm)
        self.faults = Faults(endpoint.host)
        self.asking: dict[asyncio.Task[Outcome], Asked] = {}
        self.replied: list[asyncio.Task[Outcome]] = []
        self.reply = asyncio.Event()
        self.retries = Retries()
        self.upcoming: Asked | None = None
        self.waiting: tuple[str, float] | None = None  # reason, and start time
        self.fatal: UserError | None = None
        self.probed: set[str] = set()  # answered while the form of JSON was looked for

    async def finish(self, requests: Iterable[Payload]) -> Progress:
        """Send requests until all are settled or the budget is used up."""
        async with self.endpoint.client(self.window.most, self.limits.timeout) as client:
            declared = self.limits.dialect
            self.asker = Asker(self.endpoint, client, self.ledger, self.pace, declared)
            try:
                asked_for = await formed(requests, self.asker, self._book_probe)
                self.unsettled = self._unsettled(asked_for)
                await self._ask_all()
            except UserError:
                await self._drain()
                raise
            finally:
                for task in self.asking:
                    task.cancel()
                try:
                    while self.replied:
                        self._collect()
                finally:
                    self.tally.save()
        if self.upcoming is None:
            self.tally.settled.failures += self.faults.at_the_end()
            self.tally.save()
        return self._report(stopped="max_cost" if self.upcoming else None)

    async def _ask_all(self) -> None:
        while True:
            self._fill()
            if not self.asking and (self.upcoming or not self.retries):
                return  # too dear, or done
            await self._wait()
            self._collect()
            careful = self.fatal or self.tally.judging or self.limits.max_cost is not None
            if self.faults.proven and not careful:
                self._fill()  # these travel while the replies are written and judged
            await self.tally.write_in_thread()
            self._report()
            if self.fatal:
                raise self.fatal
            self.tally.check_first_answers()
            self.faults.check()

    def _fill(self) -> None:
        """Start requests while window, budget and rate limits allow."""
        while self.window.room > 0:
            self.upcoming = self.upcoming or self._next()
            in_flight = len(self.asking)
            if self.upcoming is None or self.tally.must_wait(in_flight):
                return
            if self.limits.max_cost is not None and not self._reserve(self.upcoming, in_flight):
                return
            self._start(self.upcoming)
            self.upcoming = None

    def _reserve(self, asked: Asked, in_flight: int) -> bool:
        """Whether `max_cost` covers the request, with all requests in flight at their maximum
        cost."""
        sent = self.asker.dialect(asked.payload["model"]).apply(asked.payload)
        asked.reserved = self.tally.most_cost(sent)
        reserved = sum(other.reserved for other in self.asking.values())
        return self.tally.affordable(sent, in_flight, reserved)

    def _next(self) -> Asked | None:
        if due := self.retries.take():
            return due
        if len(self.retries) >= FEW and not self.faults.proven:
            return None  # no answer yet: retry these before any other request
        return next(self.unsettled, None)

    def _start(self, asked: Asked) -> None:
        task = asyncio.create_task(self.asker.attempt(asked))
        task.add_done_callback(self._replied)
        self.asking[task] = asked
        self.window.inside += 1

    def _replied(self, task: asyncio.Task[Outcome]) -> None:
        self.replied.append(task)
        self.reply.set()

    async def _wait(self) -> None:
        """Wait for a reply or the next retry; report each second."""
        while not self.replied:
            wait = PULSE
            if self.retries and self.window.room > 0 and not self.upcoming:
                wait = min(PULSE, self.retries.wait())
            if wait <= 0:
                return
            try:
                await asyncio.wait_for(self.reply.wait(), wait)
            except asyncio.TimeoutError:
                self._report()
            if self.waiting and time.monotonic() - self.waiting[1] > LONGEST_WAIT:
                raise UserError(
                    f"the teacher at {self.endpoint.host} gave no answer for "
                    f"{LONGEST_WAIT / 60:.0f} minutes ({self.waiting[0]}); {NOT_LOST}"
                )

    def _collect(self) -> None:
        """Put the oldest outcomes into the tally. The window shrinks after they are settled, so
        that it is as full for the last of them as for the first.
        """
        self.reply.clear()
        taken = min(AT_ONCE, len(self.replied))
        for _ in range(taken):
            task = self.replied.pop(0)
            asked = self.asking.pop(task)
            if not task.cancelled():
                self._settle(asked, task.result(), self.tally.settled)
        self.window.inside -= taken
        self.tally.settled.failures += self.faults.cleared()

    def _settle(self, asked: Asked, outcome: Outcome, settled: Settled) -> None:
        """Record one outcome, or schedule a retry."""
        if isinstance(outcome, Refusal):
            self._refused(asked, outcome)
            return
        settled.spent += self.asker.spent(asked, outcome)
        if not outcome.billed and outcome.error is None:
            self.tally.unseen += asked.reserved
        if outcome.problem is None:
            settled.answers.append(self.asker.answer(asked, outcome))
            settled.payloads[asked.key] = asked.payload
            self.faults.answer(asked.sent_at)
            self.window.grow()
            self.pace.answered()
            self.waiting = None
        elif refusal := refusal_of_reply(outcome):
            self._refused(asked, refusal)
        else:
            asked.billed += outcome.billed
            final = outcome.final or asked.billed >= PAID_ATTEMPTS
            self._again_or_hold(asked, outcome.problem, final=final)

    def _refused(self, asked: Asked, refusal: Refusal) -> None:
        """Wait, retry, learn a dialect, hold a failure, or end the run."""
        gone = not self.asker.reached or asked.attempts >= ATTEMPTS
        fatal = refusal.kind == "account" or (refusal.kind == "unreachable" and gone)
        if fatal:
            self.fatal = self.fatal or refusal_error(self.endpoint.host, refusal)
            self.retries.put(asked, 0.0)
        elif refusal.kind == "busy":
            self.window.shrink(asked.sent_at)
            self.pace.refuse(refusal.wait, asked.sent_at)
            self.waiting = self.waiting or (refusal.reason, time.monotonic())
            asked.attempts -= 1
            self.retries.put(asked, 0.0)
        elif refusal.kind == "request":
            if self.asker.learn(refusal, asked):
                asked.attempts -= 1
                self.retries.put(asked, 0.0)
            else:
                self._again_or_hold(asked, refusal.reason, final=True, remedy=refusal.remedy)
        else:
            if refusal.reason == "timed out":
                self.window.shrink(asked.sent_at)
            if refusal.kind == "passing" and not refusal.reason.startswith(
                "HTTP"
            ):  # it may have been answered, and billed
                self.tally.unseen += asked.reserved
            self._again_or_hold(asked, refusal.reason, remedy=refusal.remedy, wait=refusal.wait)

    def _again_or_hold(
        self,
        asked: Asked,
        reason: str,
        *,
        final: bool = False,
        remedy: str = "",
        wait: float | None = None,
    ) -> None:
        most = ATTEMPTS if self.asker.reached else FIRST_ATTEMPTS
        if not final and asked.attempts < most:
            self.retries.put(asked, wait)
            return
        failure = Failure(asked.key, reason, asked.attempts)
        paid = asked.billed > 0
        self.faults.hold(Held(failure, asked.sent_at, not final, paid, remedy))

    async def _drain(self) -> None:
        """Wait for sent requests, which will be billed; drop those that were not sent."""
        for task, asked in self.asking.items():
            if not asked.sent_at:
                task.cancel()
        if self.asking:
            await asyncio.wait(self.asking, timeout=DRAIN)

    def _book_probe(self, settled: Settled) -> None:
        self.tally.settled = settled
        self.tally.save()
        self.probed.update(answer.key for answer in settled.answers)

    def _unsettled(self, requests: Iterable[Payload]) -> Iterator[Asked]:
        """The unsettled requests. Marks them as pending in the ledger before they are sent."""
        for some in batches(requests, PART):
            part = self.tally.look_up(some)
            before = part.answered - self.probed
            self.tally.judge_known(before, part.payloads)
            self.faults.known_good |= bool(before)
            self._report(
                before=self.tally.progress.before + len(before),
                failed=self.tally.progress.failed + len(part.failed),
            )
            started = {asked.key for asked in self.asking.values()} | self.retries.keys()
            started |= {held.failure.key for held in self.faults.held}
            started |= self.tally.settled.keys()  # not yet on disk
            unsettled = part.unsettled(started)
            self.ledger.add(unsettled.items())
            yield from (Asked(key, payload) for key, payload in unsettled.items())

    def _report(self, **changed: object) -> Progress:
        return self.tally.report(
            in_flight=len(self.asking),
            window=int(self.window.size),
            waiting=self.waiting[0] if self.waiting else self.pace.waiting,
            dialect=self.asker.dialect_note(),
            **changed,
        )
