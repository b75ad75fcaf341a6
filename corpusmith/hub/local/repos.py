"""Endpoints to create, list, describe, move and delete repositories."""

import logging
from typing import Any

from starlette.responses import JSONResponse, Response

from corpusmith.hub.local.auth import Call, JsonAnswer
from corpusmith.hub.local.cards.parse import read_card_file
from corpusmith.hub.local.cards.rules import as_list, card_errors
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.refs import page
from corpusmith.hub.local.repository import Commit, Repository
from corpusmith.hub.local.store import KINDS

logger = logging.getLogger(__name__)
REPOS_A_PAGE = 1000
ORDERS = ("lastModified", "createdAt", "downloads", "likes", "trendingScore", "id")
FILTERS = {
    *("author", "search", "filter", "tags", "pipeline_tag", "library", "gated", "models"),
    *("datasets", "sort", "direction", "limit", "cursor"),
}
SHOWN = {"full", "config", "cardData", "expand", "expand[]", "linked"}  # what a client wants to see

# Card fields that are also tags, and the prefix of each.
TAG_PREFIXES = {
    "license": "license",
    "language": "language",
    "task_categories": "task_categories",
    "size_categories": "size_categories",
    "base_model": "base_model",
    "datasets": "dataset",
}


def read_card(repo: Repository, commit: Commit) -> tuple[dict[str, Any], str]:
    """(metadata, Markdown) of the card; empty if there is none, or it can't be parsed."""
    entry = commit.files.get("README.md")
    if entry is None:
        return {}, ""
    try:
        return read_card_file(repo.objects.path(entry.sha256))
    except OSError:  # the object is missing: a damaged disk
        return {}, ""


def describe(repo: Repository, commit: Commit, blobs: bool = False) -> dict[str, Any]:
    settings, (data, _) = repo.settings, read_card(repo, commit)
    siblings: list[dict[str, Any]] = []
    for path, entry in commit.files.items():
        details = {"size": entry.size, "blobId": entry.oid} | entry.lfs_details("sha256")
        siblings.append({"rfilename": path} | (details if blobs else {}))
    tags = [str(tag) for tag in as_list(data.get("tags"))]
    tags += [
        f"{prefix}:{value}"
        for key, prefix in TAG_PREFIXES.items()
        for value in as_list(data.get(key))
    ]
    info = {
        "_id": repo.id,
        "id": repo.id,
        "author": repo.namespace,
        "sha": commit.oid,
        "private": settings["private"],
        "gated": settings.get("gated", False),
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "trendingScore": 0,
        "tags": tags,
        "lastModified": commit.date,
        "createdAt": settings["createdAt"],
        "cardData": data,
        "siblings": siblings,
    }
    if repo.kind == "models":
        info |= {key: data.get(key) for key in ("pipeline_tag", "library_name", "model-index")}
    if repo.kind == "spaces":
        info["sdk"] = data.get("sdk", settings.get("sdk") or None)
    return info


def whoami(call: Call) -> dict[str, Any]:
    if call.user is None:
        raise HubError(401, "Invalid username or password.")
    name, role = call.user.name, call.user.role
    orgs = [
        {"type": "org", "name": org, "fullname": org, "roleInOrg": role} for org in call.user.orgs
    ]
    token = {"type": "access_token", "accessToken": {"displayName": name, "role": role}}
    return {"type": "user", "id": name, "name": name, "fullname": name, "orgs": orgs, "auth": token}


def named(call: Call) -> Repository:
    """The repository that a body names, which may not exist."""
    namespace = call.text("organization", call.user.name if call.user else "")
    return call.store.repo(f"{call.text('type', 'model')}s", f"{namespace}/{call.text('name')}")


def privacy(body: dict[str, Any]) -> dict[str, bool]:
    """The visibility that a body asks for.

    Older clients send `private` in place of `visibility`.
    """
    if "visibility" in body:
        if body["visibility"] not in ("private", "public"):
            raise HubError(400, "`visibility` is neither private nor public.")
        return {"private": body["visibility"] == "private"}
    return {"private": bool(body["private"])} if "private" in body else {}


