"""What a client sends to make a commit: the question what is new, the large files, then the commit itself."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import Entry, HubError
from corpusmith.hub.local.pulls import open_pull
from corpusmith.hub.local.store import LFS_SUFFIXES, Message, Repo

REGULAR_LIMIT = 10_000_000  # bytes; the Hub's own


def preupload(call: Call) -> dict[str, Any]:
    standing, answers = call.repo(write=True).resolve(call.args["rev"]).files, []
    for file in call.body["files"]:
        binary = b"\0" in base64.b64decode(file.get("sample") or "")
        lfs = binary or file["size"] > REGULAR_LIMIT or file["path"].lower().endswith(LFS_SUFFIXES)
        answer = {
            "path": file["path"],
            "uploadMode": "lfs" if lfs else "regular",
            "shouldIgnore": False,
        }
        entry = standing.get(file["path"])
        if entry is not None and entry.lfs == lfs:
            answer["oid"] = entry.sha256 if lfs else entry.oid
        answers.append(answer)
    return {"files": answers}


def lfs_batch(call: Call) -> dict[str, Any]:
    repo, objects = call.repo(write=True), []
    base = f"{call.base_url}/{repo.url_path}.git/info/lfs/objects"
    for wanted in call.body["objects"]:
        answer = {"oid": wanted["oid"], "size": wanted["size"]}
        if not repo.objects.path(wanted["oid"]).exists():
            upload = f"{base}/{wanted['oid']}?signature={call.sign(repo.url_path, wanted['oid'])}"
            answer["actions"] = {"upload": {"href": upload}, "verify": {"href": f"{base}/verify"}}
        objects.append(answer)
    return {"transfer": "basic", "objects": objects}


async def receive(call: Call) -> Path:
    """The request's body as a file of the scratch folder, on the same disk as the objects."""
    with tempfile.NamedTemporaryFile(dir=call.store.scratch, delete=False) as file:
        try:
            async for chunk in call.request.stream():
                await run_in_threadpool(file.write, chunk)
        except ClientDisconnect:
            Path(file.name).unlink()
            raise
    return Path(file.name)


async def lfs_put(call: Call) -> Response:
    repo = call.signed_repo(call.query["signature"], call.args["oid"])
    await run_in_threadpool(repo.objects.adopt, await receive(call), call.args["oid"])
    return Response()


def lfs_verify(call: Call) -> Response:
    if call.repo().objects.lfs_entry(call.body["oid"]).size != call.body["size"]:
        raise HubError(400, f"{call.body['oid']} has another size.")
    return Response()


async def commit(call: Call) -> dict[str, Any]:
    """One operation a line. The body waits on the disk, so that a commit is never in memory as a whole."""
    repo, body = call.repo(write=True), await receive(call)
    try:
        return await run_in_threadpool(finish, call, repo, body)
    finally:
        body.unlink()


def change(repo: Repo, key: str, value: dict[str, str]) -> tuple[str, Entry | None]:
    """One line of a commit as what it does to the tree; its bytes are stored by then."""
    if key == "file":
        return value["path"], repo.objects.add(base64.b64decode(value["content"]))
    if key == "lfsFile":
        return value["path"], repo.objects.lfs_entry(value["oid"])
    if key in ("deletedFile", "deletedFolder"):
        return value["path"].rstrip("/") + ("/" if key == "deletedFolder" else ""), None
    raise HubError(400, f"Unknown operation {key!r}.")


def finish(call: Call, repo: Repo, body: Path) -> dict[str, Any]:
    header: dict[str, str] = {}
    changes: list[tuple[str, Entry | None]] = []
    with body.open("rb") as lines:
        for item in map(json.loads, lines):
            if item["key"] == "header":
                header = item["value"]
            else:
                changes.append(change(repo, item["key"], item["value"]))
    message = Message(
        header["summary"], header.get("description") or "", call.writer(repo.namespace)
    )
    revision, parent, as_pull = call.args["rev"], header.get("parentCommit"), call.flag("create_pr")
    oid = repo.commit(revision, changes, message, parent, move_ref=not as_pull)
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
