"""Branches, tags and histories."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from corpusmith.hub.local.auth import Call, JsonAnswer
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.repository import Message

COMMITS_A_PAGE = 50


def page(call: Call, rows: list[Any], size: int) -> tuple[list[Any], dict[str, str]]:
    """(the rows from `?cursor=` on, the `Link` header that names the next page)."""
    start = call.number("cursor", 0)
    end = start + min(size, call.number("limit", size) or size)
    kept = [(key, value) for key, value in call.query.multi_items() if key != "cursor"]
    address = f"{call.base_url}{call.request.url.path}?{urlencode([*kept, ('cursor', str(end))])}"
    link = f'<{address}>; rel="next"'
    return rows[start:end], {"Link": link} if end < len(rows) else {}


def listing(call: Call) -> dict[str, Any]:
    repo = call.repo()

    def of(kind: str) -> list[dict[str, str]]:
        found = repo.refs(kind).items()
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid}
            for name, (oid, _) in found
        ]

    answer = {"branches": of("heads"), "tags": of("tags"), "converts": []}
    return answer | ({"pullRequests": of("pr")} if "include_prs" in call.query else {})


def create_branch(call: Call) -> dict[str, str]:
    repo = call.repo(write=True)
    start = repo.resolve(call.text("startingPoint", "main") or "main")
    repo.set_ref("heads", call.args["branch"], start.oid, create=True)
    return {}


def delete_branch(call: Call) -> dict[str, str]:
    if call.args["branch"] == "main":
        raise HubError(403, "The main branch cannot be deleted.")
    call.repo(write=True).delete_ref("heads", call.args["branch"])
    return {}


def create_tag(call: Call) -> dict[str, str]:
    repo = call.repo(write=True)
    oid = repo.resolve(call.args["rev"]).oid
    repo.set_ref("tags", call.text("tag"), oid, call.text("message", ""), create=True)
    return {}


def delete_tag(call: Call) -> dict[str, str]:
    call.repo(write=True).delete_ref("tags", call.args["rev"])
    return {}


def commits(call: Call) -> JSONResponse:
    repo = call.repo()
    history = [
        {
            "id": one.oid,
            "title": one.title,
            "message": one.message,
            "date": one.date,
            "authors": [{"user": one.author}],
        }
        for one in repo.history(repo.resolve(call.args["rev"]))
    ]
    rows, headers = page(call, history, COMMITS_A_PAGE)
    return JsonAnswer(rows, headers=headers)


def squash(call: Call) -> dict[str, str]:
    repo, branch = call.repo(write=True), call.args["branch"]
    with repo.lock:
        files = repo.resolve(f"refs/heads/{branch}").files
        title = call.text("message", "") or "Squash"
        message = Message(title, "", call.writer(repo.namespace))
        repo.set_ref("heads", branch, repo.add_commit(None, files, message))
    return {}
