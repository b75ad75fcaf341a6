"""The application: which route is whose, and how a refusal looks on the wire."""

import inspect
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn
from filelock import FileLock, Timeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from corpusmith.hub.local import collection, files, pages, pulls, refs, repos, uploads, xet
from corpusmith.hub.local.auth import Call, read_users
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.store import Store

logger = logging.getLogger(__name__)
LOOPBACK = ["127.0.0.1", "localhost"]
SECONDS_TO_LEAVE = 10  # what a hub that was told to stop may still need

REPO = "/api/{kind}/{namespace}/{name}"
COLLECTION = "/api/collections/{namespace}/{slug}"
XET = "/api/xet/{session}/{kind}/{namespace}/{name}/v1"
API: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("GET", "/api/whoami-v2", repos.whoami),
    ("POST", "/api/validate-yaml", repos.validate_yaml),
    ("POST", "/api/repos/create", repos.create),
    ("DELETE", "/api/repos/delete", repos.delete),
    ("POST", "/api/repos/move", repos.move),
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
    ("POST", REPO + "/discussions", pulls.create),
    ("GET", REPO + "/discussions/{number}", pulls.show),
    ("POST", REPO + "/discussions/{number}/merge", pulls.merge),
    ("GET", REPO + "/tree/{rev}", files.tree),
    ("GET", REPO + "/tree/{rev}/{path:path}", files.tree),
    ("POST", REPO + "/paths-info/{rev}", files.paths_info),
    ("POST", REPO + "/preupload/{rev}", uploads.preupload),
    ("POST", REPO + "/commit/{rev}", uploads.commit),
    ("GET", REPO + "/xet-write-token/{rev}", xet.write_token),
]  # fmt: skip
# What follows a repository's address: `/{namespace}/{name}`, with `/datasets` or `/spaces` before it.
BESIDE_REPO: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("POST", ".git/info/lfs/objects/batch", uploads.lfs_batch),
    ("POST", ".git/info/lfs/objects/verify", uploads.lfs_verify),
    ("PUT", ".git/info/lfs/objects/{oid}", uploads.lfs_put),
    ("GET", "/resolve/{rev}/{path:path}", files.resolve),
    ("GET", "", pages.repository),
    ("GET", "/tree/{rev}", pages.repository),
    ("GET", "/commit/{rev}", pages.repository),
    ("GET", "/discussions/{number}", pages.repository),
]


def endpoint(handler: Callable[[Call], Any]) -> Callable[[Request], Awaitable[Response]]:
    """A handler that is a coroutine reads the body as a stream; the others get it whole, in a thread of their own."""

    async def run(request: Request) -> Response:
        if inspect.iscoroutinefunction(handler):
            answer = await handler(Call(request))
        else:
            body = await request.body()
            answer = await run_in_threadpool(lambda: handler(Call(request, body)))
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return run


class Guard:
    """Routes go by the path as it was sent: a revision arrives quoted, `refs%2Fpr%2F1`, and must stay one segment.
    What a page of another site makes a browser send is refused; the libraries send no `Origin`."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
            if scope["method"] not in ("GET", "HEAD") and any(
                name == b"origin" for name, _ in scope["headers"]
            ):
                return await JSONResponse({"error": "Web pages cannot write."}, 403)(
                    scope, receive, send
                )
        await self.app(scope, receive, send)


def refusal(request: Request, error: Exception) -> Response:
    """What goes wrong, as the libraries read it. They also ask for what only the real Hub has, and go on without. An id
    that has no namespace, as the real Hub's oldest repositories have, is no route here but must read as no repository.
    """
    bare_id = r"/api/(models|datasets|spaces)/[^/]+(/revision/[^/]+)?|/((datasets|spaces)/)?[^/]+/resolve/.*"
    if not isinstance(error, HTTPException):
        logger.warning("malformed request: %s %s", request.method, request.url.path, exc_info=error)
        error = HubError(400, f"Malformed request: {error!r}")
    elif not isinstance(error, HubError):
        code = "RepoNotFound" if re.fullmatch(bare_id, request.url.path) else None
        error = HubError(error.status_code, error.detail, code)
    if "text/html" in request.headers.get("accept", ""):
        return pages.refused(Call(request), error)
    message = error.detail.encode("ascii", "replace").decode().replace("\n", " ")
    return JSONResponse(
        error.body, error.status_code, {"X-Error-Message": message, **(error.headers or {})}
    )


def application(root: Path, tokens_file: Path | None = None) -> Starlette:
    """A hub over the folder `root`, which is made if missing. Raises ValueError on a bad tokens file."""
    table = list(API)
    for prefix in ("", "/datasets", "/spaces"):
        table += [
            (method, prefix + "/{namespace}/{name}" + path, handler)
            for method, path, handler in BESIDE_REPO
        ]
    hosts = (
        ["*"] if tokens_file else LOOPBACK
    )  # a name that a stranger's DNS points here is not ours
    app = Starlette(
        routes=[
            Route(path, endpoint(handler), methods=[method]) for method, path, handler in table
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(Guard),
        ],
        exception_handlers=dict.fromkeys(
            (HTTPException, KeyError, ValueError, ClientDisconnect), refusal
        ),
    )
    app.router.redirect_slashes = False
    app.state.users = read_users(tokens_file) if tokens_file else None
    app.state.store = Store(root)
    app.state.secret = secrets.token_bytes(32)
    return app


def serve(root: Path, port: int, tokens: Path | None = None, host: str = "127.0.0.1") -> None:
    """Serves until interrupted. Raises ValueError for a host that others can reach where there is no tokens file, for a
    port in use, and for a root that another process serves: the two would not see each other's locks."""
    if tokens is None and host not in LOOPBACK:
        raise ValueError(
            f"Without a tokens file everybody may write, so --host {host} needs --tokens FILE."
        )
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise ValueError(f"Something listens on {host}:{port} already: give another --port.")
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / ".served", timeout=SECONDS_TO_LEAVE):
            uvicorn.run(application(root, tokens), host=host, port=port, log_level="warning")
    except Timeout:
        raise ValueError(
            f"{root} is served by another process already: talk to that one, or end it."
        ) from None
