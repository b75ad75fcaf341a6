"""Ask any OpenAI-compatible endpoint what the ledger has no answer to.

One coroutine fills a window, waits for replies and commits those that came together; a request leaves the window when
its answer is on disk. So a killed run asks again at most what was in flight.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import httpx2
import openai

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.endpoint import PASSING, Endpoint, GarbledReply, reason_of
from corpusmith.teacher.ledger import Answer, Failure, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.pace import LONGEST_PAUSE, Pace, Window, retry_after
from corpusmith.teacher.payload import Payload, payload_key
from corpusmith.teacher.prices import most_cost, most_tokens
from corpusmith.teacher.progress import Progress, Verify, count_requests
from corpusmith.teacher.structured import find_form, in_form, is_structured

Asking = asyncio.Task[Answer | Failure | None]
ATTEMPTS = 6  # a refusal for want of capacity (429) is none
BARREN = 20  # requests given up with no answer in between: the fault is the endpoint's
LONGEST_BACKOFF = 60.0
PULSE = 1.0  # seconds between reports while nothing comes


def generate(
    requests: Iterable[Payload],
    ledger: Ledger,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    verify: Verify | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Ask for every request, a chat completion's payload, that the ledger has not settled; return how it went.

    `base_url` defaults to OPENAI_BASE_URL; the key is OPENAI_API_KEY. `verify` returns why an answer
    will be rejected, or None. `on_progress` is called after each commit, and each second while no
    reply comes. Requests are read as they are needed; an iterable
    with a length gives `Progress.total`.

    Raises UserError when the endpoint cannot be used. Whatever ends it, the same call goes on where it stopped.
    """
    run = _Run(
        ledger,
        Endpoint.from_environment(base_url),
        Progress(count_requests(requests), cost=None if limits.price is None else 0.0),
        limits,
        verify,
        on_progress,
    )
    return asyncio.run(run.finish(requests))


