"""Requests: the payload of a chat completion, its key and its shape."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


def canonical(value: Any) -> str:
    """JSON with one spelling for each value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def payload_key(payload: Payload) -> str:
    """sha256 (hex) of the whole payload: model, messages, sampling, seed, response format."""
    return hashlib.sha256(canonical(payload).encode()).hexdigest()


def split_payload(payload: Payload) -> tuple[str, str | None, int | None]:
    """Its shape, in canonical JSON, and what is a request's own: the last content, and the seed.

    Either of them stays in the shape, and is None, where it is not of the usual type.
    """
    *before, last = payload["messages"]
    prompt = last["content"] if isinstance(last["content"], str) else None
    seed = (
        payload["seed"] if type(payload.get("seed")) is int else None
    )  # True is an int, and another payload
    shape: dict[str, Any] = dict(payload)
    if prompt is not None:
        shape["messages"] = [*before, {**last, "content": None}]
    if seed is not None:
        shape["seed"] = None
    return canonical(shape), prompt, seed


def join_payload(shape: str, prompt: str | None, seed: int | None) -> dict[str, Any]:
    """The payload that was split."""
    payload: dict[str, Any] = json.loads(shape)
    if prompt is not None:
        payload["messages"][-1]["content"] = prompt
    if seed is not None:
        payload["seed"] = seed
    return payload