def create(call: Call) -> dict[str, str]:
    repo = named(call)
    url = f"{call.base_url}/{repo.url_path}"
    author = call.writer(repo.namespace)
    with call.store.lock:
        if repo.exists:
            raise HubError(
                409, f"You already created this {repo.kind[:-1]} repo: {repo.id}", url=url
            )
        call.store.create(
            repo, author, **{"private": False, "sdk": call.text("sdk", "")} | privacy(call.body)
        )
    return {"url": url, "id": repo.id, "name": repo.id}


def delete(call: Call) -> dict[str, str]:
    call.store.delete(call.repo(write=True, named=named(call)))
    return {}


def move(call: Call) -> dict[str, str]:
    kind = f"{call.text('type', 'model')}s"
    source = call.repo(write=True, named=call.store.repo(kind, call.text("fromRepo")))
    target = call.store.repo(kind, call.text("toRepo"))
    call.writer(target.namespace)
    call.store.move(source, target)
    return {"url": f"{call.base_url}/{target.url_path}"}


def visible(call: Call, kind: str) -> list[dict[str, Any]]:
    """Descriptions of the repositories that the user may see, the newest first.

    A damaged repository is left out: it must not hide the others.
    """
    found = []
    for repo in call.store.repos(kind):
        try:
            if call.sees(repo.namespace, repo.settings["private"]):
                found.append(describe(repo, repo.resolve("main")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("%s is damaged: %r", repo.path, error)
        except HubError as error:
            if error.status_code != 404:
                raise
            logger.warning("%s is damaged: %s", repo.path, error.detail)
    return sorted(found, key=lambda info: info["lastModified"], reverse=True)


def listing(call: Call) -> JSONResponse:
    """The repositories that match the filters of the query. An unknown filter is refused."""
    if call.args["kind"] not in KINDS:
        raise HubError(404, f"There is nothing here called {call.args['kind']}.")
    if unknown := sorted({*call.query} - FILTERS - SHOWN):
        raise HubError(400, f"This Hub can't filter by {', '.join(unknown)}.")
    found = [info for info in visible(call, call.args["kind"]) if matches(call, info)]
    order = call.query.get("sort", "lastModified")
    if order not in ORDERS:
        raise HubError(400, f"This Hub sorts by {', '.join(ORDERS)}, not by {order}.")
    found.sort(key=lambda info: info[order], reverse=call.query.get("direction") != "1")
    rows, headers = page(call, found, REPOS_A_PAGE)
    return JsonAnswer(rows, headers=headers)


def matches(call: Call, info: dict[str, Any]) -> bool:
    """Whether a repository has everything that the query asks for."""
    asked = call.query.getlist
    names = {str(tag).lower() for tag in info["tags"]}
    names |= {str(info.get(key)).lower() for key in ("pipeline_tag", "library_name", "sdk")}
    wanted = [part for text in [*asked("filter"), *asked("tags")] for part in text.split(",")]
    linked = [f"base_model:{name}" for name in asked("models")]
    linked += [f"dataset:{name}" for name in asked("datasets")]
    return (
        all(author == info["author"] for author in asked("author"))
        and all(text.lower() in info["id"].lower() for text in asked("search"))
        and all(part.lower() in names for part in [*wanted, *linked] if part)
        and all(tag == info.get("pipeline_tag") for tag in asked("pipeline_tag"))
        and all(library.lower() in names for library in asked("library"))
        and all(bool(info["gated"]) == (gated.lower() in ("true", "1")) for gated in asked("gated"))
    )


def info(call: Call) -> dict[str, Any]:
    repo = call.repo()
    return describe(repo, repo.resolve(call.args.get("rev", "main")), call.flag("blobs"))


def auth_check(call: Call) -> Response:
    call.repo()
    return Response()


def change_settings(call: Call) -> dict[str, Any]:
    changes: dict[str, Any] = privacy(call.body)
    if "gated" in call.body:
        changes["gated"] = call.body["gated"]
        if changes["gated"] not in (False, "auto", "manual"):
            raise HubError(400, '"gated" must be false, "auto" or "manual".')
    call.repo(write=True).update_settings(**changes)
    return changes


def validate_yaml(call: Call) -> dict[str, Any]:
    errors = card_errors(call.text("content"), call.text("repoType", "model"))
    answer = {"errors": [{"message": message} for message in errors], "warnings": []}
    if errors:
        raise HubError(400, "Invalid metadata", None, **answer)
    return answer
