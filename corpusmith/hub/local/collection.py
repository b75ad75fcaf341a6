"""Collections: lists of repositories with notes, each a JSON file that is replaced as a whole."""

import json
import logging
import re
import secrets
from typing import Any

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError, write_durably
from corpusmith.hub.local.repository import now

logger = logging.getLogger(__name__)


def every(call: Call) -> list[dict[str, Any]]:
    """The collections that the user may see. A damaged one is left out."""
    found = []
    for path in sorted((call.store.root / "collections").glob("*/*.json")):
        try:
            one = json.loads(path.read_bytes())
            if call.sees(one["owner"], one["private"]):
                found.append(one)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("%s is damaged: %r", path, error)
    return found


def listing(call: Call) -> list[dict[str, Any]]:
    """The collections of an owner, or with an item (`datasets/id`), the newest first."""
    query = call.query
    found = [
        one
        for one in every(call)
        if query.get("owner", one["owner"]) == one["owner"]
        and query.get("q", "").lower() in one["title"].lower()
        and ("item" not in query or query["item"] in item_addresses(one))
    ]
    found.sort(key=lambda one: one["lastUpdated"], reverse=True)
    shown = found[: call.number("limit", len(found)) or len(found)]
    # huggingface_hub numbers them itself, and fails on a second position.
    return [{key: one[key] for key in one if key != "position"} for one in shown]


def item_addresses(collection: dict[str, Any]) -> set[str]:
    """`models/id`, `datasets/id` or `spaces/id` of each item."""
    return {f"{item['type']}s/{item['id']}" for item in collection["items"]}


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
    body, title = call.body, call.text("title").strip()
    owner = call.store.repo("models", f"{call.text('namespace')}/collection").namespace
    call.writer(owner)
    with call.store.lock:
        for one in every(call):
            if (one["owner"], one["title"]) == (owner, title):
                raise HubError(409, f"Collection exists: {title}", slug=one["slug"])
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        collection = {
            "slug": f"{owner}/{words[:60]}-{secrets.token_hex(12)}",
            "title": title,
            "description": call.text("description", ""),
            "owner": owner,
            "items": [],
            "position": 0,
            "private": bool(body.get("private")),
            "theme": "orange",
            "upvotes": 0,
        }
        return save(call, collection)


def show(call: Call) -> dict[str, Any]:
    return find(call)


def add_item(call: Call) -> dict[str, Any]:
    item = call.body.get("item")
    wanted = {key: item.get(key) if isinstance(item, dict) else None for key in ("id", "type")}
    if not all(isinstance(value, str) for value in wanted.values()):
        raise HubError(400, '"item" must be a mapping with a text "id" and "type".')
    with call.store.lock:
        collection = find(call, write=True)
        items = collection["items"]
        if any(item | wanted == item for item in items):
            raise HubError(409, f"Already in the collection: {wanted['id']}")
        text = call.text("note", "")
        note = {"text": text} if text else None
        items.append({"_id": secrets.token_hex(12), **wanted, "note": note, "position": len(items)})
        return save(call, collection)


def update_item(call: Call) -> dict[str, Any]:
    with call.store.lock:
        collection = find(call, write=True)
        for item in collection["items"]:
            if item["_id"] == call.args["item"]:
                item["note"] = {"text": call.text("note", "")}
                return save(call, collection)
    raise HubError(404, "Item not found in the collection.")
