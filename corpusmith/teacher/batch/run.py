"""Send requests in batches: submit, wait, record, and resubmit lost requests.

A batch is noted in the ledger under a tag before it is submitted, and carries the tag as metadata.
If the run is killed, the next one finds the batch on the server, waits for it and pays nothing
twice.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable

import httpx2
import openai
from openai.types import Batch

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.batch.flight import COMPLETIONS, Flight, cut_flight
from corpusmith.teacher.batch.results import (
    NOT_GIVEN,
    complaint,
    is_over_limit,
    not_given,
    patient,
    read_line,
    result_lines,
)
from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.endpoint.asker import Asked, Asker, refusal_of_reply
from corpusmith.teacher.endpoint.connection import connection_refusal, status_refusal
from corpusmith.teacher.endpoint.refusal import Refusal
from corpusmith.teacher.endpoint.reply import Reply
from corpusmith.teacher.endpoint.retries import ATTEMPTS, PAID_ATTEMPTS
from corpusmith.teacher.faults import NOT_LOST, Faults, Held, refusal_error
from corpusmith.teacher.ledger import Failure, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.pace import Pace
from corpusmith.teacher.payload import Payload
from corpusmith.teacher.progress import Progress, Verify, count_requests
from corpusmith.teacher.tally import Settled, Tally

PART = 1000  # lines of a result that are recorded together
TAG = "corpusmith"
TRIAL_NOTE = "a first small batch, whose cost and answers decide on the rest"
ENDED = ("completed", "failed", "expired", "cancelled")


def generate_batches(
    requests: Iterable[Payload],
    ledger: Ledger,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    verify: Verify | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Like `teacher.client.generate`, in batches. Waits first for open batches of an earlier run;
    these count as `before`. The size of a batch is limited by `limits`, and by `max_cost` for
    answers of the longest length. The first batch is small: one request where `max_cost` is given,
    16 where `verify` judges the first answers. Raises UserError when a batch is refused, cancelled,
    or unknown to the key, and when few of the first ten answers pass `verify`.
    """
    endpoint = Endpoint.from_environment(base_url)
    progress = Progress(count_requests(requests))
    tally = Tally(ledger, limits, verify, on_progress, progress, batch=True)
    with ledger.asking():
        return asyncio.run(_Run(endpoint, tally).finish(requests))


