"""The page on which a person corrects sentences: on the loopback only, without an account.

Only a browser that has the key of the address can read or write. The page loads nothing from
elsewhere, and neither address nor log holds a word of a sentence.
"""

import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from corpusmith.training.review.sentences import Review, page_content

PAGE = Path(__file__).with_name("page.html")
LARGEST = 1 << 20  # bytes of a request
TIMEOUT = 60  # seconds for a request to arrive
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ReviewServer(ThreadingHTTPServer):
    """Serves one review until the person has finished."""

    daemon_threads = True

    def __init__(self, review: Review, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.review, self.key, self.lock = review, secrets.token_urlsafe(16), threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/?key={self.key}"


class Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = TIMEOUT

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/" and self.allowed(parse_qs(address.query).get("key", [""])[0]):
            self.answer(PAGE.read_bytes(), "text/html; charset=utf-8")
        elif address.path == "/sentences" and self.allowed(self.headers.get("X-Key", "")):
            with self.server.lock:
                self.answer_json(page_content(self.server.review))
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "open the address that the command printed")

    def do_POST(self) -> None:
        if not self.allowed(self.headers.get("X-Key", "")):
            self.refuse(HTTPStatus.NOT_FOUND, "open the address that the command printed")
            return
        if self.path == "/finish":
            self.answer_json({})
            threading.Thread(target=self.server.shutdown).start()
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST:
            self.refuse(HTTPStatus.BAD_REQUEST, "send a sentence of at most 1 MB")
            return
        try:
            sent = json.loads(self.rfile.read(int(length)))
            with self.server.lock:
                self.server.review.save(str(sent["id"]), sent["spans"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self.refuse(HTTPStatus.BAD_REQUEST, str(error) or type(error).__name__)
            return
        self.answer_json({"done": len(self.server.review.corrected)})

    def allowed(self, key: str) -> bool:
        """Whether a request has the key, and names this server as its host.

        The second check stops a page elsewhere whose name was pointed to 127.0.0.1 (DNS rebinding).
        """
        port = self.server.server_port
        hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        right = secrets.compare_digest(key.encode(), self.server.key.encode())
        return right and self.headers.get("Host") in hosts

    def answer_json(self, content: Any) -> None:
        self.answer(json.dumps(content).encode(), "application/json")

    def refuse(self, status: HTTPStatus, reason: str) -> None:
        self.answer(json.dumps({"error": reason}).encode(), "application/json", status)

    def answer(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing."""


def serve(review: Review, say: Callable[[str], None], port: int = 0) -> None:
    """Serve the page until the person presses Finish, or Ctrl-C."""
    with ReviewServer(review, port) as server:
        say(f"Open {server.url}")
        say("Each sentence is saved as you go. Press Finish on the page, or Ctrl-C here, to end.")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("stopped: run the same command again to continue")
