"""Check requests before Gradio sees them: size, form, missing arguments and full queues."""

import asyncio
import inspect
import json
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import Any

import gradio as gr

from corpusmith.space.events import WAITING

API = "/gradio_api/"
MAX_JSON_BYTES = 16 * 1024**2
MAX_UPLOAD_BYTES = 6 * 1024**2
MAX_SECONDS = 60  # for a body to arrive
UNUSED = ("deep_link", "dev/", "stream/", "proxy=", "run-history", "runs")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Refused(Exception):
    """A request that gets an HTTP status and a message instead of an answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Gate:
    """ASGI middleware around the page.

    Args:
        app: The application inside.
        page: The page, whose queues are looked at.
    """

    def __init__(self, app: Callable, page: gr.Blocks) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(API)
        try:
            if path.startswith(UNUSED):
                raise Refused(404, "This page does not offer that.")
            if scope["method"] == "POST":
                body = await read_body(path, receive)
                if path.startswith(("call/", "run/", "api/", "queue/join", "cancel")):
                    body = self.checked(path, body)
                elif not path.startswith("upload"):
                    refuse_infinity(body)
                receive = replay(body, receive)
        except Refused as refused:
            await answer(send, refused.status, str(refused))
            return
        await self.app(scope, receive, refusals_as_422(send))

    def checked(self, path: str, body: bytes) -> bytes:
        """The body with missing arguments filled in.

        Raises:
            Refused: it is no JSON object, names no endpoint, or its queue is full.
        """
        request = json_object(body)
        if path.startswith("cancel"):
            return body
        function = self.function(path, request)
        queue = self.page._queue.event_queue_per_concurrency_id.get(function.concurrency_id)
        if queue and len(queue.queue) >= WAITING.get(function.concurrency_id, 64):
            raise Refused(503, "Too many requests are waiting. Come back in a minute.")
        if path.startswith("call/v2/"):
            known = parameters(function)
            if missing := [p.name for p in known if p.default is p.empty and p.name not in request]:
                raise Refused(422, f"Give the argument {missing[0]}.")
            if set(request) - {p.name for p in known}:
                raise Refused(422, f"The arguments are {', '.join(p.name for p in known)}.")
        elif not isinstance(request.get("data"), list):
            raise Refused(422, 'Write the arguments as {"data": [...]}.')
        else:
            request["data"] = filled(request["data"], function)
            for component, value in zip(function.inputs, request["data"], strict=True):
                if not fits(component, value):
                    raise Refused(422, f"An argument does not fit its {type(component).__name__}.")
        return json.dumps(request).encode()

    def function(self, path: str, request: dict[str, Any]) -> Any:
        functions = self.page.fns
        name = path.split("/")[2 if path.startswith("call/v2/") else 1]
        at = request.get("fn_index")  # outside of call/ it takes precedence over the name
        if path.startswith("queue/join") or (at is not None and not path.startswith("call/")):
            known = functions.get(at) if isinstance(at, int) and not isinstance(at, bool) else None
            if known is not None and known.fn is not None:  # without one it runs in the browser
                return known
            raise Refused(404, "There is no such event.")
        for function in functions.values():
            if function.api_name == name and function.api_visibility != "private":
                return function
        raise Refused(404, "There is no such endpoint.")


async def read_body(path: str, receive: Receive) -> bytes:
    """The whole body.

    Raises:
        Refused: it is too large, or takes too long.
    """
    limit = MAX_UPLOAD_BYTES if path.startswith("upload") else MAX_JSON_BYTES

    async def read() -> bytes:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "The request ended early.")
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body")
            if size > limit:
                raise Refused(413, f"More than {limit // 1024**2} MB. Send less at once.")
        return b"".join(parts)

    try:
        return await asyncio.wait_for(read(), MAX_SECONDS)
    except asyncio.TimeoutError:
        raise Refused(408, "The request took too long to arrive.") from None


def json_object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body, parse_constant=finite, parse_float=finite)
    except (ValueError, RecursionError):
        raise Refused(422, "The request is not JSON.") from None
    if not isinstance(request, dict):
        raise Refused(422, "The request is not a JSON object.")
    return request


def refuse_infinity(body: bytes) -> None:
    """Refuse JSON with infinite numbers or NaN. What is no JSON at all is left to Gradio.

    Raises:
        Refused: the body has such a number.
    """
    with suppress(ValueError, RecursionError):
        json.loads(body, parse_constant=finite, parse_float=finite)


def finite(text: str) -> float:
    """The number.

    Raises:
        Refused: it is infinite, such as 1e999, or NaN. FastAPI would repeat it in its error, and
            fail to write it.
    """
    number = float(text)
    if not math.isfinite(number):
        raise Refused(422, "The request is not JSON: it has a number that is not finite.")
    return number


def parameters(function: Any) -> tuple[inspect.Parameter, ...]:
    return parameters_of(function.fn) if function.fn else ()


@cache
def parameters_of(function: Callable) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(function).parameters.values())


def filled(data: list[Any], function: Any) -> list[Any]:
    """The arguments, with defaults for those that are missing at the end.

    Raises:
        Refused: there are too many, or one without a default is missing.
    """
    wanted = len(function.inputs)
    if len(data) > wanted:
        raise Refused(422, f"There are {wanted} arguments, not {len(data)}.")
    missing = parameters(function)[len(data) : wanted]
    if len(data) + len(missing) < wanted or any(p.default is p.empty for p in missing):
        raise Refused(422, f"{wanted} arguments are needed, not {len(data)}.")
    return [*data, *(parameter.default for parameter in missing)]


def fits(component: Any, value: Any) -> bool:
    """Whether Gradio can read a value for a component of the page without an exception."""
    if isinstance(component, gr.Slider):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(component, gr.Dataset):  # the number of an example
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and 0 <= value < len(component.samples)
    if isinstance(component, gr.CheckboxGroup):
        known = {choice for _, choice in component.choices}
        return isinstance(value, list) and all(isinstance(v, str) and v in known for v in value)
    if isinstance(component, gr.Radio):
        return value in [choice for _, choice in component.choices]
    if isinstance(component, gr.Textbox | gr.Dropdown):
        return value is None or isinstance(value, str)
    if isinstance(component, gr.File):
        many = component.file_count == "multiple"
        files = value if many and isinstance(value, list) else [value]
        return value is None or all(is_file(file) for file in files)
    return not looks_like_file(value)


def looks_like_file(value: Any) -> bool:
    """Whether Gradio would look for a file in a value: at any depth, a path with its `meta`."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "path" in part and "meta" in part:
                return True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return False


def is_file(value: Any) -> bool:
    """Whether a value names a file as Gradio's pages do."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and value.get("meta") == {"_type": "gradio.FileData"}
        and set(value) <= {"path", "meta", "url", "size", "orig_name", "mime_type", "is_stream"}
        and isinstance(value.get("orig_name", ""), str | None)
        and "\0" not in value["path"]
    )


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read already."""
    sent = False

    async def again() -> Any:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def refusals_as_422(send: Send) -> Send:
    """A `send` that answers 422 where Gradio answers 500 with a message for the caller."""
    start: Any = None
    parts: list[bytes] = []

    async def sending(message: Any) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and message["status"] == 500:
            start = message
        elif start is None:
            await send(message)
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                body = b"".join(parts)
                await send({**start, "status": 422 if has_message(body) else 500})
                await send({"type": "http.response.body", "body": body})

    return sending


def has_message(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body).get("error"), str)
    except (ValueError, AttributeError):
        return False


async def answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"detail": message, "error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
