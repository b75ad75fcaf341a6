"""Files at a revision: trees, details, bytes."""

import hashlib
import mimetypes
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.responses import FileResponse, JSONResponse, RedirectResponse

from corpusmith.hub.local.auth import Call, JsonAnswer
from corpusmith.hub.local.objects import CommitFile, HubError
from corpusmith.hub.local.refs import page
from corpusmith.hub.local.repository import Commit, Repository

FILES_A_PAGE, EXPANDED_FILES_A_PAGE = 1000, 100


def below(commit: Commit, path: str) -> dict[str, CommitFile]:
    """The file `path`, or the files of the folder `path`."""
    folder = path and f"{path}/"
    return {
        name: entry
        for name, entry in commit.files.items()
        if name == path or name.startswith(folder)
    }


def items(commit: Commit, folder: str, recursive: bool) -> list[dict[str, Any]]:
    """A folder's content, sorted. The oid of a folder is a hash of its content."""
    found: dict[str, dict[str, Any]] = {}
    held: dict[str, dict[str, CommitFile]] = {}  # each folder's files
    for path, entry in below(commit, folder).items():
        facts = {"type": "file", "oid": entry.oid, "size": entry.size, "path": path}
        found[path] = facts | entry.lfs_details("oid")
        for parent in map(str, PurePosixPath(path).parents[:-1]):
            held.setdefault(parent, {})[path] = entry
    for parent, files in held.items():
        oid = hashlib.sha1(repr(files).encode()).hexdigest()
        found[parent] = {"type": "directory", "oid": oid, "size": 0, "path": parent}
    inside = [path for path in sorted(found) if not folder or path.startswith(f"{folder}/")]
    depth = folder.count("/") + bool(folder)
    return [found[path] for path in inside if recursive or path.count("/") == depth]


def last_commit(repo: Repository, commit: Commit, path: str) -> dict[str, str]:
    """The last commit that changed a file or folder."""
    content, newest = below(commit, path), commit
    for older in repo.history(commit):
        if below(older, path) != content:
            break
        newest = older
    return {"id": newest.oid, "title": newest.title, "date": newest.date}


def tree(call: Call) -> JSONResponse:
    repo, folder = call.repo(), call.args.get("path", "").strip("/")
    commit = repo.resolve(call.args["rev"])
    if folder in commit.files or not below(commit, folder):
        raise HubError(404, f"{folder} is no folder at {commit.oid}", "EntryNotFound")
    expand = call.flag("expand")
    size = EXPANDED_FILES_A_PAGE if expand else FILES_A_PAGE
    rows, headers = page(call, items(commit, folder, call.flag("recursive")), size)
    if expand:
        rows = [row | {"lastCommit": last_commit(repo, commit, row["path"])} for row in rows]
    return JsonAnswer(rows, headers=headers)


def paths_info(call: Call) -> list[dict[str, Any]]:
    """Details of some paths. Python clients send a form, JavaScript ones send JSON."""
    repo = call.repo()
    if "json" in call.request.headers.get("content-type", ""):
        paths, expand = call.body.get("paths") or [], bool(call.body.get("expand"))
        paths = [paths] if isinstance(paths, str) else paths
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise HubError(400, '"paths" must be a list of strings.')
    else:
        form = parse_qs(call.raw_body.decode())
        paths, expand = form.get("paths", []), form.get("expand", [""])[0].lower() in ("true", "1")
    commit = repo.resolve(call.args["rev"])
    wanted = {path.strip("/") for path in paths}
    rows = [row for row in items(commit, "", recursive=True) if row["path"] in wanted]
    if expand:
        rows = [row | {"lastCommit": last_commit(repo, commit, row["path"])} for row in rows]
    return rows


def resolve(call: Call) -> FileResponse:
    """GET and HEAD of a file. The files of a gated repository are for its own namespace.

    An LFS file is answered directly too: clients follow a redirect to the same origin, and then
    miss the headers of this answer.
    """
    repo, path = call.repo(), call.args["path"]
    if repo.settings.get("gated") and not call.sees(repo.namespace, private=True):
        raise HubError(403, f"Access to {repo.id} is restricted.", "GatedRepo")
    commit = repo.resolve(call.args["rev"])
    entry = commit.files.get(path)
    if entry is None:
        error = HubError(404, f"{path} does not exist at {commit.oid}", "EntryNotFound")
        error.headers = {**(error.headers or {}), "X-Repo-Commit": commit.oid}
        raise error
    etag = f'"{entry.sha256 if entry.lfs else entry.oid}"'
    headers = {"ETag": etag, "X-Repo-Commit": commit.oid}
    if entry.lfs:
        headers |= {"X-Linked-Etag": etag, "X-Linked-Size": str(entry.size)}
    # Cards show pictures from here. No other file may run as a page of this origin.
    headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    headers["X-Content-Type-Options"] = "nosniff"
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    media_type = "text/plain; charset=utf-8" if media_type.startswith("text/") else media_type
    stored = repo.objects.path(entry.sha256)
    if not stored.is_file():
        raise HubError(
            404, f"The content of {path} is missing on this Hub's disk.", "EntryNotFound"
        )
    return FileResponse(stored, headers=headers, media_type=media_type)


def redirect_to_file(call: Call) -> RedirectResponse:
    """The file behind a `/blob/` or `/raw/` link, which libraries print."""
    repo, path = call.repo(), quote(call.args["path"])
    revision = quote(call.args["rev"], safe="")
    return RedirectResponse(f"/{repo.url_path}/resolve/{revision}/{path}")
