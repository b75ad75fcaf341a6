"""Structured answers: JSON by a schema, asked for in the strictest form that an endpoint takes.

The forms, from the strictest on: `json_schema`; llama.cpp's `json_object` with a schema; the schema
in the prompt.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint.asker import Asked, Asker, refusal_of_reply
from corpusmith.teacher.endpoint.refusal import Refusal
from corpusmith.teacher.faults import NOT_LOST, refusal_error
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.tally import Settled

M = TypeVar("M", bound=BaseModel)
Outcome = Answer | Literal["failed", "pending"]
FORMS = ("json_schema", "json_object", "text")  # from the strictest on
TRIES = 5  # attempts with one form while the server is busy
_OF_FORM = re.compile(r"response.?format|json|schema|grammar", re.I)  # what a 500 is about
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.DOTALL)


def response_format(model: type[BaseModel]) -> dict[str, Any]:
    """The `response_format` that asks for answers as `model`, which must forbid extra fields."""
    schema = {"name": model.__name__.lower(), "schema": model.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def parse(text: str, model: type[M]) -> M:
    """The answer as `model`, alone or in one code fence. Raises ValueError for anything else."""
    fenced = _FENCE.match(text)
    return model.model_validate_json(fenced.group(1) if fenced else text, strict=True)


def is_structured(payload: Mapping[str, Any]) -> bool:
    """Whether a payload asks for JSON by a schema."""
    return (payload.get("response_format") or {}).get("type") == "json_schema"


def in_answer_form(payload: Mapping[str, Any], form: str) -> Mapping[str, Any]:
    """The payload in a form; unchanged where it asks for no schema."""
    if form == "json_schema" or not is_structured(payload):
        return payload
    schema = payload["response_format"]["json_schema"]["schema"]
    *before, last = payload["messages"]
    asked = (
        f"{last['content']}\nReply with nothing but JSON of this schema: "
        f"{json.dumps(schema, sort_keys=True)}"
    )
    changed = {**payload, "messages": [*before, {**last, "content": asked}]}
    del changed["response_format"]
    if form == "text":
        return changed
    return {**changed, "response_format": {"type": "json_object", "schema": schema}}


def every_form(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The payload in each form in which it may have been sent."""
    if not is_structured(payload):
        return [payload]
    return [in_answer_form(payload, form) for form in FORMS]


async def formed(
    requests: Iterable[Mapping[str, Any]],
    asker: Asker,
    book: Callable[[Settled], None],
) -> Iterable[Mapping[str, Any]]:
    """The requests, with structured answers asked for in the endpoint's form."""
    rest = iter(requests)
    first = next(rest, None)
    if first is None or not is_structured(first):
        return chain([first] if first else [], rest)
    form = await find_form(asker, first, book)
    return (in_answer_form(payload, form) for payload in chain([first], rest))


async def find_form(
    asker: Asker,
    payload: Mapping[str, Any],
    book: Callable[[Settled], None],
) -> str:
    """Find the strictest form that the endpoint accepts, with one request.

    `book` records the replies, so that each is paid once. A form is remembered when it was
    answered.
    Raises UserError when the endpoint cannot be used.
    """
    host, model = asker.endpoint.host, payload["model"]
    if (known := asker.ledger.response_format(host, model)) is not None:
        return known
    certain = True  # every stricter form was refused in words, or answered without JSON
    for form in FORMS:
        text, sure = await _try(asker, in_answer_form(payload, form), book)
        if text == "":
            return form  # it was taken, but the answer was cut short or filtered: not remembered
        certain = certain and sure
        if text is not None and (form == "text" or _is_json(text)):
            if certain:
                asker.ledger.remember_response_format(host, model, form)
            return form
    return "text"


async def _try(
    asker: Asker,
    payload: Mapping[str, Any],
    book: Callable[[Settled], None],
) -> tuple[str | None, bool]:
    """The answer to a payload, empty where the reply holds none; None where it is refused. And
    whether that is sure.

    It is not after two 500s that don't speak of the form, as those of llama.cpp do, nor after two
    replies that are cut short or empty.
    """
    asked = Asked(payload_key(payload), payload)
    if asked.key in (known := asker.ledger.get_many([asked.key])):
        return known[asked.key].text, True
    asker.ledger.check_writable()  # before a reply is paid for
    crashes, reason = 0, ""
    for attempt in range(1, TRIES + 1):
        outcome = await asker.attempt(asked)
        refusal = outcome if isinstance(outcome, Refusal) else refusal_of_reply(outcome)
        if not isinstance(outcome, Refusal):
            asker.ledger.add([(asked.key, payload)])
            spent = asker.spent(asked, outcome)
            if outcome.problem is None:
                answer = asker.answer(asked, outcome)
                book(Settled([answer], payloads={asked.key: payload}))
                return outcome.text, True
            book(Settled(spent=spent))
            if refusal is None:
                if outcome.final:
                    return "", True
                crashes, reason = crashes + 1, str(outcome.problem)
                if crashes == 2:
                    return None, False
                continue
        assert refusal is not None
        reason = refusal.reason
        if refusal.kind in ("account", "unreachable"):
            raise refusal_error(asker.endpoint.host, refusal)
        if refusal.kind == "request" and not asker.learn(refusal, asked):
            return None, True
        crashes += reason.startswith("HTTP 500")
        if crashes == 2:
            return None, bool(_OF_FORM.search(reason))
        await asyncio.sleep(attempt if refusal.wait is None else min(refusal.wait, 60.0))
    raise UserError(
        f"the teacher at {asker.endpoint.host} does not answer ({reason}): see that it runs; "
        f"{NOT_LOST}"
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def find_outcomes(ledger: Ledger, payloads: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """The outcome of each payload, in any form.

    An answer in one form beats a failure in another.
    """
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
    """The answer to each payload, in any form."""
    return [
        outcome if isinstance(outcome, Answer) else None
        for outcome in find_outcomes(ledger, payloads)
    ]
