"""The requests that make a commit: which files are new, the large files, then the commit itself."""

import base64
import json
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.cards.parse import encodable
from corpusmith.hub.local.limits import COMMIT_BYTES
from corpusmith.hub.local.objects import CommitFile, HubError
from corpusmith.hub.local.pulls import open_pull
from corpusmith.hub.local.repository import LFS_SUFFIXES, Message, Repository
from corpusmith.hub.local.upload.receive import receive
from corpusmith.hub.local.upload.xet import forget_uploads

REGULAR_LIMIT = 10_000_000  # bytes; the Hub's own
LARGEST_FILE = 1 << 40


def field(mapping: Any, name: str, kind: type = str, default: Any = None) -> Any:
    """A field of a JSON object.

    Raises 400 if it has another type, or is missing without a default.
    """
    value = mapping.get(name) if isinstance(mapping, dict) else None
    if value is None and default is not None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        raise HubError(400, f'"{name}" must be of type {kind.__name__}.')
    return value


def preupload(call: Call) -> dict[str, Any]:
    """How each file should be sent, and the hash of what the repository holds under its name."""
    existing, answers = call.repo(write=True).resolve(call.args["rev"]).files, []
    for file in field(call.body, "files", list):
        path, size = field(file, "path"), field(file, "size", int)
        binary = b"\0" in base64.b64decode(field(file, "sample", default=""))
        lfs = binary or size > REGULAR_LIMIT or path.lower().endswith(LFS_SUFFIXES)
        answer = {
            "path": path,
            "uploadMode": "lfs" if lfs else "regular",
            "shouldIgnore": False,
        }
        entry = existing.get(path)
        if entry is not None and entry.lfs == lfs:
            answer["oid"] = entry.sha256 if lfs else entry.oid
        answers.append(answer)
    return {"files": answers}


def lfs_batch(call: Call) -> dict[str, Any]:
    """A signed address for each large file that is not stored yet."""
    repo, objects = call.repo(write=True), []
    base = f"{call.base_url}/{repo.url_path}.git/info/lfs/objects"
    for wanted in field(call.body, "objects", list):
        oid, size = field(wanted, "oid"), field(wanted, "size", int)
        answer: dict[str, Any] = {"oid": oid, "size": size}
        if not repo.objects.path(oid).exists():
            signature = call.sign(repo.url_path, oid, str(size))
            upload = f"{base}/{oid}?size={size}&signature={signature}"
            answer["actions"] = {"upload": {"href": upload}, "verify": {"href": f"{base}/verify"}}
        objects.append(answer)
    return {"transfer": "basic", "objects": objects}


async def lfs_put(call: Call) -> Response:
    """The bytes of a large file: as many as its address was signed for."""
    size = call.number("size", 0) if len(call.query.get("size", "")) < 10 else large(call)
    signature = call.query.get("signature", "")
    repo = call.signed_repo(signature, call.args["oid"], call.query.get("size", ""))
    received = await receive(call, size)
    try:
        await run_in_threadpool(repo.objects.adopt, received, call.args["oid"])
    finally:
        received.unlink(missing_ok=True)
    return Response()


def large(call: Call) -> int:
    """A size of ten digits and more."""
    text = call.query["size"]
    if not (text.isascii() and text.isdigit() and len(text) < 14 and int(text) <= LARGEST_FILE):
        raise HubError(413, f"This Hub stores files of up to {LARGEST_FILE} bytes.")
    return int(text)


def lfs_verify(call: Call) -> Response:
    """Confirm that a large file arrived."""
    oid = field(call.body, "oid")
    if call.repo().objects.lfs_entry(oid).size != field(call.body, "size", int):
        raise HubError(400, f"{oid} has another size.")
    return Response()


async def commit(call: Call) -> dict[str, Any]:
    """One operation a line.

    The body waits on the disk, so that it is never in memory as a whole.
    """
    repo = call.repo(write=True)
    received = await receive(call, COMMIT_BYTES)
    try:
        return await run_in_threadpool(finish, call, repo, received)
    finally:
        received.unlink()


def change(repo: Repository, key: str, value: dict[str, Any]) -> tuple[str, CommitFile | None]:
    """One line of a commit as a change of the tree. Its bytes are stored by then."""
    if key == "file":
        return field(value, "path"), repo.objects.add(base64.b64decode(field(value, "content")))
    if key == "lfsFile":
        return field(value, "path"), repo.objects.lfs_entry(field(value, "oid"))
    if key in ("deletedFile", "deletedFolder"):
        return field(value, "path").rstrip("/") + ("/" if key == "deletedFolder" else ""), None
    raise HubError(400, f"Unknown operation {key!r}.")


def finish(call: Call, repo: Repository, received: Path) -> dict[str, Any]:
    """Make the commit, or the pull request, that a body describes."""
    header: dict[str, Any] = {}
    changes: list[tuple[str, CommitFile | None]] = []
    with received.open("rb") as lines:
        for item in map(json.loads, lines):
            key, value = field(item, "key"), field(item, "value", dict)
            if key == "header":
                header = value
            else:
                changes.append(change(repo, key, value))
    title, text = field(header, "summary"), field(header, "description", default="")
    message = Message(encodable(title), encodable(text), call.writer(repo.namespace))
    revision, as_pull = call.args["rev"], call.flag("create_pr")
    parent = field(header, "parentCommit", default="") or None
    oid = repo.commit(revision, changes, message, parent, move_ref=not as_pull)
    stored = {entry.sha256 for _, entry in changes if entry is not None and entry.lfs}
    forget_uploads(call.store.scratch, stored)
    url = f"{call.base_url}/{repo.url_path}"
    answer = {
        "success": True,
        "commitOid": oid,
        "commitUrl": f"{url}/commit/{oid}",
        "hookOutput": "",
    }
    if as_pull:
        number = open_pull(repo, oid, repo.find_ref(revision)[1], message, "open")
        answer["pullRequestUrl"] = f"{url}/discussions/{number}"
    return answer
