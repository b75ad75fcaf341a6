"""Structured answers: JSON by a schema, asked for in the strictest form (`corpusmith.teacher.forms`) that an endpoint takes."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

import httpx2
import openai
from pydantic import BaseModel

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint import Endpoint, GarbledReply
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.pace import retry_after
from corpusmith.teacher.payload import payload_key

M = TypeVar("M", bound=BaseModel)
TRIES = 5  # of one form while the server has no time for it
UNAVAILABLE = (408, 429, 502, 503, 504)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.DOTALL)


def response_format(model: type[BaseModel]) -> dict[str, Any]:
    """The `response_format` of a payload whose answers are to be read as `model`, which must forbid extra fields."""
    schema = {"name": model.__name__.lower(), "schema": model.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def parse(text: str, model: type[M]) -> M:
    """The answer as `model`, alone or in one code fence. Raises ValueError for anything more, less or other."""
    fenced = _FENCE.match(text)
    return model.model_validate_json(fenced.group(1) if fenced else text, strict=True)


async def find_form(
    client: openai.AsyncOpenAI, endpoint: Endpoint, ledger: Ledger, payload: Mapping[str, Any]
) -> str:
    """The strictest form that gets JSON out of the endpoint, tried with one request and remembered in the ledger.

    The answer is recorded, so that it is paid once. Raises UserError when the endpoint cannot be used.
    """
    if (known := ledger.response_format(endpoint.host, payload["model"])) is not None:
        return known
    for form in FORMS[:-1]:
        if await _takes(client, endpoint, ledger, in_form(payload, form)):
            break
    else:
        form = "text"
    ledger.remember_response_format(endpoint.host, payload["model"], form)
    return form


async def _takes(
    client: openai.AsyncOpenAI, endpoint: Endpoint, ledger: Ledger, payload: Mapping[str, Any]
) -> bool:
    """Whether the endpoint answers the payload with JSON. A status of 4xx, or of 500 twice (llama.cpp's), is a no."""
    key = payload_key(payload)
    for attempt in range(1, TRIES + 1):
        try:
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=payload)
            answer = endpoint.read(key, response.content)
        except openai.APIStatusError as error:
            endpoint.check(error)
            crashed_once = error.status_code == 500 and attempt == 1
            if error.status_code not in UNAVAILABLE and not crashed_once:
                return False
            await asyncio.sleep(retry_after(error.response.headers, float(attempt)))
        except openai.APIConnectionError:
            await asyncio.sleep(attempt)
        except GarbledReply:
            return False
        else:
            if isinstance(answer, Answer):
                ledger.add([(key, payload)])
                ledger.record([answer])
                return _is_json(answer.text)
            return True  # cut short or filtered, but the form was taken
    raise UserError(
        f"the teacher at {endpoint.host} does not answer: see that it runs, then give the same command"
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


FORMS = ("json_schema", "json_object", "text")  # from the strictest on


Outcome = Answer | Literal["failed", "pending"]


def is_structured(payload: Mapping[str, Any]) -> bool:
    """Whether a payload asks for JSON by a schema."""
    return (payload.get("response_format") or {}).get("type") == "json_schema"


def in_form(payload: Mapping[str, Any], form: str) -> Mapping[str, Any]:
    """The payload as an endpoint that knows `form` takes it. One that asks for no schema stays as it is."""
    if form == "json_schema" or not is_structured(payload):
        return payload
    schema = payload["response_format"]["json_schema"]["schema"]
    *before, last = payload["messages"]
    asked = f"{last['content']}\nReply with nothing but JSON of this schema: {json.dumps(schema, sort_keys=True)}"
    changed = {**payload, "messages": [*before, {**last, "content": asked}]}
    del changed["response_format"]
    return (
        changed
        if form == "text"
        else {**changed, "response_format": {"type": "json_object", "schema": schema}}
    )


def every_form(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The payload in each form in which it may have been sent."""
    return [in_form(payload, form) for form in FORMS] if is_structured(payload) else [payload]


def find_outcomes(ledger: Ledger, payloads: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """What became of each payload, in whichever form it was asked; an answer in one form beats a failure in another."""
    keys = [[payload_key(form) for form in every_form(payload)] for payload in payloads]
    answers = ledger.get_many(key for forms in keys for key in forms)
    failed = ledger.settled(
        key for forms in keys for key in forms if answers.keys().isdisjoint(forms)
    )
    return [
        next(
            (answers[key] for key in forms if key in answers),
            "pending" if failed.keys().isdisjoint(forms) else "failed",
        )
        for forms in keys
    ]


def find_answers(ledger: Ledger, payloads: Iterable[Mapping[str, Any]]) -> list[Answer | None]:
    """For each payload the answer to it in whichever form it was asked."""
    return [
        outcome if isinstance(outcome, Answer) else None
        for outcome in find_outcomes(ledger, payloads)
    ]
