"""Repositories as things to make, list, describe, move and delete."""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml
from starlette.responses import Response

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.store import KINDS, Commit, Repo

# Card fields that are also tags, and the prefix of each.
TAG_PREFIXES = {"license": "license", "language": "language", "task_categories": "task_categories",
                "size_categories": "size_categories", "base_model": "base_model", "datasets": "dataset"}  # fmt: skip
TEXT_FIELDS = (
    "license",
    "tags",
    "language",
    "datasets",
    "metrics",
    "task_categories",
    "task_ids",
    "size_categories",
)
VALUES_IN_A_CARD = 100_000
SPACE_SDKS = ("gradio", "docker", "static", "streamlit")


def split_card(text: str) -> tuple[str, str]:
    """→ (YAML, Markdown)"""
    match = re.match(
        r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", text, re.DOTALL | re.MULTILINE
    )
    return (match.group(1), text[match.end() :]) if match else ("", text)


def read_card(repo: Repo, commit: Commit) -> tuple[dict[str, Any], str]:
    """→ (metadata, Markdown). Metadata that is no YAML mapping counts as none: a broken card is still a card."""
    if "README.md" not in commit.files:
        return {}, ""
    text = repo.objects.path(commit.files["README.md"].sha256).read_text("utf-8", "replace")
    front_matter, markdown = split_card(text)
    try:
        data = jsonable(yaml.safe_load(front_matter), iter(range(VALUES_IN_A_CARD)))
    except (yaml.YAMLError, RecursionError, StopIteration):
        data = None
    return (data if isinstance(data, dict) else {}), markdown


def jsonable(value: Any, room: Iterator[int]) -> Any:
    """YAML as JSON can say it. Raises StopIteration when `room` is used up: a few aliases can stand for gigabytes."""
    next(room)
    if isinstance(value, dict):
        return {str(key): jsonable(item, room) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item, room) for item in value]
    plain = (
        value is None
        or isinstance(value, str | int)
        or (isinstance(value, float) and math.isfinite(value))
    )
    return value if plain else str(value)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def describe(repo: Repo, commit: Commit, blobs: bool = False) -> dict[str, Any]:
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
        "_id": repo.id, "id": repo.id, "author": repo.namespace, "sha": commit.oid, "private": settings["private"],
        "gated": settings.get("gated", False), "disabled": False, "downloads": 0, "likes": 0, "tags": tags,
        "lastModified": commit.date, "createdAt": settings["createdAt"], "cardData": data, "siblings": siblings,
    }  # fmt: skip
    if repo.kind == "models":
        info |= {key: data.get(key) for key in ("pipeline_tag", "library_name", "model-index")}
    if repo.kind == "spaces":
        info["sdk"] = data.get("sdk", settings.get("sdk"))
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


def named(call: Call) -> Repo:
    """The repository that a body names, there or not."""
    namespace = call.body.get("organization") or (call.user.name if call.user else "")
    return call.store.repo(
        f"{call.body.get('type') or 'model'}s", f"{namespace}/{call.body['name']}"
    )


def privacy(body: dict[str, Any]) -> dict[str, bool]:
    """Older clients say `private`: what is meant to be private must not become public."""
    if "visibility" in body:
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
            repo, author, **{"private": False, "sdk": call.body.get("sdk")} | privacy(call.body)
        )
    return {"url": url, "id": repo.id, "name": repo.id}


def delete(call: Call) -> dict[str, str]:
    call.store.delete(call.repo(write=True, named=named(call)))
    return {}


def move(call: Call) -> dict[str, str]:
    kind = f"{call.body.get('type') or 'model'}s"
    source = call.repo(write=True, named=call.store.repo(kind, call.body["fromRepo"]))
    target = call.store.repo(kind, call.body["toRepo"])
    call.writer(target.namespace)
    call.store.move(source, target)
    return {"url": f"{call.base_url}/{target.url_path}"}


def visible(
    call: Call, kind: str, author: str | None = None, search: str = ""
) -> list[dict[str, Any]]:
    """What `describe` says of each repository that the user may see, the newest first."""
    found = [
        describe(repo, repo.resolve("main"))
        for repo in call.store.repos(kind)
        if author in (None, repo.namespace)
        and search.lower() in repo.id.lower()
        and call.sees(repo.namespace, repo.settings["private"])
    ]
    return sorted(found, key=lambda info: info["lastModified"], reverse=True)


def listing(call: Call) -> list[dict[str, Any]]:
    if call.args["kind"] not in KINDS:
        raise HubError(404, f"There is nothing here called {call.args['kind']}.")
    found = visible(call, call.args["kind"], call.query.get("author"), call.query.get("search", ""))
    return found[: int(call.query.get("limit", len(found)))]


def info(call: Call) -> dict[str, Any]:
    repo = call.repo()
    return describe(repo, repo.resolve(call.args.get("rev", "main")), call.flag("blobs"))


def auth_check(call: Call) -> Response:
    call.repo()
    return Response()


def change_settings(call: Call) -> dict[str, Any]:
    changes = privacy(call.body) | ({"gated": call.body["gated"]} if "gated" in call.body else {})
    call.repo(write=True).update_settings(**changes)
    return changes


def card_errors(text: str, kind: str) -> list[str]:
    """What the Hub refuses in a card's metadata."""
    try:
        data = yaml.safe_load(split_card(text)[0]) or {}
    except (yaml.YAMLError, RecursionError) as error:
        return [f"YAML metadata is invalid: {error}"]
    if not isinstance(data, dict):
        return ["YAML metadata must be a mapping."]
    errors = [
        f'"{key}" must be a string or a list of strings'
        for key in TEXT_FIELDS
        if not all(isinstance(item, str) for item in as_list(data.get(key)))
    ]
    if kind == "space" and data.get("sdk") not in SPACE_SDKS:
        errors.append(f'"sdk" must be one of {", ".join(SPACE_SDKS)}')
    return errors


def validate_yaml(call: Call) -> dict[str, Any]:
    errors = card_errors(call.body["content"], call.body.get("repoType", "model"))
    answer = {"errors": [{"message": message} for message in errors], "warnings": []}
    if errors:
        raise HubError(400, "Invalid metadata", None, **answer)
    return answer
