"""Read the result files of a batch line by line. A broken line affects only its own request."""

import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import openai
from openai.types import Batch

from corpusmith.errors import UserError
from corpusmith.redaction import redact
from corpusmith.teacher.endpoint.connection import status_refusal
from corpusmith.teacher.endpoint.refusal import (
    QUOTA_REMEDY,
    REMEDIES,
    Refusal,
    message_of,
    refusal_of,
)
from corpusmith.teacher.endpoint.reply import Reply, read_reply

NOT_GIVEN = (openai.NotFoundError, openai.PermissionDeniedError, openai.BadRequestError)
PATIENCE = 10  # retries of idempotent calls, over about a minute
_KEY = re.compile(r"[0-9a-f]{64}")
_ENQUEUED = re.compile(r"token_limit_exceeded|enqueued", re.I)


def patient(client: openai.AsyncOpenAI) -> openai.AsyncOpenAI:
    """The client with retries, for idempotent calls: a batch itself is submitted once."""
    return client.with_options(max_retries=PATIENCE)


async def result_lines(client: openai.AsyncOpenAI, batch: Batch) -> AsyncIterator[str]:
    """The lines of a batch's output file and error file."""
    for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
        async with patient(client).files.with_streaming_response.content(file_id) as response:
            rest = b""  # iter_lines would also split at U+2028, which JSON may hold
            async for chunk in response.iter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line.decode("utf-8", "replace")
            yield rest.decode("utf-8", "replace")


def read_line(line: str) -> tuple[str, Reply | Refusal] | None:
    """The key and outcome of a request; None for a blank or broken line."""
    try:
        result = json.loads(line)
        key, response = result["custom_id"], result.get("response") or {}
        status, body = response.get("status_code"), response.get("body")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return None
    if status == 200:
        return key, read_reply(json.dumps(body).encode())
    if not isinstance(status, int):
        return key, Refusal("passing", redact(message_of(result.get("error")) or "no response"))
    return key, refusal_of(status, body, {})


def complaint(batch: Batch) -> str:
    """The endpoint's reason for refusing a batch."""
    errors = (batch.errors and batch.errors.data) or []
    texts = [error.message or error.code or "" for error in errors[:3]]
    return redact("; ".join(filter(None, texts)) or "no reason was given")


def is_over_limit(batch: Batch) -> bool:
    """Whether a batch failed because too many tokens are enqueued."""
    errors = (batch.errors and batch.errors.data) or []
    return any(_ENQUEUED.search(f"{error.code} {error.message}") for error in errors)


def not_given(
    host: str, batch_id: str, ledger_path: Path, error: openai.APIStatusError
) -> Exception:
    """The error for a batch, or its results, that the endpoint does not know or refuses.

    It is `error` itself where the key or the quota is the cause.
    """
    refusal = status_refusal(error)
    if refusal.remedy in (QUOTA_REMEDY, REMEDIES[401]):
        return error
    return UserError(
        f"{host} does not give the batch {batch_id} or its results ({refusal.reason}): it belongs "
        "to another key, or was deleted. Use the key that submitted it, or drop it, after which "
        "its requests are paid for again: corpusmith ledger batches "
        f"{shlex.quote(str(ledger_path))} --drop {batch_id}"
    )
