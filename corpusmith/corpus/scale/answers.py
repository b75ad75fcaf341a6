"""Answers as plain files: JSON lines that carry the number of their request, so that any host can
work on any of them.

    {"index": 17, "key": "9f86d081884c7d65", "text": "…", "finish_reason": "stop", "prompt_tokens":
    201, …}

A request that failed has no `text`. A ledger has one writing host; these files can be read by many
hosts.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TextIO

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.lexicon.words import without_half_pairs
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.structured import find_outcomes

KEY = 16  # hex digits of the payload's SHA-256, to match an answer with its request
FIELDS = ("finish_reason", "prompt_tokens", "completion_tokens", "cached_tokens")


def write_answers(plan: Plan, ledger: Ledger, out: TextIO, shard: int = 0, of: int = 1) -> int:
    """Write the answers to requests `shard, shard + of, …`; returns how many are pending."""
    pending = 0
    for requests in batches(plan.requests(shard, of), 2000):
        outcomes = find_outcomes(ledger, (request.payload for request in requests))
        for request, outcome in zip(requests, outcomes, strict=True):
            if outcome == "pending":
                pending += 1
                continue
            line = {"index": request.index, "key": payload_key(request.payload)[:KEY]}
            if isinstance(outcome, Answer):
                line |= {"text": outcome.text, **{name: getattr(outcome, name) for name in FIELDS}}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return pending


def read_indices(lines: Iterable[str], where: str, most: int) -> Iterator[tuple[int, str]]:
    """Each line with its request's number. Raises UserError where there is no such request."""
    for number, line in enumerate(lines, start=1):
        try:
            index = json.loads(line)["index"]
        except (ValueError, TypeError, KeyError):
            raise UserError(
                f"{where}, line {number} is not an answer: give JSON with `index`, `key` and `text`"
            ) from None
        if not isinstance(index, int) or not 0 <= index < most:
            raise UserError(
                f"{where}, line {number}: request {index!r} is not one of the recipe's {most}: "
                "raise `rows`"
            )
        yield index, line


def read_answer(line: str, key: str) -> Answer | None:
    """The answer to the request whose payload hashes to `key`, None where it failed.

    Raises UserError when the line answers another request: the recipe was changed since it was
    asked.
    """
    row = json.loads(line)
    if row.get("key") != key[:KEY]:
        raise UserError(
            f"the answer to request {row['index']} was given to another payload: "
            "build with the recipe that was asked"
        )
    if "text" not in row:
        return None
    return Answer(
        key, without_half_pairs(row["text"]), **{name: row[name] for name in FIELDS if name in row}
    )
