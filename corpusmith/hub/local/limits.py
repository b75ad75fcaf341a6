"""Bounds on what a client may send: bytes, seconds and connections, each with its refusal."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from corpusmith.hub.local.objects import HubError

STRANGER_BYTES = 1 << 20  # of a body, where a tokens file says who is known
BODY_BYTES = 16 << 20
COMMIT_BYTES = 1 << 30
XORB_BYTES = 128 << 20  # the protocol's own limit is 64 MiB
SHARD_BYTES = 64 << 20
SECONDS_FOR_HEADERS = 30.0
SECONDS_BETWEEN_CHUNKS = 60.0
SECONDS_BEFORE_RATE = 120.0  # of waiting for a body, before its mean rate counts
LOWEST_RATE = 1024  # bytes a second of waiting
CONNECTIONS = 256
SECONDS_TO_READ_REFUSAL = 5.0
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\n"
    b"X-Error-Message: This Hub has too many connections.\r\nConnection: close\r\n"
    b'Content-Length: 47\r\n\r\n{"error": "This Hub has too many connections."}'
)


async def chunks(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body of a request, at most `most` bytes of it.

    Only the time that is spent waiting for the client counts, not that of this Hub's disk.

    Raises:
        HubError: 413 for a larger body, 408 for a client that stops sending or sends too slowly.
    """
    told = request.headers.get("content-length", "0")
    received = int(told) if told.isdigit() and len(told) < 20 else most + 1
    if received > most:
        raise HubError(413, f"The body is larger than {most} bytes, the most for this request.")
    received, waited, stream = 0, 0.0, request.stream()
    while True:
        left = SECONDS_BEFORE_RATE + received / LOWEST_RATE - waited
        asked = time.monotonic()
        try:
            chunk = await asyncio.wait_for(anext(stream), min(SECONDS_BETWEEN_CHUNKS, left))
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            slow = f"The body arrived at less than {LOWEST_RATE} bytes a second."
            stopped = left > SECONDS_BETWEEN_CHUNKS
            raise HubError(408, "The body stopped arriving." if stopped else slow) from None
        waited += time.monotonic() - asked
        received += len(chunk)
        if received > most:
            raise HubError(413, f"The body is larger than {most} bytes, the most for this request.")
        yield chunk


async def body(request: Request, most: int) -> bytes:
    """A whole body of at most `most` bytes."""
    return b"".join([chunk async for chunk in chunks(request, most)])


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 whose idle connections end.

    A connection without a complete request head is closed after a while, also after an answer. When
    there are too many connections, the longest idle one is refused, so that idle clients never
    block a busy one. If none is idle, the new one is refused.
    """

    refused = False

    def connection_made(self, transport: Any) -> None:
        """Start the clock, and make room if there are too many connections."""
        super().connection_made(transport)
        self.start_clock()
        others = [one for one in self.connections if isinstance(one, BoundedProtocol)]
        held = [one for one in others if not one.refused]
        if len(others) > 2 * CONNECTIONS:  # as many again were refused and don't leave
            transport.abort()
        elif len(held) > CONNECTIONS:
            idle = [one for one in held if one is not self and one.is_idle]
            min(idle, key=lambda one: one.since, default=self).refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self.clock.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Drop what a refused client sends."""
        if not self.refused:
            super().data_received(data)

    def on_response_complete(self) -> None:
        """Start the clock again. A refused client may never end its body."""
        self.clock.cancel()
        self.start_clock()
        super().on_response_complete()

    def start_clock(self) -> None:
        self.since = time.monotonic()
        self.clock = self.loop.call_later(SECONDS_FOR_HEADERS, self.close_if_idle)

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def close_if_idle(self) -> None:
        """Close a connection that has sent no request since the last answer."""
        if self.is_idle:
            self.transport.close()

    def refuse(self) -> None:
        """Answer 503, and close a moment later: a close with unread bytes may lose the answer."""
        self.refused = True
        self.clock.cancel()
        self.transport.write(BUSY)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.clock = self.loop.call_later(SECONDS_TO_READ_REFUSAL, self.transport.close)
