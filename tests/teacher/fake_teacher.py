"""A loopback server that injects faults by a seeded schedule and counts requests and billed tokens.

The answer depends only on the payload. The fault depends on the payload and the number of times
it was sent. A habit imitates the replies of one kind of endpoint.
"""

import asyncio
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from corpusmith.teacher.payload import payload_key

PASSING = ("refuse", "error", "reset", "stall", "truncate", "wrong schema", "no choice")
FINAL = ("length", "content_filter", "bad request")
ENDURED = {*PASSING, "storm"}  # a run goes on after these


Habit = Callable[[dict[str, Any], int], Response | None]


@dataclass
class FakeTeacher:
    """`faults` is the share of requests with a fault; all faults in `kinds` are equally frequent.

    A stalled request is answered after `stall` seconds, unless the client gives up before. After
    every `calm` answers, `storm` requests in a row are refused. `key` is the required API
    key. `allowance` requests are answered every `period` seconds, as the headers announce; further
    ones are refused. `habit` gets a payload and the number of the request, counted from 1. It
    returns the reply, or None for the default one.
    """

    seed: int = 0
    faults: float = 0.0
    kinds: tuple[str, ...] = PASSING + FINAL
    latency: float = 0.0
    stall: float = 3.0
    calm: int = 100
    storm: int = 0
    retry_after: str = "0.02"
    allowance: int = 0
    period: float = 0.3
    forms: tuple[str, ...] = ("text", "json_object", "json_schema")
    refusal: int = 400  # status for a response format that is not among the forms
    key: str | None = None
    complaint: str = "the prompt is too long"
    answer: str = "Mutations of the gene were found in {} families with the disease."
    write: Callable[[dict[str, Any]], str] | None = (
        None  # the answer to a payload, in place of `answer`
    )
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)  # by fault
    habit: Habit | None = None
    payloads: list[dict[str, Any]] = field(default_factory=list)
    bills: Counter[str] = field(default_factory=Counter)  # replies, prompt and completion tokens
    in_flight: int = 0
    most_in_flight: int = 0
    refusing: int = 0
    granted: int = 0  # since `renewed`
    renewed: float = 0.0

    def routes(self) -> list[Route]:
        return [Route("/v1/chat/completions", self.complete, methods=["POST"])]

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port and yield the base URL."""
        config = uvicorn.Config(
            Starlette(routes=self.routes()),
            log_level="critical",
            timeout_graceful_shutdown=1,
            date_header=False,
        )
        self.server = _Server(config)
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
            thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            self.server.should_exit = True
            thread.join(timeout=10)

    async def complete(self, request: Request) -> Response:
        payload = await request.json()
        await asyncio.sleep(0)  # the loop sees a client that has given up
        if await request.is_disconnected():
            return Response(status_code=499)  # neither counted nor billed
        name = payload_key(payload)
        self.asked[name] += 1
        self.payloads.append(payload)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        limits = self.grant() if self.allowance else {}
        try:
            if limits is None:
                self.sent["over"] += 1
                return problem(429, "over the limit", {"retry-after": self.retry_after})
            response = self.habit(payload, len(self.payloads)) if self.habit else None
            response = response or await self.reply(request, name, payload)
            response.headers.update(limits)
            self.bill(response)
            return response
        finally:
            self.in_flight -= 1

    def bill(self, response: Response) -> None:
        """Count the tokens of a reply: the larger of completion and total − prompt."""
        try:
            usage = json.loads(response.body)["usage"] if response.status_code == 200 else {}
        except (ValueError, KeyError, TypeError):
            return
        prompt, completion, total = (
            int((usage or {}).get(f"{name}_tokens") or 0)
            for name in ("prompt", "completion", "total")
        )
        self.bills["replies"] += bool(usage)
        self.bills["prompt"] += prompt
        self.bills["completion"] += max(completion, total - prompt)

    def grant(self) -> dict[str, str] | None:
        """Use one request of the allowance. Returns the headers, or None if none is left."""
        now = time.monotonic()
        if now - self.renewed >= self.period:
            self.renewed, self.granted = now, 0
        if self.granted == self.allowance:
            return None
        self.granted += 1
        left = {"limit": self.allowance, "remaining": self.allowance - self.granted}
        headers = {f"x-ratelimit-{name}-requests": str(value) for name, value in left.items()}
        return {**headers, "x-ratelimit-reset-requests": f"{self.renewed + self.period - now:.3f}s"}

    async def reply(self, request: Request, name: str, payload: dict[str, Any]) -> Response:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return problem(
                401, f"Incorrect API key provided: {request.headers.get('authorization')}"
            )
        if (form := payload.get("response_format", {}).get("type", "text")) not in self.forms:
            return problem(self.refusal, f"response_format {form} is not supported")
        fault = self.fault(name)
        if (
            self.storm
            and self.refusing == 0
            and self.sent["none"] // self.calm > self.sent["storm"]
        ):
            self.sent["storm"] += 1
            self.refusing = self.storm
        if self.refusing:
            self.refusing -= 1
            fault = "refuse"
        self.sent[fault] += 1
        if fault == "refuse":
            return problem(429, "too many requests", {"retry-after": self.retry_after})
        if self.latency:
            await asyncio.sleep(self.latency)
        return await self.faulty(fault, request, name, payload)

    def fault(self, name: str) -> str:
        """The fault of a request. A permanent fault always occurs, others one to three times."""
        rng = random.Random(f"{self.seed}:{name}")
        fault = rng.choice(self.kinds) if rng.random() < self.faults else "none"
        return "none" if fault in PASSING and self.asked[name] > rng.randint(1, 3) else fault

    async def faulty(
        self, fault: str, request: Request, name: str, payload: dict[str, Any]
    ) -> Response:
        if fault == "error":
            return problem(500, "the model has crashed", {"retry-after": self.retry_after})
        if fault == "bad request":
            return problem(400, self.complaint)
        if fault == "wrong schema":
            return JSONResponse({"result": "fine"})
        if fault == "stall":
            until = time.monotonic() + self.stall
            while time.monotonic() < until:
                if await request.is_disconnected():
                    return Response(status_code=499)  # the client gave up: not billed
                await asyncio.sleep(0.02)
        if fault == "reset":
            self.server.abort(request.scope["client"])
            return Response()
        answer = self.completion(name, payload, fault)
        if fault == "no choice":
            answer |= {"choices": [], "usage": None}
        if fault == "truncate":
            return Response(json.dumps(answer)[:60], media_type="application/json")
        if fault == "none":
            self.answered[name] += 1
        return Response(
            json.dumps(answer), media_type="application/json"
        )  # json.dumps escapes a lone surrogate

    def completion(self, name: str, payload: dict[str, Any], fault: str) -> dict[str, Any]:
        text = self.write(payload) if self.write else self.answer.format(int(name[:4], 16))
        usage = {
            "prompt_tokens": 40,
            "completion_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 8},
        }
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        choice["finish_reason"] = fault if fault in FINAL else "stop"
        return {
            "id": name[:12],
            "object": "chat.completion",
            "model": payload["model"],
            "choices": [choice],
            "usage": usage,
        }


def completion(text: Any, finish: Any = "stop", usage: Any = True, **message: Any) -> JSONResponse:
    """A chat completion with the given text. Its default usage is 40 + 12 tokens."""
    if usage is True:
        usage = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52}
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    return JSONResponse({"choices": [choice], "usage": usage})


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "error"}}, status, headers)


class _Server(uvicorn.Server):
    def abort(self, client: list[Any]) -> None:
        """Reset a client's connection, as a crashed server would."""
        for protocol in list(self.server_state.connections):
            if protocol.client == tuple(client):
                protocol.transport.abort()
