"""Publishing through a reverse proxy with the default settings of nginx.

By default nginx sends the name of its upstream as Host, and refuses bodies above 1 MB with a page
in HTML. The fast tests imitate it; the slow ones run nginx where it is installed.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import HfApi

from corpusmith.errors import UserError
from corpusmith.hub import repo as requests
from corpusmith.hub.local import application
from corpusmith.hub.publish import publish
from corpusmith.hub.repo import HubTarget

MODEL = "lab/corpusmith-demo-disease-minilm"
HEADERS = r"gave out the address hub_backend, not 127\.0\.0\.1:\d+.*Host and X-Forwarded-Proto"
BODY = r"(?s)\(413\).*client_max_body_size 0"
LIMIT = 1 << 20
USERS = '[[user]]\nname = "ada"\ntoken = "token-of-ada"\nrole = "write"\norgs = ["lab"]\n'
NGINX = shutil.which("nginx")
CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream hub_backend {{ server 127.0.0.1:{hub}; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://hub_backend; {settings} }}
  }}
}}
"""
DOCUMENTED = (
    "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; "
    "client_max_body_size 0; proxy_request_buffering off;"
)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "WAITS", (0.0,))


class Imitation:
    """Does to each request what nginx does by default."""

    def __init__(self, app, limit: int | None = None) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope, receive, send) -> None:
        from starlette.responses import HTMLResponse

        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if self.limit and int(headers.get(b"content-length", b"0")) > self.limit:
                refused = HTMLResponse("<h1>413 Request Entity Too Large</h1>", 413)
                return await refused(scope, receive, send)
            kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope = {**scope, "headers": [*kept, (b"host", b"hub_backend")]}
        await self.app(scope, receive, send)


def heavy(folder: Path) -> Path:
    """The folder with weights above nginx's limit, which go up as one body."""
    (folder / "model.safetensors").write_bytes(b"\1" * (2 * LIMIT))
    return folder


@pytest.fixture
def behind(loopback, tmp_path: Path):
    """A function that starts a hub with tokens and a proxy before it, and gives its address."""

    def start(proxy, public: bool = False) -> str:
        apps: dict[str, object] = {}

        async def late(scope, receive, send):  # the hub must know the port
            await apps["hub"](scope, receive, send)

        url = loopback(lambda _: late).url
        (tmp_path / "tokens.toml").write_text(USERS)
        hub = application(tmp_path / "behind", tmp_path / "tokens.toml", url if public else None)
        apps["hub"] = proxy(hub)
        return url

    return start


def released(url: str, folder: Path) -> list[str]:
    """The files of a model that was published there."""
    publish("model", heavy(folder), MODEL, target=HubTarget(url, "token-of-ada"))
    return HfApi(endpoint=url, token="token-of-ada").list_repo_files(MODEL)


def test_error_names_the_two_headers_that_a_proxy_must_set(behind, model_folder: Path) -> None:
    with pytest.raises(UserError, match=HEADERS):
        released(behind(Imitation), model_folder)


def test_public_address_makes_the_headers_unnecessary(behind, model_folder: Path) -> None:
    assert "model.safetensors" in released(behind(Imitation, public=True), model_folder)


def test_error_names_the_setting_for_large_bodies(behind, model_folder: Path) -> None:
    with pytest.raises(UserError, match=BODY):
        released(behind(lambda hub: Imitation(hub, LIMIT), public=True), model_folder)


def test_hub_without_tokens_says_why_it_refuses_another_host(loopback, model_folder: Path) -> None:
    with pytest.raises(UserError, match=r"answers only to the names .* behind a proxy with --url"):
        publish("model", model_folder, MODEL, target=HubTarget(loopback(Imitation).url))


@pytest.fixture
def nginx(behind, tmp_path: Path) -> Iterator:
    """A function that starts nginx before a hub, with settings, and gives its address."""
    running = []

    def start(settings: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        folder = tmp_path / "nginx"
        folder.mkdir()
        hub = urlsplit(behind(lambda app: app)).port
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, hub=hub, port=port, settings=settings))
        running.append(subprocess.Popen([str(NGINX), "-c", str(config), "-p", str(folder)]))
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"http://127.0.0.1:{port}"
            time.sleep(0.01)
        raise AssertionError("nginx does not listen")

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize(
    ("settings", "error"),
    [("", HEADERS), (DOCUMENTED.partition("client_max")[0], BODY), (DOCUMENTED, None)],
)
def test_publishing_behind_nginx(
    nginx, impatient, model_folder: Path, settings: str, error: str | None
) -> None:
    url = nginx(settings)
    if error is None:
        assert "model.safetensors" in released(url, model_folder)
        return
    with pytest.raises(UserError, match=error):
        released(url, model_folder)
