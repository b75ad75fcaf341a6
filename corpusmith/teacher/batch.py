"""The OpenAI Batch API: the same requests and the same ledger, answered within a day at half the price.

A batch is noted in the ledger under a tag before it is submitted, and carries the tag as metadata. So whatever kills a
run, the next one finds the batch on the server, waits for it and pays for nothing twice.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import openai
from openai.types import Batch

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.endpoint import PASSING, Endpoint, GarbledReply, reason_of
from corpusmith.teacher.ledger import Answer, Failure, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.payload import Payload, canonical, payload_key
from corpusmith.teacher.prices import most_cost
from corpusmith.teacher.progress import Progress, Verify, count_requests
from corpusmith.teacher.redaction import redact

LARGEST = 50_000  # requests a batch, OpenAI's limit
TAG = "corpusmith"
ENDED = ("completed", "failed", "expired", "cancelled")
PATIENCE = (
    10  # retries, a minute or so, of what costs nothing to repeat; a batch itself is submitted once
)


def generate_batches(
    requests: Iterable[Payload],
    ledger: Ledger,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    verify: Verify | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Do what `teacher.generate` does, by batches; looks every `limits.poll` seconds whether one has ended.

    Batches that an earlier run left on the server are waited for before anything is sent, and count as `before`. A
    batch holds as many requests as `max_cost` can pay at their longest. Raises UserError when a batch is refused.
    """
    run = _Run(
        Endpoint.from_environment(base_url),
        ledger,
        limits,
        Progress(count_requests(requests)),
        verify,
        on_progress,
    )
    return asyncio.run(run.finish(requests))


