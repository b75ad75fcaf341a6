"""An OpenAI-compatible endpoint: where it is, how it is reached, and what its replies and errors mean."""

import json
import os
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import openai

from corpusmith.errors import UserError
from corpusmith.lexicon.words import without_half_pairs
from corpusmith.teacher.ledger import Answer, Failure
from corpusmith.teacher.redaction import redact

LOOPBACK = ("localhost", "127.0.0.1", "::1")
USELESS = {
    401: "refuses the API key: set OPENAI_API_KEY",
    403: "forbids this",
    404: "has no such path or model",
}
SHORTEST_KEY = 8  # characters; what stands for a key where none is needed is shorter
PASSING = (408, 409)  # and 5xx: worth asking again


class GarbledReply(Exception):
    """A reply that is no chat completion: cut short, of another form, or empty."""


@dataclass(frozen=True)
class Endpoint:
    """Where a teacher is asked. The key is not part of what is printed."""

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def from_environment(cls, base_url: str | None = None) -> "Endpoint":
        """`base_url` or OPENAI_BASE_URL, with OPENAI_API_KEY, which an endpoint on this machine does not need."""
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(
                f"{redact(url)} is no URL of a teacher: give one such as http://127.0.0.1:8081/v1"
            )
        if parts.username or parts.password:
            raise UserError(f"{redact(url)}: a URL is no place for a password: set OPENAI_API_KEY")
        key = os.environ.get("OPENAI_API_KEY", "")
        if not key and parts.hostname not in LOOPBACK:
            raise UserError(f"the teacher at {parts.hostname} needs a key: set OPENAI_API_KEY")
        return cls(url, key or "none")

    @property
    def host(self) -> str:
        """Host and port: what is kept and shown of the URL."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def client(self, connections: int = 4, timeout: float = 600.0) -> openai.AsyncOpenAI:
        """A client that never retries by itself; `timeout` is the longest silence of the server, in seconds.

        On the aiohttp transport, which keeps its speed with hundreds of requests in flight.
        """
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        wait = httpx2.Timeout(timeout, connect=min(timeout, 30.0))
        transport = openai.DefaultAioHttpClient(limits=limits, timeout=wait)
        return openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.api_key,
            http_client=transport,
            max_retries=0,
            timeout=wait,
        )

    def read(
        self, key: str, content: bytes, attempts: int = 1, *, batch: bool = False
    ) -> Answer | Failure:
        """The answer in a reply, or a failure for one that is complete but of no use. Raises GarbledReply."""
        try:
            reply = json.loads(content)
            choice = reply["choices"][0]
            message, finish_reason = choice["message"], choice["finish_reason"]
            usage = reply.get("usage") or {}
            tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
            text, refusal = message.get("content"), message.get("refusal")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise GarbledReply(f"unreadable reply ({type(error).__name__})") from None
        if refusal:
            return Failure(key, "refused", attempts, *tokens)
        if finish_reason != "stop":
            return Failure(
                key, f"finish reason {redact(str(finish_reason))[:40]}", attempts, *tokens
            )
        if not isinstance(text, str) or not text.strip():
            raise GarbledReply("unreadable reply (empty)")
        if len(self.api_key) >= SHORTEST_KEY:
            text = text.replace(
                self.api_key, "[redacted]"
            )  # a proxy may hand back what it was sent
        text = without_half_pairs(text)
        return Answer(key, text, finish_reason, *tokens, cached, int(time.time()), self.host, batch)

    def check(self, error: openai.APIStatusError) -> None:
        """Raise UserError for an error that every request would meet."""
        if error.status_code in USELESS or error.code == "insufficient_quota":
            remedy = USELESS.get(error.status_code, "has no quota left: pay, or use another key")
            raise UserError(f"the teacher at {self.host} {remedy} ({reason_of(error)})") from None


def reason_of(error: Exception) -> str:
    """A short reason without secrets, the same for the same fault, so that reasons can be counted."""
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        return redact(
            f"HTTP {error.status_code}: {body.get('message') or error.response.reason_phrase}"
        )[:200]
    return redact(str(error))[:200]
