"""Large bodies and clients that stop sending block nobody else."""

import socket
import time
from contextlib import ExitStack, suppress
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
    monkeypatch.setattr(limits, "SECONDS_FOR_HEADERS", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /api/validate-yaml HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: 1000\r\n\r\n{")
        answer = answer_to_drops(slow)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b"less than 1024 bytes a second" in answer


def answer_to_drops(slow: socket.socket) -> bytes:
    """What the Hub answers, until it closes, to a client that sends a byte each 50 ms."""
    slow.settimeout(0.05)
    received = b""
    for _ in range(400):
        with suppress(TimeoutError):
            try:
                slow.sendall(b" ")
                piece = slow.recv(4096)
            except ConnectionError:
                return received
            if not piece:
                return received
            received += piece
    pytest.fail("the connection stays open")


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


def test_refused_client_that_keeps_sending_is_closed(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS_FOR_HEADERS", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /api/validate-yaml HTTP/1.1\r\nHost: localhost\r\n")
        slow.sendall(b"Content-Length: %d\r\n\r\n{" % (limits.BODY_BYTES + 1))
        assert b" 413 " in answer_to_drops(slow).split(b"\r\n")[0]


def test_idle_connections_do_not_block_others(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 50)
    address = ("127.0.0.1", int(hub.rpartition(":")[2]))
    idle = [socket.create_connection(address) for _ in range(80)]
    try:
        time.sleep(0.2)
        assert http.get(f"{hub}/api/models").status_code == 200
        assert_refused(idle[0])
    finally:
        for one in idle:
            one.close()


def test_busy_connections_are_kept_and_a_new_one_gets_503(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 3)
    address = ("127.0.0.1", int(hub.rpartition(":")[2]))
    body = b'{"content": "---\\nlicense: mit\\n---\\n", "repoType": "model"}'
    head = b"POST /api/validate-yaml HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
    with ExitStack() as opened:
        busy = [opened.enter_context(socket.create_connection(address)) for _ in range(3)]
        for one in busy:
            one.settimeout(30)
            one.sendall(head % len(body) + b"Expect: 100-continue\r\n\r\n")
            assert b" 100 " in one.recv(4096)  # its body is being waited for
        assert http.get(f"{hub}/api/models").status_code == 503
        assert_refused(opened.enter_context(socket.create_connection(address)))
        for one in busy:
            one.sendall(body)
            assert b" 200 " in one.recv(4096).split(b"\r\n")[0]


def assert_refused(one: socket.socket) -> None:
    """A connection was answered with 503 and closed."""
    one.settimeout(30)
    received = b"".join(iter(lambda: one.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 503 ") and b"Retry-After:" in received


def test_refused_connections_are_bounded(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 5)
    monkeypatch.setattr(limits, "SECONDS_TO_READ_REFUSAL", 60.0)
    address = ("127.0.0.1", int(hub.rpartition(":")[2]))
    with ExitStack() as opened:
        many = [opened.enter_context(socket.create_connection(address)) for _ in range(30)]
        many[-1].settimeout(30)
        assert many[-1].recv(1) == b"", "closed without an answer"
        assert_refused(many[0])


def test_connection_without_request_is_closed(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS_FOR_HEADERS", 0.2)
    with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as slow:
        slow.sendall(b"GET / HT")
        slow.settimeout(30)
        assert slow.recv(1) == b""
