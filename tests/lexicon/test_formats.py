"""Lexicons behind addresses that carry a secret: read, and never shown with it."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from corpusmith.errors import UserError
from corpusmith.lexicon.formats import load_external
from corpusmith.recipe.fingerprint import file_name

TABLE = b"concept_id\tname\nD:1\tgout\nD:2\tague\n"
SECRETS = ("abcdef123", "pa55word", "ada:")


class Store(BaseHTTPRequestHandler):
    """Serves two lists to those who bring the signature."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        files = {
            "/words.tsv": TABLE,
            "/words.tsv.gz": gzip.compress(TABLE),
            "/bad.tsv": b"name\ngout\n",
        }
        status = 404 if path not in files else 200 if "sig=abcdef123" in query else 403
        content = files[path] if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("name", ["words.tsv", "words.tsv.gz"])
def test_signed_address_is_read_and_named_without_signature(store: str, name: str) -> None:
    lexicon = load_external(f"{store}/{name}?sig=abcdef123&x=1")
    assert [concept.names for concept in lexicon.concepts] == [("gout",), ("ague",)]
    assert (lexicon.name, lexicon.attribution) == ("words.tsv", name)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("words.tsv?sig=abcdef123x", "cannot be read"),  # the store refuses it
        ("absent.tsv?sig=abcdef123", "cannot be read"),
        ("bad.tsv?sig=abcdef123", "first line must have the columns"),
        ("words.docx?sig=abcdef123", "ending is none of"),
    ],
)
def test_errors_show_no_secret_of_the_address(store: str, path: str, message: str) -> None:
    address = f"{store}/{path}".replace("abcdef123x", "wrong&token=abcdef123")
    with pytest.raises(UserError, match=message) as caught:
        load_external(address)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    assert "127.0.0.1" in str(caught.value) and caught.value.__cause__ is None


def test_unreachable_address_with_a_password_is_shown_without_it() -> None:
    with pytest.raises(UserError, match="cannot be read") as caught:
        load_external("http://ada:pa55word@127.0.0.1:9/words.tsv?sig=abcdef123")
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


def test_identity_of_a_corpus_does_not_depend_on_a_signature() -> None:
    signed = "https://ada:pa55word@store.example/words.tsv?sig=abcdef123"
    assert file_name(signed) == file_name("https://store.example/words.tsv?sig=other")


NUMBERED = b'{"graphs": [{"nodes": [{"type": "CLASS", "lbl": 3, "id": "x"}]}]}'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "gout\ncaf\xe9\n".encode("latin-1"), r"a\.txt, line 2: not UTF-8; save it"),
        ("a.txt", "gout\n".encode("utf-16-le"), r"a\.txt holds zero bytes"),
        ("a.json", b'{"graphs": 3}', r"a\.json is not an OBO graph"),
        (
            "a.json",
            b'{"graphs": [{"nodes": [{"type": "CLASS", "lbl": 3, "id": "x"}]}]}',
            "not text",
        ),
        ("a.json", b"[" * 20_000, r"a\.json is not an OBO graph"),
        ("a.txt.gz", b"\x1f\x8bjunk", r"a\.txt\.gz cannot be read"),
    ],
)
def test_damaged_list_is_one_line_with_its_name(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        load_external(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_list_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.txt").write_bytes("gout|ague\nMénière\n".encode(encoding))
        concepts = load_external(str(tmp_path / "a.txt")).concepts
        assert [concept.names for concept in concepts] == [("gout", "ague"), ("Ménière",)]
