"""The gate in front of Gradio, tested with an application that returns what it receives."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from corpusmith.space import gate
from corpusmith.space.gate import Gate


def extract(text: str, model: str = "", threshold: float = 0.5) -> list:
    return [text, model, threshold]


def page(waiting: int = 0) -> Any:
    function = SimpleNamespace(
        fn=extract,
        inputs=[1, 2, 3],
        api_name="extract",
        api_visibility="public",
        concurrency_id="sentences",
    )
    queue = SimpleNamespace(queue=[None] * waiting)
    queues = SimpleNamespace(event_queue_per_concurrency_id={"sentences": queue})
    return SimpleNamespace(fns={4: function}, _queue=queues)


def post(path: str, body: bytes, waiting: int = 0, status: int = 200) -> tuple[int, Any]:
    """Return (status, answer) of the gate. The application answers with the body it receives."""
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/gradio_api/{path}"}
    asyncio.run(Gate(application, page(waiting))(scope, receive, send))
    answer = b"".join(message.get("body", b"") for message in sent)
    try:
        return sent[0]["status"], json.loads(answer)
    except ValueError:
        return sent[0]["status"], answer


@pytest.mark.parametrize("data", [["a"], ["a", ""], ["a", "", 0.5]])
def test_missing_arguments_get_their_defaults(data: list) -> None:
    status, request = post("call/extract", json.dumps({"data": data}).encode())
    assert (status, request["data"]) == (200, ["a", "", 0.5])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("call/extract", b'{"data": []}', 422),
        ("call/extract", b'{"data": ["a", "", 0.5, 1]}', 422),
        ("call/extract", b'{"data": "a"}', 422),
        ("call/extract", b"{}", 422),
        ("call/extract", b"[]", 422),
        ("call/extract", b"\xff", 422),
        ("call/extract", b"[" * 200_000, 422),
        ("call/extract", b'{"data": ' + b"[" * 200_000, 422),
        ("call/extract", b'{"data": ["a"], "trigger_id": Infinity}', 422),
        ("call/extract", b'{"data": ["a"], "trigger_id": [NaN]}', 422),
        ("run/extract", b'{"data": ["a"], "api_name": {}, "trigger_id": 1e999}', 422),
        ("cancel", b'{"session_hash": -Infinity}', 422),
        ("reset", b'{"event_id": 1e999}', 422),
        ("run/extract", b'{"data": [[{"path": "", "meta": null}]]}', 422),
        ("run/predict", b'{"fn_index": 4, "data": [{"a": [{"path": "x", "meta": {}}]}]}', 422),
        ("call/none", b'{"data": []}', 404),
        ("call/", b'{"data": []}', 404),
        ("call/v2/extract", b"{}", 422),
        ("call/v2/extract", b'{"text": "a", "path": 1}', 422),
        ("run/predict", b'{"data": [], "fn_index": 99}', 404),
        ("run/predict", b'{"data": [], "fn_index": "4"}', 404),
        ("queue/join", b'{"data": [], "fn_index": true}', 404),
        ("queue/join", b'{"data": []}', 404),
        ("deep_link", b"", 404),
        ("run-history/connect", b"{}", 404),
        ("proxy=http://127.0.0.1", b"", 404),
    ],
)
def test_malformed_request_is_refused(path: str, body: bytes, status: int) -> None:
    answered, answer = post(path, body)
    assert answered == status and len(answer["error"].split()) > 3


def test_body_size_is_limited() -> None:
    big = b'{"data": ["' + b"x" * gate.MAX_JSON_BYTES + b'"]}'
    assert post("call/extract", big)[0] == 413
    assert post("upload", b"x" * (gate.MAX_UPLOAD_BYTES + 1))[0] == 413
    assert post("upload", b"x" * 1000)[0] == 200


def test_slow_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_SECONDS", 0.05)

    async def slow() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    with pytest.raises(gate.Refused, match="too long") as refused:
        asyncio.run(gate.read_body("call/extract", slow))
    assert refused.value.status == 408


def test_full_queue_is_reported_and_other_queues_accept_requests() -> None:
    body = b'{"data": ["a"]}'
    assert post("call/extract", body, waiting=gate.WAITING["sentences"])[0] == 503
    assert post("call/extract", body, waiting=gate.WAITING["sentences"] - 1)[0] == 200


def test_gradio_validation_error_is_422_and_failure_stays_500() -> None:
    refused = b'{"data": ["a"], "error": "There is no text yet."}'
    failed = b'{"data": ["a"], "error": null}'
    assert post("run/extract", refused, status=500)[0] == 422
    assert post("run/extract", failed, status=500)[0] == 500