class _Run:
    """One call of `generate_batches`."""

    def __init__(self, endpoint: Endpoint, tally: Tally) -> None:
        self.endpoint = endpoint
        self.tally = tally
        self.ledger = tally.ledger
        self.limits = tally.limits
        self.faults = Faults(endpoint.host)
        self.size = self.limits.batch_size  # halved by an enqueued-token limit
        self.flights: dict[str, Flight] = {}
        self.waiting: deque[Asked] = deque()
        self.billed: Counter[str] = Counter()
        self.note: str | None = None
        self.refused: Refusal | None = None  # for a reason of the account

    async def finish(self, requests: Iterable[Payload]) -> Progress:
        """Wait for open batches, then submit the remaining requests."""
        async with self.endpoint.client() as client:
            self.asker = Asker(self.endpoint, client, self.ledger, Pace(), self.limits.dialect)
            try:
                await self._resume(client)
                self.tally.restart()
                self.parts = batches(requests, 50_000)
                await self._ask_all(client)
            except openai.APIStatusError as error:
                refusal = status_refusal(error)
                raise UserError(
                    f"the batches of {self.endpoint.host} cannot be used: it "
                    f"{refusal.remedy or 'refuses'} ({refusal.reason}); {NOT_LOST}"
                ) from None
            except openai.APIConnectionError as error:
                refusal = connection_refusal(self.endpoint, error)
                raise UserError(
                    f"{self.endpoint.host} does not answer ({refusal.reason}); {NOT_LOST}"
                ) from None
            except httpx2.TransportError as error:  # while a file of results was read
                cause = f"{self.endpoint.host} closed the connection ({type(error).__name__})"
                raise UserError(f"{cause}; {NOT_LOST}") from None
        if self.waiting:
            return self._report(stopped="max_cost")
        self.tally.settled.failures += self.faults.at_the_end()
        self.tally.save()
        return self._report()

    async def _resume(self, client: openai.AsyncOpenAI) -> None:
        open_batches = self.ledger.open_batches(self.endpoint.host)
        if None in open_batches.values():  # killed while it was submitted: did it arrive?
            async for batch in patient(client).batches.list(limit=100):
                tag = (batch.metadata or {}).get(TAG, "")
                if tag in open_batches:
                    open_batches[tag] = batch.id
        for tag, batch_id in open_batches.items():
            if batch_id is None:
                self.ledger.close_batch(tag)
            else:
                self.flights[tag] = Flight(tag, batch_id, {})
        await self._land_all(client)

    async def _ask_all(self, client: openai.AsyncOpenAI) -> None:
        while True:
            await self._fill(client)
            if not self.flights:
                return
            await self._land_all(client, at_least_one=True)
            self.faults.check()

    async def _fill(self, client: openai.AsyncOpenAI) -> None:
        """Submit batches while the limits allow more."""
        while len(self.flights) < self.limits.batches and not (self.note and self.flights):
            if not self.waiting and not self._read_part():
                return
            self.tally.check_first_answers()
            trial = self.tally.trial
            if trial and self.flights:
                return
            flying, size = list(self.flights.values()), min(self.size, trial or self.size)
            flight = cut_flight(self.waiting, size, flying, self.asker, self.tally)
            if flight is None:
                return
            await self._submit(client, flight)

    def _read_part(self) -> bool:
        """Read requests of the plan until some are unsettled; False at its end."""
        for some in self.parts:
            part = self.tally.look_up(some)
            self.faults.known_good |= bool(part.answered)
            self._report(
                before=self.tally.progress.before + len(part.answered),
                failed=self.tally.progress.failed + len(part.failed),
            )
            self.tally.judge_known(part.answered, part.payloads)
            in_flight = {key for flight in self.flights.values() for key in flight.asked}
            unsettled = part.unsettled(in_flight)
            self.ledger.add(unsettled.items())
            self.waiting.extend(Asked(key, payload) for key, payload in unsettled.items())
            if self.waiting:
                return True
        return False

    async def _submit(self, client: openai.AsyncOpenAI, flight: Flight) -> None:
        lines = flight.start(self.asker)
        self.ledger.open_batch(flight.tag, self.endpoint.host)
        file = await patient(client).files.create(
            file=(f"{flight.tag}.jsonl", lines), purpose="batch"
        )
        batch = await client.batches.create(
            input_file_id=file.id,
            endpoint=COMPLETIONS,
            completion_window="24h",
            metadata={TAG: flight.tag},
        )
        flight.batch_id = batch.id
        self.ledger.open_batch(flight.tag, self.endpoint.host, batch.id)
        self.flights[flight.tag] = flight
        self._report()

    async def _land_all(self, client: openai.AsyncOpenAI, at_least_one: bool = False) -> None:
        """Wait until all batches in flight, or `at_least_one`, have ended; record the results."""
        while self.flights:
            landed = False
            for flight in list(self.flights.values()):
                try:
                    batch = await patient(client).batches.retrieve(flight.batch_id)
                    if batch.status in ENDED:
                        await self._land(client, flight, batch)
                        landed = True
                except NOT_GIVEN as error:  # the batch, or the file of its results
                    where = self.endpoint.host, flight.batch_id, self.ledger.path
                    raise not_given(*where, error) from None
            self._report()
            if landed and at_least_one:
                return
            if self.flights:
                await asyncio.sleep(self.limits.poll)

    async def _land(self, client: openai.AsyncOpenAI, flight: Flight, batch: Batch) -> None:
        """Record the results of a batch that has ended; queue its unsettled requests again."""
        if batch.status == "failed":
            self._close(flight)
            if is_over_limit(batch) and flight.asked and (self.flights or len(flight.asked) > 1):
                self.size = max(1, min(self.size, len(flight.asked)) // (1 if self.flights else 2))
                self.note = f"{complaint(batch)[:80]}; now batches of {self.size}"
                self.waiting.extendleft(reversed(flight.asked.values()))
                return
            raise UserError(f"{self.endpoint.host} refused a batch: {complaint(batch)}; {NOT_LOST}")
        lines, found = [], 0
        async for line in result_lines(client, batch):
            lines.append(line)
            if len(lines) == PART:
                found += self._record(flight, lines)
                lines = []
        found += self._record(flight, lines)
        self._close(flight)
        self.waiting.extend(flight.asked.values())
        if self.refused is not None:
            raise refusal_error(self.endpoint.host, self.refused)
        if batch.status == "cancelled":
            raise UserError(
                f"the batch {batch.id} was cancelled at {self.endpoint.host} after {found} "
                "results, which are kept; the same command submits the rest"
            )
        if flight.asked and not found and batch.status == "completed":
            raise UserError(
                f"the batch {batch.id} at {self.endpoint.host} ended without a readable "
                f"result: see its console; {NOT_LOST}"
            )

    def _record(self, flight: Flight, lines: list[str]) -> int:
        """Record some lines of a result, and remove the settled requests from the flight."""
        settled, found = Settled(), 0
        read = [result for line in lines if (result := read_line(line)) is not None]
        unknown = dict(self.ledger.payloads(key for key, _ in read if key not in flight.asked))
        for key, outcome in read:
            found += 1
            payload = flight.asked[key].payload if key in flight.asked else unknown.get(key)
            if payload is not None:
                asked = flight.asked.get(key) or Asked(key, payload, attempts=1)
                if self._settle(asked, outcome, settled):
                    flight.asked.pop(key, None)
        settled.failures += self.faults.cleared()
        self.ledger.record_batch(settled.answers, settled.failures, settled.spent, flight.tag)
        self.tally.settled = settled
        self.tally.count()
        self._report()
        return found

    def _settle(self, asked: Asked, outcome: Reply | Refusal, settled: Settled) -> bool:
        """Record one result; False if the request must be submitted again."""
        refusal = outcome if isinstance(outcome, Refusal) else refusal_of_reply(outcome)
        if isinstance(outcome, Reply):
            settled.spent += self.asker.spent(asked, outcome, batch=True)
            if outcome.problem is None:
                settled.answers.append(self.asker.answer(asked, outcome, batch=True))
                settled.payloads[asked.key] = asked.payload
                self.faults.answer(asked.sent_at)
                return True
            self.billed[asked.key] += outcome.billed
        if refusal is not None:
            if refusal.kind == "account":
                self.refused = refusal
                return False
            if asked.dialect is None:
                return False  # of an earlier run: sent again, a refusal of it can be learned
            final, reason = refusal.kind == "request", refusal.reason
            if final and self.asker.learn(refusal, asked):
                return False
        else:
            assert isinstance(outcome, Reply) and outcome.problem is not None
            final = outcome.final or self.billed[asked.key] >= PAID_ATTEMPTS
            reason = outcome.problem
        if not final and asked.attempts < ATTEMPTS:
            return False
        failure = Failure(asked.key, reason, asked.attempts)
        self.faults.hold(Held(failure, asked.sent_at, not final, refusal is None))
        return True

    def _close(self, flight: Flight) -> None:
        self.ledger.close_batch(flight.tag)
        self.flights.pop(flight.tag, None)

    def _report(self, **changed: object) -> Progress:
        own = any(flight.asked for flight in self.flights.values())  # not of an earlier run
        trial = TRIAL_NOTE if own and self.tally.trial else None
        return self.tally.report(
            in_flight=sum(len(flight.asked) for flight in self.flights.values()),
            waiting=self.note or trial,
            dialect=self.asker.dialect_note(),
            **changed,
        )
