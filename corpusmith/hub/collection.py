"""Keep one Collection of a namespace's corpora, models and Space, each with its version."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from corpusmith.hub.release import Release
from corpusmith.hub.repo import DEFAULT_TARGET, HubTarget, Repo


def collect(
    namespace: str,
    releases: Sequence[Release],
    *,
    title: str = "corpusmith",
    target: HubTarget = DEFAULT_TARGET,
) -> str:
    """Add released repos to a namespace's Collection, or update their notes there.

    Creates the Collection if needed. Safe to repeat. Returns the Collection's address.
    """
    hub = Repo("dataset", f"{namespace}/{title}", target)
    api = hub.api
    collection: Any = hub.call(
        lambda: api.create_collection(
            title,
            namespace=namespace,
            description="Synthetic biomedical corpora, encoders trained on them, and a Space.",
            private=target.private,
            exists_ok=True,
        )
    )
    standing = {(item.item_type, item.item_id): item for item in collection.items}
    for release in releases:
        kind: Any = Repo(release.kind, release.repo_id).type
        item, note = (
            standing.get((kind, release.repo_id)),
            f"{release.version}. {release.reason}".strip(),
        )
        if item is None:
            hub.call(
                partial(
                    api.add_collection_item,
                    collection.slug,
                    release.repo_id,
                    kind,
                    note=note,
                    exists_ok=True,
                )
            )
        elif not str(item.note).startswith(f"{release.version}."):
            hub.call(
                partial(api.update_collection_item, collection.slug, item.item_object_id, note=note)
            )
    return f"{api.endpoint}/collections/{collection.slug}"
