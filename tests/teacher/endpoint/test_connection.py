"""Failed connections: the error names the cause and the remedy without needless retries."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.ledger import Ledger
from tests.teacher.fake_teacher import FakeTeacher
from tests.teacher.sent import plan

CLOSED = "http://127.0.0.1:9/v1"


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A TLS server with a self-signed certificate: its URL and the certificate's path."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    names = ["-keyout", str(key), "-out", str(cert), "-days", "2"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", cert
    listener.close()


def error_of(ledger: Ledger, url: str, n: int = 20) -> str:
    with pytest.raises(UserError) as caught:
        generate(plan(n), ledger, base_url=url)
    counts = ledger.counts()
    assert (counts["failed"], counts["pending"]) == (0, n)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_closed_port_is_reported_at_once(ledger: Ledger) -> None:
    started = time.monotonic()
    assert "does not listen on this port" in error_of(ledger, CLOSED)
    assert time.monotonic() - started < 10


def test_unknown_host_is_reported(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    error = error_of(ledger, "http://no-such-host.invalid/v1")
    assert "unknown host" in error and "planted" not in error


def test_untrusted_certificate_is_reported(ledger: Ledger, self_signed: tuple[str, Path]) -> None:
    error = error_of(ledger, f"https://{self_signed[0]}/v1")
    assert "SSL_CERT_FILE" in error and "self-signed" in error


def test_http_url_of_tls_port_suggests_https(
    ledger: Ledger, self_signed: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.01)
    assert "https://" in error_of(ledger, f"http://{self_signed[0]}/v1")


def test_https_url_of_plain_port_suggests_http(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.01)
    with FakeTeacher().serve() as url:
        assert "http://" in error_of(ledger, url.replace("http:", "https:"))


def test_error_names_unreachable_proxy(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeTeacher().serve() as url:
        error = error_of(ledger, url)
        assert "proxy 127.0.0.1:9" in error and "NO_PROXY" in error
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        generate(plan(20), ledger, base_url=url)
    assert ledger.counts()["answered"] == 20


@pytest.mark.parametrize("key", ["sk-planted\n0123456789", "“sk-planted-0123456789”", "sk planted"])
def test_key_invalid_in_a_header_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UserError, match=r"OPENAI_API_KEY holds U\+") as caught:
        Endpoint.from_environment(CLOSED)
    assert "planted" not in str(caught.value)


def test_whitespace_around_api_key_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-planted-0123456789\n")
    assert Endpoint.from_environment(CLOSED).api_key == "sk-planted-0123456789"
