"""The address and the key of an endpoint, and the HTTP client that reaches it."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import openai

from corpusmith.errors import UserError
from corpusmith.redaction import redact

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SHORTEST_KEY = 8  # characters; a placeholder for an endpoint that needs no key is shorter
CONNECT_TIMEOUT = 30.0


@dataclass(frozen=True)
class Endpoint:
    """The address and key of a teacher. The key is not printed."""

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def from_environment(cls, base_url: str | None = None) -> "Endpoint":
        """`base_url` or OPENAI_BASE_URL, with OPENAI_API_KEY; a loopback address needs no key."""
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # such as a port above 65535
            known = False
        if not known:
            raise UserError(
                f"{redact(url)} is not a URL of a teacher: give one such as http://127.0.0.1:8081/v1"
            )
        if parts.username or parts.password:
            raise UserError(f"{redact(url)}: a URL must not contain a password: set OPENAI_API_KEY")
        key = checked_key(os.environ.get("OPENAI_API_KEY", ""))
        if not key and parts.hostname not in LOOPBACK:
            raise UserError(f"the teacher at {parts.hostname} needs a key: set OPENAI_API_KEY")
        return cls(url, key or "none")

    @staticmethod
    def is_configured(base_url: str | None = None) -> bool:
        """Whether the user has named an endpoint, or has a key for the default one."""
        names = ("OPENAI_BASE_URL", "OPENAI_API_KEY")
        return bool(base_url) or any(os.environ.get(name) for name in names)

    @property
    def host(self) -> str:
        """Host and port, the part of the URL that is stored and shown."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def client(self, connections: int = 4, timeout: float = 600.0) -> openai.AsyncOpenAI:
        """A client without retries. `timeout` is the longest silence of the server, in seconds.

        Uses the aiohttp transport, which stays fast with hundreds of requests in flight.
        """
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        wait = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
        transport = openai.DefaultAioHttpClient(limits=limits, timeout=wait)
        return openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.api_key,
            http_client=transport,
            max_retries=0,
            timeout=wait,
        )

    def without_key(self, text: str) -> str:
        """The text without this endpoint's key: a proxy may echo what it was sent."""
        return (
            text.replace(self.api_key, "[redacted]") if len(self.api_key) >= SHORTEST_KEY else text
        )


def checked_key(key: str) -> str:
    """The key without white space around it. Raises UserError for one that no header can hold."""
    key = key.strip()
    for position, character in enumerate(key, start=1):
        if not "!" <= character <= "~":
            raise UserError(
                f"OPENAI_API_KEY holds U+{ord(character):04X} at character {position} of "
                f"{len(key)}, which no HTTP header can hold: set the key again, without line "
                "breaks and quotes"
            )
    return key
