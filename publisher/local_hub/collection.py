"""Collections: named lists of repositories, each one JSON file that is replaced as a whole."""

import json
import re
import secrets
from pathlib import Path
from typing import Any

from publisher.local_hub.auth import Call
from publisher.local_hub.store import HubError, now, write_durably

FIELDS = ("title", "description", "private", "theme", "position")


def every(call: Call) -> list[dict[str, Any]]:
    """The collections that the user may see."""
    found = [json.loads(path.read_bytes()) for path in sorted((call.store.root / "collections").glob("*/*.json"))]
    return [one for one in found if call.sees(one["owner"], one["private"])]


def find(call: Call, write: bool = False) -> dict[str, Any]:
    slug = f"{call.args['namespace']}/{call.args['slug']}"
    found = next((one for one in every(call) if one["slug"] == slug), None)
    if found is None:
        raise HubError(404, f"Collection not found: {slug}")
    if write:
        call.writer(found["owner"])
    return found


def path_of(call: Call, collection: dict[str, Any]) -> Path:
    return call.store.root / "collections" / f"{collection['slug']}.json"


def save(call: Call, collection: dict[str, Any]) -> dict[str, Any]:
    for position, item in enumerate(collection["items"]):
        item["position"] = position
    collection["lastUpdated"] = now()
    write_durably(path_of(call, collection), json.dumps(collection).encode())
    return collection


def listing(call: Call) -> list[dict[str, Any]]:
    found = [one for one in every(call) if call.query.get("owner") in (None, one["owner"])]
    return [{key: one[key] for key in one if key != "position"} for one in found]  # the client counts for itself


def create(call: Call) -> dict[str, Any]:
    body = call.body
    owner, title = call.store.repo("models", f"{body['namespace']}/collection").namespace, body["title"].strip()
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


def update(call: Call) -> dict[str, Any]:
    with call.store.lock:
        changes = {key: value for key, value in call.body.items() if key in FIELDS}
        return {"data": save(call, find(call, write=True) | changes)}


def delete(call: Call) -> dict[str, Any]:
    path_of(call, find(call, write=True)).unlink()
    return {}


def add_item(call: Call) -> dict[str, Any]:
    wanted = {"id": call.body["item"]["id"], "type": call.body["item"]["type"]}
    with call.store.lock:
        collection = find(call, write=True)
        if any(item | wanted == item for item in collection["items"]):
            raise HubError(409, f"Already in the collection: {wanted['id']}")
        note = {"text": call.body["note"]} if call.body.get("note") else None
        collection["items"].append({"_id": secrets.token_hex(12), **wanted, "note": note})
        return save(call, collection)


def take_item(call: Call, collection: dict[str, Any]) -> dict[str, Any]:
    for item in collection["items"]:
        if item["_id"] == call.args["item"]:
            collection["items"].remove(item)
            return item
    raise HubError(404, "Item not found in the collection.")


def update_item(call: Call) -> dict[str, Any]:
    with call.store.lock:
        collection = find(call, write=True)
        item = take_item(call, collection)
        if "note" in call.body:
            item["note"] = {"text": call.body["note"]}
        collection["items"].insert(call.body.get("position", item["position"]), item)
        return save(call, collection)


def delete_item(call: Call) -> dict[str, Any]:
    with call.store.lock:
        collection = find(call, write=True)
        take_item(call, collection)
        return save(call, collection)
