"""The application: its routes, and refusals as clients read them."""

import errno
import inspect
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from filelock import FileLock, Timeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from corpusmith.hub.local import collection, files, limits, pages, pulls, refs, repos
from corpusmith.hub.local.auth import Call, JsonAnswer, read_users
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.store import Store, claim
from corpusmith.hub.local.upload import commit as uploads
from corpusmith.hub.local.upload import xet

logger = logging.getLogger(__name__)
LOOPBACK = ["127.0.0.1", "localhost"]
FOREIGN_HOST = (
    "Without a tokens file this Hub answers only to the names 127.0.0.1 and localhost. Start it "
    "with --tokens FILE, or behind a proxy with --url and its public address."
)
SECONDS_TO_LEAVE = 10  # a hub may take to shut down
BARE_ID = re.compile(  # an id without a namespace, as the real Hub's oldest repositories have
    r"/api/(models|datasets|spaces)/[^/]+(/revision/[^/]+)?|/((datasets|spaces)/)?[^/]+/resolve/.*"
)
# Errors of code that reads a malformed request, and of the file system for an invalid name.
MALFORMED = (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError, OSError)

REPO = "/api/{kind}/{namespace}/{name}"
COLLECTION = "/api/collections/{namespace}/{slug}"
XET = "/api/xet/{session}/{kind}/{namespace}/{name}/v1"
API: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("GET", "/api/whoami-v2", repos.whoami),
    ("POST", "/api/validate-yaml", repos.validate_yaml),
    ("POST", "/api/repos/create", repos.create),
    ("DELETE", "/api/repos/delete", repos.delete),
    ("POST", "/api/repos/move", repos.move),
    ("GET", "/api/collections", collection.listing),
    ("POST", "/api/collections", collection.create),
    ("GET", COLLECTION, collection.show),
    ("POST", COLLECTION + "/items", collection.add_item),
    ("PATCH", COLLECTION + "/items/{item}", collection.update_item),
    ("POST", XET + "/xorbs/default/{hash}", xet.put_xorb),
    ("POST", XET + "/shards", xet.put_shard),
    ("GET", "/", pages.index),
    ("GET", "/login", pages.login),
    ("GET", "/-/style.css", pages.style),
    ("GET", "/collections/{namespace}/{slug}", pages.collected),
    ("GET", "/api/{kind}", repos.listing),
    ("GET", REPO, repos.info),
    ("GET", REPO + "/revision/{rev}", repos.info),
    ("GET", REPO + "/auth-check", repos.auth_check),
    ("PUT", REPO + "/settings", repos.change_settings),
    ("GET", REPO + "/refs", refs.listing),
    ("GET", REPO + "/commits/{rev}", refs.commits),
    ("POST", REPO + "/branch/{branch}", refs.create_branch),
    ("DELETE", REPO + "/branch/{branch}", refs.delete_branch),
    ("POST", REPO + "/tag/{rev}", refs.create_tag),
    ("DELETE", REPO + "/tag/{rev}", refs.delete_tag),
    ("POST", REPO + "/super-squash/{branch}", refs.squash),
    ("GET", REPO + "/discussions", pulls.listing),
    ("POST", REPO + "/discussions", pulls.create),
    ("GET", REPO + "/discussions/{number}", pulls.show),
    ("POST", REPO + "/discussions/{number}/merge", pulls.merge),
    ("GET", REPO + "/tree/{rev}", files.tree),
    ("GET", REPO + "/tree/{rev}/{path:path}", files.tree),
    ("POST", REPO + "/paths-info/{rev}", files.paths_info),
    ("POST", REPO + "/preupload/{rev}", uploads.preupload),
    ("POST", REPO + "/commit/{rev}", uploads.commit),
    ("GET", REPO + "/xet-write-token/{rev}", xet.write_token),
]
# What follows a repository's address: `/{namespace}/{name}`, with `/datasets` or `/spaces` before
# it.
BESIDE_REPO: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("POST", ".git/info/lfs/objects/batch", uploads.lfs_batch),
    ("POST", ".git/info/lfs/objects/verify", uploads.lfs_verify),
    ("PUT", ".git/info/lfs/objects/{oid}", uploads.lfs_put),
    ("GET", "/resolve/{rev}/{path:path}", files.resolve),
    ("GET", "", pages.repository),
    ("GET", "/blob/{rev}/{path:path}", files.redirect_to_file),
    ("GET", "/raw/{rev}/{path:path}", files.redirect_to_file),
    ("GET", "/tree/{rev}", pages.repository),
    ("GET", "/tree/{rev}/{path:path}", pages.repository),
    ("GET", "/commits/{rev}", pages.repository),
    ("GET", "/commit/{rev}", pages.repository),
    ("GET", "/info/refs", pages.no_git),
    ("GET", ".git/info/refs", pages.no_git),
    ("GET", "/discussions", pages.repository),
    ("GET", "/discussions/{number}", pages.repository),
]


