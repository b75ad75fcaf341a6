"""The forms in which a structured answer may be asked for, and the ledger's answer to a payload in any of them.

A plan asks in OpenAI's form, `json_schema`. llama.cpp wants the schema beside `json_object`; other servers take no
`response_format` at all, and the schema goes into the prompt. What is sent is what the ledger's key is made of.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from builders.ledger import Answer, Ledger
from builders.payload import payload_key

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
    return changed if form == "text" else {**changed, "response_format": {"type": "json_object", "schema": schema}}


def every_form(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The payload in each form in which it may have been sent."""
    return [in_form(payload, form) for form in FORMS] if is_structured(payload) else [payload]


def find_outcomes(ledger: Ledger, payloads: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """What became of each payload, in whichever form it was asked; an answer in one form beats a failure in another."""
    keys = [[payload_key(form) for form in every_form(payload)] for payload in payloads]
    answers = ledger.get_many(key for forms in keys for key in forms)
    failed = ledger.settled(key for forms in keys for key in forms if answers.keys().isdisjoint(forms))
    return [
        next(
            (answers[key] for key in forms if key in answers),
            "pending" if failed.keys().isdisjoint(forms) else "failed",
        )
        for forms in keys
    ]


def find_answers(ledger: Ledger, payloads: Iterable[Mapping[str, Any]]) -> list[Answer | None]:
    """For each payload the answer to it in whichever form it was asked."""
    return [outcome if isinstance(outcome, Answer) else None for outcome in find_outcomes(ledger, payloads)]