@dataclass
class _Run:
    """One call of `generate`."""

    ledger: Ledger
    endpoint: Endpoint
    progress: Progress
    limits: AskLimits
    verify: Verify | None
    on_progress: Callable[[Progress], None] | None

    def __post_init__(self) -> None:
        self.window = Window(self.limits.concurrency)
        self.pace = Pace(self.limits.rpm, self.limits.tpm)
        self.started = time.monotonic()
        self.reserved = 0.0  # what the requests in flight may cost at most
        self.asking: dict[Asking, tuple[str, Payload]] = {}
        self.replied: list[Asking] = []
        self.reply = asyncio.Event()
        self.refused: deque[tuple[str, Payload]] = (
            deque()
        )  # with 429: to be asked again when there is room
        self.barren: list[
            Failure
        ] = []  # given up since the last answer: their fault, or the endpoint's
        self.reached = False  # whether the endpoint has said anything at all

    async def finish(self, requests: Iterable[Payload]) -> Progress:
        """Fill the window, wait, commit, until every request is settled or the next one cannot be afforded."""
        async with self.endpoint.client(self.window.most, self.limits.timeout) as client:
            self.unsettled = self._unsettled(await self._formed(client, iter(requests)))
            self._advance()
            pulse = asyncio.create_task(self._pulse())
            try:
                while self.upcoming or self.asking:
                    while (
                        self.upcoming
                        and self.window.room > 0
                        and self._affordable(self.upcoming[1])
                    ):
                        self._start(client, *self.upcoming)
                        self._advance()
                    if not self.asking:
                        break
                    await self.reply.wait()
                    tasks, answers, failures = self._collect()
                    await asyncio.to_thread(self._write, answers, failures)
                    self._count(tasks, answers, failures)
                    if not self.upcoming:
                        self._advance()
            finally:
                for task in (pulse, *self.asking):
                    task.cancel()
                _, answers, failures = self._collect()
                self._write(answers, failures)
        if self.barren and not self.reached:
            raise self._stopped_answering()
        self._write((), self.barren)
        self._report(self.barren, failed=self.progress.failed + len(self.barren))
        return self._report(stopped="max_cost" if self.upcoming else None)

    async def _pulse(self) -> None:
        """Report while nothing comes too: a run that waits is alive."""
        while True:
            await asyncio.sleep(PULSE)
            self._report()

    async def _formed(
        self, client: openai.AsyncOpenAI, requests: Iterator[Payload]
    ) -> Iterable[Payload]:
        """The requests, those for structured answers in the form that the endpoint takes."""
        first = next(requests, None)
        if first is None or not is_structured(first):
            return chain([first] if first else [], requests)
        form = await find_form(client, self.endpoint, self.ledger, first)
        return (in_form(payload, form) for payload in chain([first], requests))

    def _unsettled(self, requests: Iterable[Payload]) -> Iterator[tuple[str, Payload]]:
        """The requests to ask, made pending in the ledger before they are asked."""
        for part in batches(requests, 500):
            keyed = {payload_key(payload): payload for payload in part}
            settled = self.ledger.settled(keyed)
            answered = {key for key in settled if settled[key]}
            skipped = answered if self.limits.retry_failed else settled.keys()
            self._report(
                before=self.progress.before + len(answered),
                failed=self.progress.failed + len(skipped - answered),
            )
            in_flight = {key for key, _ in self.asking.values()}
            asked = {
                key: payload
                for key, payload in keyed.items()
                if key not in skipped and key not in in_flight
            }
            self.ledger.add(asked.items())
            yield from asked.items()

    def _advance(self) -> None:
        self.upcoming = self.refused.popleft() if self.refused else next(self.unsettled, None)

    def _start(self, client: openai.AsyncOpenAI, key: str, payload: Payload) -> None:
        task = asyncio.create_task(self._ask(client, key, payload))
        task.add_done_callback(self._replied)
        self.asking[task] = key, payload
        self.window.inside += 1
        self.reserved += self._most_cost(payload)

    def _replied(self, task: Asking) -> None:
        self.replied.append(task)
        self.reply.set()

    async def _ask(
        self, client: openai.AsyncOpenAI, key: str, payload: Payload
    ) -> Answer | Failure | None:
        """An answer, or a failure that asking again would not mend; None for a request that was refused or given up."""
        for attempt in range(1, ATTEMPTS + 1):
            sent = await self.pace.turn(sum(most_tokens(payload)))
            sent_at = time.monotonic()
            wait = backoff(attempt)
            try:
                response = await client.post(
                    "/chat/completions", cast_to=httpx2.Response, body=payload
                )
                self.reached = True
                self.pace.heed(response.headers, sent)
                return self.endpoint.read(key, response.content, attempt)
            except openai.APIStatusError as error:
                self.reached = True
                self.endpoint.check(error)
                reason = reason_of(error)
                wait = retry_after(error.response.headers, wait)
                if error.status_code == 429:
                    self.window.shrink(sent_at)
                    self.pace.heed(error.response.headers, sent)
                    self.pace.pause(wait)
                    self.refused.append((key, payload))
                    return None
                if error.status_code < 500 and error.status_code not in PASSING:
                    return Failure(key, reason, attempt)
            except openai.APIConnectionError as error:
                reason = reason_of(error)
                if isinstance(error, openai.APITimeoutError):
                    self.window.shrink(sent_at)
            except GarbledReply as error:
                reason = reason_of(error)
            if attempt < ATTEMPTS:
                await asyncio.sleep(min(wait, LONGEST_PAUSE))
        self.barren.append(Failure(key, reason, ATTEMPTS))
        return None

    def _collect(self) -> tuple[list[Asking], list[Answer], list[Failure]]:
        """What came since the last time. The fault of requests given up was their own if others are answered."""
        tasks, self.replied = self.replied, []
        self.reply.clear()
        outcomes = [task.result() for task in tasks if not task.exception()]
        answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        if answers:
            failures += self.barren
            self.barren.clear()
        return tasks, answers, failures

    def _write(self, answers: Sequence[Answer], failures: Sequence[Failure]) -> None:
        self.ledger.record(answers)
        self.ledger.fail(failures)

    def _count(
        self, tasks: Sequence[Asking], answers: Sequence[Answer], failures: Sequence[Failure]
    ) -> None:
        """Count what is on disk and make room for as many requests. Raises what ended a task or must end the run."""
        for _ in answers:
            self.window.grow()
        asked = dict(self.asking.pop(task) for task in tasks)
        self.window.inside -= len(tasks)
        self.reserved -= sum(self._most_cost(payload) for payload in asked.values())
        accepted = (
            sum(self.verify(asked[answer.key], answer) is None for answer in answers)
            if self.verify
            else 0
        )
        self._report(
            [*answers, *failures],
            answered=self.progress.answered + len(answers),
            accepted=self.progress.accepted + accepted,
            rejected=self.progress.rejected + (len(answers) - accepted if self.verify else 0),
            failed=self.progress.failed + len(failures),
        )
        for task in tasks:
            task.result()
        if len(self.barren) >= BARREN:
            raise self._stopped_answering()

    def _stopped_answering(self) -> UserError:
        return UserError(
            f"the teacher at {self.endpoint.host} has stopped answering ({self.barren[-1].reason}); "
            "nothing is lost: the same command goes on once it is back"
        )

    def _affordable(self, payload: Payload) -> bool:
        """Whether asking this, and all that is in flight, can cost no more than `max_cost` leaves."""
        return (
            self.limits.max_cost is None
            or (self.progress.cost or 0.0) + self.reserved + self._most_cost(payload)
            <= self.limits.max_cost
        )

    def _most_cost(self, payload: Payload) -> float:
        return 0.0 if self.limits.max_cost is None else most_cost(payload, self.limits.price)

    def _report(self, paid: Sequence[Answer | Failure] = (), **changed: Any) -> Progress:
        """Progress with the tokens of what was `paid` and the figures that `changed`."""
        prompt = sum(reply.prompt_tokens for reply in paid)
        completion = sum(reply.completion_tokens for reply in paid)
        cached = sum(reply.cached_tokens for reply in paid if isinstance(reply, Answer))
        if self.limits.price is not None:
            changed["cost"] = (self.progress.cost or 0.0) + self.limits.price.cost(
                prompt, completion, cached
            )
        self.progress = replace(
            self.progress,
            prompt_tokens=self.progress.prompt_tokens + prompt,
            completion_tokens=self.progress.completion_tokens + completion,
            cached_tokens=self.progress.cached_tokens + cached,
            in_flight=len(self.asking),
            window=int(self.window.size),
            seconds=time.monotonic() - self.started,
            **changed,
        )
        if self.on_progress:
            self.on_progress(self.progress)
        return self.progress


def backoff(attempt: int) -> float:
    """Seconds: doubling, with jitter so that what failed together does not come back together."""
    return min(LONGEST_BACKOFF, 0.5 * 2**attempt) * random.uniform(0.5, 1.0)