def endpoint(handler: Callable[[Call], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler as a route's endpoint.

    A handler that is a coroutine reads the body as a stream. The others get it whole, and run in a
    thread. The size of a body is limited, more so for anonymous users.
    """

    async def run(request: Request) -> Response:
        if inspect.iscoroutinefunction(handler):
            answer = await handler(Call(request))
        else:
            most = limits.BODY_BYTES if Call(request).user else limits.STRANGER_BYTES
            body = b"" if request.method == "GET" else await limits.body(request, most)
            answer = await run_in_threadpool(lambda: handler(Call(request, body)))
        return answer if isinstance(answer, Response) else JsonAnswer(answer)

    return run


def host_of(scope: Scope) -> str:
    """The host name that the client asked for, without its port."""
    named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return named.rpartition(":")[0] if re.search(r":\d*$", named) else named


class Guard:
    """Route by the path as it was sent, and refuse writes that a page of another site sends.

    A revision arrives quoted, `refs%2Fpr%2F1`, and must stay one segment. The libraries send no
    `Origin` header. With `hosts`, other host names are refused: a stranger's DNS may point one at
    the loopback.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None):
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self.hosts and host_of(scope) not in self.hosts:
                refused = JsonAnswer(
                    {"error": FOREIGN_HOST}, 400, {"X-Error-Message": FOREIGN_HOST}
                )
                return await refused(scope, receive, send)
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
            if "%00" in scope["path"] or b"%00" in scope["query_string"]:
                return await JsonAnswer({"error": "An address holds no NUL."}, 400)(
                    scope, receive, send
                )
            if scope["method"] not in ("GET", "HEAD") and any(
                name == b"origin" for name, _ in scope["headers"]
            ):
                return await JsonAnswer({"error": "Web pages cannot write."}, 403)(
                    scope, receive, send
                )
        await self.app(scope, receive, send)


def refusal(request: Request, error: Exception) -> Response:
    """An error as clients read it: a status, `X-Error-Code` and `X-Error-Message`.

    Clients ask for things that only the real Hub has, and take a 404 for "not here". An id without
    a namespace has no route here, but must read as a missing repository.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        logger.error("the disk of this Hub is full")
        error = HubError(507, "The disk of this Hub is full.")
    elif isinstance(error, FileNotFoundError):
        error = HubError(404, "The repository was deleted or moved meanwhile.", "RepoNotFound")
    elif not isinstance(error, HTTPException):
        logger.warning("malformed request: %s %s", request.method, request.url.path, exc_info=error)
        error = HubError(400, f"Malformed request: {type(error).__name__}")
    elif not isinstance(error, HubError):
        code = "RepoNotFound" if BARE_ID.fullmatch(request.url.path) else None
        error = HubError(error.status_code, error.detail, code)
    if "text/html" in request.headers.get("accept", ""):
        return pages.refused(Call(request), error)
    message = error.detail.encode("ascii", "replace").decode()
    headers = {"X-Error-Message": re.sub(r"[\x00-\x1f\x7f]", " ", message)[:1000].strip()}
    return JsonAnswer(error.body, error.status_code, headers | dict(error.headers or {}))


def application(root: Path, tokens_file: Path | None = None, url: str | None = None) -> Starlette:
    """A hub over the folder `root`, which is made if missing.

    Args:
        url: The address that clients use, where a proxy does not pass on the Host header.

    Raises:
        ValueError: the tokens file is bad, or `root` holds something else than a hub.
    """
    table = list(API)
    for prefix in ("", "/datasets", "/spaces"):
        table += [
            (method, prefix + "/{namespace}/{name}" + path, handler)
            for method, path, handler in BESIDE_REPO
        ]
    hosts = {*LOOPBACK, urlsplit(url or "").hostname or ""} - {""}
    app = Starlette(
        routes=[
            Route(path, endpoint(handler), methods=[method]) for method, path, handler in table
        ],
        middleware=[
            Middleware(Guard, hosts=None if tokens_file else frozenset(hosts)),
        ],
        exception_handlers=dict.fromkeys((HTTPException, ClientDisconnect, *MALFORMED), refusal),
    )
    app.router.redirect_slashes = False
    app.state.users = read_users(tokens_file) if tokens_file else None
    app.state.store = Store(root)
    app.state.secret = secrets.token_bytes(32)
    app.state.url = url.rstrip("/") if url else None
    return app


def serve(
    root: Path,
    port: int,
    tokens: Path | None = None,
    host: str = "127.0.0.1",
    url: str | None = None,
) -> None:
    """Serve until interrupted.

    Raises:
        ValueError: others can reach the host but there is no tokens file; the port is in use; or
            another process serves the root, and the two would not see each other's locks.
    """
    if tokens is None and host not in LOOPBACK:
        raise ValueError(
            f"Without a tokens file everybody may write, so --host {host} needs --tokens FILE."
        )
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise ValueError(f"Something listens on {host}:{port} already: give another --port.")
    claim(root)
    try:
        with FileLock(root / ".served", timeout=SECONDS_TO_LEAVE):
            uvicorn.run(
                application(root, tokens, url),
                host=host,
                port=port,
                log_level="warning",
                http=limits.BoundedProtocol,
                ws="none",
            )
    except Timeout:
        raise ValueError(
            f"{root} is served by another process already: talk to that one, or end it."
        ) from None
