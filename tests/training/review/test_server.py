"""The page's server: the key, the host, saving, and the end."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from corpusmith.training.review.sentences import Review
from corpusmith.training.review.server import ReviewServer


@pytest.fixture
def server(review: Review) -> Iterator[ReviewServer]:
    with ReviewServer(review) as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.02,))
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def ask(
    server: ReviewServer, method: str, path: str, content: Any = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    body = None if content is None else json.dumps(content)
    sent = {"X-Key": server.key, **{name.replace("_", "-"): v for name, v in headers.items()}}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    result = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return result


def test_page_loads_nothing_from_elsewhere(server: ReviewServer) -> None:
    status, page, headers = ask(server, "GET", f"/?key={server.key}")
    assert status == 200 and b"<title>Review sentences" in page
    assert b"http" not in page.replace(b'charset="utf-8"', b"")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


def test_corrected_sentence_is_saved(server: ReviewServer) -> None:
    status, content, _ = ask(server, "GET", "/sentences")
    first = json.loads(content)["sentences"][0]
    assert status == 200 and not first["done"]
    spans = [[0, 1, "Disease"]]
    status, answer, _ = ask(server, "POST", "/sentence", {"id": first["id"], "spans": spans})
    assert (status, json.loads(answer)) == (200, {"done": 1})
    again = json.loads(ask(server, "GET", "/sentences")[1])["sentences"][0]
    assert again["done"] and again["spans"] == spans
    assert (server.review.folder / "corrected.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/?key=wrong", {}),
        ("GET", "/sentences", {"X_Key": "wrong"}),
        ("GET", "/sentences", {"Host": "evil.example"}),
        ("POST", "/sentence", {"X_Key": ""}),
        ("POST", "/finish", {"X_Key": "wrong"}),
        ("POST", "/sentence", {"Host": "evil.example"}),
        ("GET", "/etc/passwd", {}),
    ],
)
def test_requests_without_key_or_from_another_host_are_refused(
    server: ReviewServer, method: str, path: str, headers: dict[str, str]
) -> None:
    status, answer, _ = ask(server, method, path, {"id": "1", "spans": []}, **headers)
    assert status == 404 and b"Patient" not in answer
    assert not (server.review.folder / "corrected.jsonl").exists()


@pytest.mark.parametrize("content", [[], {"id": "1"}, {"id": "99", "spans": []}, "x", None])
def test_malformed_correction_is_refused(server: ReviewServer, content: Any) -> None:
    assert ask(server, "POST", "/sentence", content)[0] == 400


def test_page_answers_on_loopback_only(server: ReviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_finish_ends_the_server(review: Review) -> None:
    with ReviewServer(review) as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.02,))
        thread.start()
        assert ask(started, "POST", "/finish", {})[0] == 200
        thread.join(30)
        assert not thread.is_alive()
