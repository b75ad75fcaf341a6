"""A stub of a teacher: HTTP on the loopback, in its own process, at almost no cost."""

import asyncio
import json
import multiprocessing
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

QUOTED = re.compile(r'"([^"]+)"')  # what the prompt asks the sentence to hold


class Stub(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, and only what the client needs."""

    latency = 0.0
    served: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        if separator and len(body) >= length:
            self.received = body[length:]
            asyncio.get_running_loop().call_later(self.latency, self.reply, body[:length])

    def reply(self, body: bytes) -> None:
        Stub.served.value += 1
        message = {"role": "assistant", "content": sentence_for(json.loads(body))}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100}
        reply = {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "stub",
            "choices": [choice],
            "usage": usage,
        }
        content = json.dumps(reply).encode()
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(content)}\r\n\r\n"
        self.transport.write(head.encode() + content)


def sentence_for(payload: dict[str, Any]) -> str:
    """A sentence with the quoted names. Curator's first request asks for headers: no message."""
    asked = payload["messages"][-1]["content"] if payload["messages"] else ""
    names = re.findall(QUOTED, asked)
    return f"We studied {' with '.join(names) or 'growth'} in 12 of 140 cohorts by PCR."


def serve(listener: socket.socket, latency: float, served: Any) -> None:
    async def run() -> None:
        Stub.latency, Stub.served = latency, served
        server = await asyncio.get_running_loop().create_server(Stub, sock=listener)
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def stub(latency: float) -> Iterator[tuple[str, Any]]:
    """A stub in a process of its own: its base URL, and a counter of answered requests."""
    served = multiprocessing.Value("q", 0)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        process = multiprocessing.Process(
            target=serve, args=(listener, latency, served), daemon=True
        )
        process.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", served
        process.kill()
        process.join()
