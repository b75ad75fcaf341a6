"""The part of OpenAI's Batch API that generation uses, on the loopback: files, batches, results."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from corpusmith.teacher.payload import payload_key
from tests.teacher.fake_teacher import FakeTeacher, problem


@dataclass
class FakeBatches(FakeTeacher):
    """Batches that end after `delay` seconds. `expire` is how many of them lose the second half of their requests.

    The server has no time for the first `hiccups` looks at a batch or its results.
    """

    delay: float = 0.0
    expire: int = 0
    hiccups: int = 0
    refuse_batches: bool = False
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
        return {"id": name, "object": "file", "bytes": len(content), "created_at": 0, "filename": name,
                "purpose": "batch", "status": "processed"}  # fmt: skip

    async def content(self, request: Request) -> Response:
        if self.hiccups > 0:
            return self.hiccup()
        return Response(self.files[request.path_params["id"]])

    def hiccup(self) -> Response:
        self.hiccups -= 1
        return problem(503 if self.hiccups % 2 else 429, "no time", {"retry-after-ms": "10"})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        batch = {
            "id": f"batch_{len(self.submitted)}", "object": "batch", "created_at": 0, "status": "in_progress",
            "endpoint": body["endpoint"], "completion_window": body["completion_window"],
            "input_file_id": body["input_file_id"], "metadata": body["metadata"], "ends": time.monotonic() + self.delay,
        }  # fmt: skip
        self.submitted[batch["id"]] = batch
        return JSONResponse(batch)

    async def list(self, request: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": list(self.submitted.values()), "has_more": False}
        )

    async def retrieve(self, request: Request) -> Response:
        if self.hiccups > 1:
            return self.hiccup()
        batch = self.submitted.get(request.path_params["id"])
        if batch is None:
            return problem(404, "no such batch")
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
        expired = self.expire > 0
        self.expire -= expired
        results = [
            self.result(request)
            for request in (requests[: len(requests) // 2] if expired else requests)
        ]
        good = [result for result in results if result["response"]["status_code"] == 200]
        bad = [result for result in results if result["response"]["status_code"] != 200]
        batch["status"] = "expired" if expired else "completed"
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                batch[name] = self.keep("\n".join(map(json.dumps, lines)).encode())["id"]

    def result(self, request: dict[str, Any]) -> dict[str, Any]:
        payload = request["body"]
        name = payload_key(payload)
        assert request["custom_id"] == name
        self.asked[name] += 1
        fault = self.fault(name)
        if fault == "bad request":
            response = {"status_code": 400, "body": {"error": {"message": self.complaint}}}
        elif fault == "error":
            response = {"status_code": 500, "body": {"error": {"message": "the model has crashed"}}}
        else:
            self.answered[name] += 1
            response = {"status_code": 200, "body": self.completion(name, payload, fault)}
        return {"id": name[:8], "custom_id": name, "response": response, "error": None}
