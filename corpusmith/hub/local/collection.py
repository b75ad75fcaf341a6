"""Collections: named lists of repositories with a note on each, every one a JSON file that is replaced as a whole."""

import json
import re
import secrets
from typing import Any

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError, write_durably
from corpusmith.hub.local.store import now


def every(call: Call) -> list[dict[str, Any]]:
    """The collections that the user may see."""
    found = [
        json.loads(path.read_bytes())
        for path in sorted((call.store.root / "collections").glob("*/*.json"))
    ]
    return [one for one in found if call.sees(one["owner"], one["private"])]


def find(call: Call, write: bool = False) -> dict[str, Any]:
    slug = f"{call.args['namespace']}/{call.args['slug']}"
    found = next((one for one in every(call) if one["slug"] == slug), None)
    if found is None:
        raise HubError(404, f"Collection not found: {slug}")
    if write:
        call.writer(found["owner"])
    return found


def save(call: Call, collection: dict[str, Any]) -> dict[str, Any]:
    collection["lastUpdated"] = now()
    path = call.store.root / "collections" / f"{collection['slug']}.json"
    write_durably(path, json.dumps(collection).encode())
    return collection


def create(call: Call) -> dict[str, Any]:
    body = call.body
    owner, title = (
        call.store.repo("models", f"{body['namespace']}/collection").namespace,
        body["title"].strip(),
    )
    call.writer(owner)
    with call.store.lock:
        for one in every(call):
            if (one["owner"], one["title"]) == (owner, title):
                raise HubError(409, f"Collection exists: {title}", slug=one["slug"])
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        collection = {
            "slug": f"{owner}/{words}-{secrets.token_hex(12)}", "title": title, "description": body.get("description"),
            "owner": owner, "items": [], "position": 0, "private": bool(body.get("private")), "theme": "orange",
            "upvotes": 0,
        }  # fmt: skip
        return save(call, collection)


def show(call: Call) -> dict[str, Any]:
    return find(call)


def add_item(call: Call) -> dict[str, Any]:
    wanted = {"id": call.body["item"]["id"], "type": call.body["item"]["type"]}
    with call.store.lock:
        collection = find(call, write=True)
        items = collection["items"]
        if any(item | wanted == item for item in items):
            raise HubError(409, f"Already in the collection: {wanted['id']}")
        note = {"text": call.body["note"]} if call.body.get("note") else None
        items.append({"_id": secrets.token_hex(12), **wanted, "note": note, "position": len(items)})
        return save(call, collection)


def update_item(call: Call) -> dict[str, Any]:
    with call.store.lock:
        collection = find(call, write=True)
        for item in collection["items"]:
            if item["_id"] == call.args["item"]:
                item["note"] = {"text": call.body["note"]}
                return save(call, collection)
    raise HubError(404, "Item not found in the collection.")
