"""Large bodies and clients that stop sending block nobody else."""

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from corpusmith.hub.local import application, limits
from tests.hub import http

TOKENS = '[[user]]\nname = "ada"\ntoken = "token-of-ada"\nrole = "write"\n'


@pytest.fixture
def guarded(loopback, tmp_path: Path) -> str:
    (tmp_path / "tokens.toml").write_text(TOKENS)
    return loopback(lambda _: application(tmp_path / "g", tmp_path / "tokens.toml")).url


def test_large_body_is_refused_before_it_is_read(guarded: str) -> None:
    def endless(most: int):
        for _ in range(most // 65536):
            yield b" " * 65536

    for path in ("/api/validate-yaml", "/api/repos/create"):
        stranger = http.post(f"{guarded}{path}", content=b" " * (limits.STRANGER_BYTES + 1))
        assert stranger.status_code == 413
    known = {"Authorization": "Bearer token-of-ada"}
    chunked = http.post(
        f"{guarded}/api/validate-yaml", content=endless(limits.BODY_BYTES * 2), headers=known
    )
    assert chunked.status_code == 413
    unknown = http.post(f"{guarded}/api/models/ada/x/commit/main", content=endless(1 << 22))
    assert unknown.status_code in (401, 404)


def test_client_that_stops_sending_is_refused(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS_BETWEEN_CHUNKS", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /api/validate-yaml HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: 100\r\n\r\n{")
        slow.settimeout(30)
        assert b" 408 " in slow.recv(4096).split(b"\r\n")[0]


def test_body_that_arrives_byte_by_byte_is_refused(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS_BEFORE_RATE", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /api/validate-yaml HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: 1000\r\n\r\n{")
        slow.settimeout(0.05)
        answer = answer_to_drops(slow, 400)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b"less than 1024 bytes a second" in answer


def answer_to_drops(slow: socket.socket, most: int) -> bytes:
    """What the Hub answers to a client that sends a byte each 50 ms, `most` of them."""
    for _ in range(most):
        slow.sendall(b" ")
        with suppress(TimeoutError):
            return slow.recv(4096)
    return b""


def test_slow_upload_above_the_lowest_rate_is_accepted(
    api: HfApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS_BEFORE_RATE", 0.2)

    def body():
        for _ in range(4):
            time.sleep(0.1)
            yield b" " * 65536
        yield b'{"content": "---\\nlicense: mit\\n---\\n", "repoType": "model"}'

    assert http.post(f"{api.endpoint}/api/validate-yaml", content=body()).status_code == 200


def test_idle_connections_do_not_block_others(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 50)
    address = ("127.0.0.1", int(hub.rpartition(":")[2]))
    idle = [socket.create_connection(address) for _ in range(120)]
    try:
        time.sleep(0.2)
        assert http.get(f"{hub}/api/models").status_code == 200
        idle[0].settimeout(10)
        assert idle[0].recv(1) == b"", "the oldest connection was closed"
    finally:
        for one in idle:
            one.close()


def test_connection_without_request_is_closed(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS_FOR_HEADERS", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"GET / HT")
        slow.settimeout(30)
        assert slow.recv(1) == b""
