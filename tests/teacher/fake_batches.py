"""The part of OpenAI's Batch API that generation uses, on the loopback: files, batches, results."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from corpusmith.teacher.batch import generate_batches
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.progress import Progress
from tests.teacher.fake_teacher import FakeTeacher, problem


@dataclass
class FakeBatches(FakeTeacher):
    """A batch ends after `delay` seconds. `expire` batches lose the second half of their requests.

    The first `hiccups` polls of a batch or its results fail. A batch of more than `most_enqueued`
    requests is refused. `cancel` batches are cancelled after a third of their requests. `spoil`
    changes the bytes of an output file. The ids in `unknown` belong to another API key and get
    `unknown_status` and `unknown_message`. With `delete_results` the files of results are gone.
    """

    delay: float = 0.0
    expire: int = 0
    hiccups: int = 0
    refuse_batches: bool = False
    most_enqueued: int = 10**9
    cancel: int = 0
    spoil: Callable[[bytes], bytes] | None = None
    unknown: set[str] = field(default_factory=set)
    unknown_status: int = 404
    unknown_message: str = "no such batch"
    delete_results: bool = False
    most_open: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    submitted: dict[str, dict[str, Any]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [
            *super().routes(),
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/v1/files/{id}/content", self.content),
            Route("/v1/batches", self.create, methods=["POST"]),
            Route("/v1/batches", self.list),
            Route("/v1/batches/{id}", self.retrieve),
        ]

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            assert form["purpose"] == "batch"
            return JSONResponse(self.keep(await form["file"].read()))

    def keep(self, content: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        known = {"object": "file", "created_at": 0, "purpose": "batch", "status": "processed"}
        return {"id": name, "bytes": len(content), "filename": name, **known}

    async def content(self, request: Request) -> Response:
        if self.delete_results:
            return problem(404, "No such File object")
        if self.hiccups > 0:
            return self.hiccup()
        return Response(self.files[request.path_params["id"]])

    def hiccup(self) -> Response:
        self.hiccups -= 1
        return problem(503 if self.hiccups % 2 else 429, "no time", {"retry-after-ms": "10"})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        batch = {
            "id": f"batch_{len(self.submitted)}",
            "object": "batch",
            "created_at": 0,
            "status": "in_progress",
            "endpoint": body["endpoint"],
            "completion_window": body["completion_window"],
            "input_file_id": body["input_file_id"],
            "metadata": body["metadata"],
            "ends": time.monotonic() + self.delay,
        }
        self.submitted[batch["id"]] = batch
        open_now = sum(one["status"] == "in_progress" for one in self.submitted.values())
        self.most_open = max(self.most_open, open_now)
        return JSONResponse(batch)

    async def list(self, request: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": list(self.submitted.values()), "has_more": False}
        )

    async def retrieve(self, request: Request) -> Response:
        if self.hiccups > 1:
            return self.hiccup()
        batch = self.submitted.get(request.path_params["id"])
        if batch is None or batch["id"] in self.unknown:
            return problem(self.unknown_status, self.unknown_message)
        if batch["status"] == "in_progress" and time.monotonic() >= batch["ends"]:
            self.end(batch)
        return JSONResponse(batch)

    def end(self, batch: dict[str, Any]) -> None:
        if self.refuse_batches:
            batch |= {
                "status": "failed",
                "errors": {"object": "list", "data": [{"message": "no such model"}]},
            }
            return
        requests = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        if len(requests) > self.most_enqueued:
            error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            return
        if self.cancel > 0:
            self.cancel -= 1
            requests, batch["status"] = requests[: len(requests) // 3], "cancelled"
        expired = self.expire > 0
        self.expire -= expired
        results = [
            self.result(request)
            for request in (requests[: len(requests) // 2] if expired else requests)
        ]
        good = [result for result in results if result["response"]["status_code"] == 200]
        bad = [result for result in results if result["response"]["status_code"] != 200]
        if batch["status"] == "in_progress":
            batch["status"] = "expired" if expired else "completed"
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                content = "\n".join(map(json.dumps, lines)).encode()
                batch[name] = self.keep(self.spoil(content) if self.spoil else content)["id"]

    def result(self, request: dict[str, Any]) -> dict[str, Any]:
        payload = request["body"]
        name = request["custom_id"]  # the planned payload's key; a dialect may change the body
        self.asked[name] += 1
        fault = self.fault(name)
        habit = self.habit(payload, self.asked.total()) if self.habit else None
        if habit is not None:
            body = json.loads(habit.body)
            response = {"status_code": habit.status_code, "body": body}
            self.bill(habit)
            return {"id": name[:8], "custom_id": name, "response": response, "error": None}
        if fault == "bad request":
            response = {"status_code": 400, "body": {"error": {"message": self.complaint}}}
        elif fault == "error":
            response = {"status_code": 500, "body": {"error": {"message": "the model has crashed"}}}
        else:
            self.answered[name] += 1
            response = {"status_code": 200, "body": self.completion(name, payload, fault)}
        return {"id": name[:8], "custom_id": name, "response": response, "error": None}


def interrupted(ledger: Ledger, url: str, requests: list) -> None:
    """Submit the requests, and be stopped before a result comes."""

    def stop(progress: Progress) -> None:
        if progress.in_flight:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_batches(
            requests, ledger, base_url=url, limits=AskLimits(poll=0.01), on_progress=stop
        )