class _Run:
    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        limits: AskLimits,
        progress: Progress,
        verify: Verify | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.endpoint = endpoint
        self.ledger = ledger
        self.limits = limits
        self.price = limits.price
        self.progress = replace(progress, cost=None if limits.price is None else 0.0)
        self.verify = verify
        self.on_progress = on_progress
        self.started = time.monotonic()

    async def finish(self, requests: Iterable[Payload]) -> Progress:
        """Wait for the batches that are open, then submit what is left, a batch at a time."""
        fresh = self.progress
        async with self.endpoint.client() as client:
            try:
                await self._resume(client)
                self.progress = fresh
                for part in batches(requests, LARGEST):
                    if not await self._settle(client, part):
                        return self._report(stopped="max_cost")
            except openai.APIStatusError as error:
                self.endpoint.check(error)
                raise UserError(
                    f"the batches of {self.endpoint.host} cannot be used: {reason_of(error)}"
                ) from None
            except openai.APIConnectionError as error:
                raise UserError(
                    f"{self.endpoint.host} does not answer ({reason_of(error)}); the same command goes on later"
                ) from None
        return self._report()

    async def _resume(self, client: openai.AsyncOpenAI) -> None:
        unfinished = self.ledger.open_batches(self.endpoint.host)
        if None in unfinished.values():  # killed while it was submitted: did it arrive?
            async for batch in patient(client).batches.list(limit=100):
                tag = (batch.metadata or {}).get(TAG, "")
                if tag in unfinished:
                    unfinished[tag] = batch.id
        for tag, batch_id in unfinished.items():
            if batch_id is not None:
                await self._collect(client, tag, batch_id)
            self.ledger.close_batch(tag)

    async def _settle(self, client: openai.AsyncOpenAI, part: Iterable[Payload]) -> bool:
        """Batch after batch until each request of the part is settled; False when the next cannot be afforded."""
        keyed = {payload_key(payload): payload for payload in part}
        settled = self.ledger.settled(keyed)
        answered = sum(settled.values())
        failed = 0 if self.limits.retry_failed else len(settled) - answered
        self._report(before=self.progress.before + answered, failed=self.progress.failed + failed)
        waiting = {
            k: p
            for k, p in keyed.items()
            if k not in settled or (self.limits.retry_failed and not settled[k])
        }
        self.ledger.add(waiting.items())
        while waiting:
            sent = (
                waiting
                if self.limits.max_cost is None
                else self._affordable(waiting, self.limits.max_cost)
            )
            if not sent:
                return False
            done = await self._submit(client, sent)
            if not done:
                raise UserError(
                    f"a batch at {self.endpoint.host} ended without a result; see its console for the cause"
                )
            waiting = {key: payload for key, payload in waiting.items() if key not in done}
        return True

    async def _submit(self, client: openai.AsyncOpenAI, waiting: Mapping[str, Payload]) -> set[str]:
        """Send one batch and wait for it. Returns the keys that it settled."""
        tag = hashlib.sha256(f"{time.time_ns()}".join(waiting).encode()).hexdigest()[:32]
        lines = (
            canonical(
                {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": payload}
            )
            for key, payload in waiting.items()
        )
        self.ledger.open_batch(tag, self.endpoint.host)
        file = await patient(client).files.create(
            file=(f"{tag}.jsonl", "\n".join(lines).encode()), purpose="batch"
        )
        batch = await client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={TAG: tag},
        )
        self.ledger.open_batch(tag, self.endpoint.host, batch.id)
        self._report(in_flight=len(waiting))
        done = await self._collect(client, tag, batch.id)
        self.ledger.close_batch(tag)
        return done

    async def _collect(self, client: openai.AsyncOpenAI, tag: str, batch_id: str) -> set[str]:
        """Wait until a batch has ended and record what came of it. Returns the keys that are settled by that."""
        while (batch := await patient(client).batches.retrieve(batch_id)).status not in ENDED:
            self._report()
            await asyncio.sleep(self.limits.poll)
        if batch.status == "failed":
            self.ledger.close_batch(tag)
            raise UserError(f"{self.endpoint.host} refused a batch: {_complaint(batch)}")
        done: set[str] = set()
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            content = (await patient(client).files.content(file_id)).content
            for part in batches(content.splitlines(), 1000):
                outcomes = [outcome for line in part if (outcome := self._read(line)) is not None]
                self._record(outcomes)
                done |= {outcome.key for outcome in outcomes}
        return done

    def _read(self, line: bytes) -> Answer | Failure | None:
        """One line of a result; None for a fault that another batch may not meet."""
        result = json.loads(line)
        response = result.get("response") or {}
        status = response.get("status_code")
        if status == 200:
            try:
                return self.endpoint.read(
                    result["custom_id"], json.dumps(response.get("body")).encode(), batch=True
                )
            except GarbledReply:
                return None
        if status is None or status >= 500 or status in (*PASSING, 429):
            return None
        message = ((response.get("body") or {}).get("error") or {}).get("message", "")
        return Failure(result["custom_id"], redact(f"HTTP {status}: {message}")[:200], 1)

    def _record(self, outcomes: Sequence[Answer | Failure]) -> None:
        answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        self.ledger.record(answers)
        self.ledger.fail(failures)
        prompt = sum(outcome.prompt_tokens for outcome in outcomes)
        completion = sum(outcome.completion_tokens for outcome in outcomes)
        cached = sum(answer.cached_tokens for answer in answers)
        cost = (
            None if self.price is None else self.price.cost(prompt, completion, cached, batch=True)
        )
        accepted = self._accepted(answers) if self.verify else 0
        self._report(
            answered=self.progress.answered + len(answers),
            accepted=self.progress.accepted + accepted,
            rejected=self.progress.rejected + (len(answers) - accepted if self.verify else 0),
            failed=self.progress.failed + len(failures),
            in_flight=max(0, self.progress.in_flight - len(answers) - len(failures)),
            prompt_tokens=self.progress.prompt_tokens + prompt,
            completion_tokens=self.progress.completion_tokens + completion,
            cached_tokens=self.progress.cached_tokens + cached,
            cost=None if cost is None else (self.progress.cost or 0.0) + cost,
        )

    def _accepted(self, answers: Sequence[Answer]) -> int:
        assert self.verify is not None
        asked = dict(self.ledger.payloads(answer.key for answer in answers))
        return sum(
            self.verify(asked[answer.key], answer) is None
            for answer in answers
            if answer.key in asked
        )

    def _affordable(self, waiting: Mapping[str, Payload], max_cost: float) -> dict[str, Payload]:
        """The first requests that together can cost no more than `max_cost` leaves."""
        sent, cost = {}, self.progress.cost or 0.0
        for key, payload in waiting.items():
            cost += most_cost(payload, self.price, batch=True)
            if cost > max_cost:
                break
            sent[key] = payload
        return sent

    def _report(self, **changed: Any) -> Progress:
        self.progress = replace(self.progress, seconds=time.monotonic() - self.started, **changed)
        if self.on_progress:
            self.on_progress(self.progress)
        return self.progress


def patient(client: openai.AsyncOpenAI) -> openai.AsyncOpenAI:
    """The client for what may be asked again at no cost, so that a day's waiting outlives a server's bad minute."""
    return client.with_options(max_retries=PATIENCE)


def _complaint(batch: Batch) -> str:
    errors = (batch.errors and batch.errors.data) or []
    return redact(
        "; ".join(error.message or error.code or "" for error in errors[:3])
        or "no reason was given"
    )
