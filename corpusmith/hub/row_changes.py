"""Which rows two versions of a dataset share: added, removed and changed, by id, a config at a time."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpusmith.cards.markdown import Markdown, code, table
from corpusmith.hub.release import same
from corpusmith.hub.repo import Content, RemoteFile, Repo


@dataclass(frozen=True)
class RowChanges:
    """Counts of rows by id: only after, only before, and in both with another content."""

    added: int
    removed: int
    changed: int


def row_changes(
    repo: Repo, before: Mapping[str, RemoteFile], after: Mapping[str, Content]
) -> dict[str, RowChanges]:
    """Configs whose rows differ. Shards that stand unchanged in both are neither fetched nor read."""
    changes = {}
    for config in sorted({_config(path) for path in (*before, *after)} - {""}):
        old = {path: file for path, file in before.items() if _config(path) == config}
        new = {path: file for path, file in after.items() if _config(path) == config}
        common = {path for path in old.keys() & new.keys() if same(new[path], old[path])}
        was = row_hashes(_local(repo, file) for path, file in old.items() if path not in common)
        now = row_hashes(_local(repo, file) for path, file in new.items() if path not in common)
        changed = sum(was[key] != now[key] for key in was.keys() & now.keys())
        if was.keys() ^ now.keys() or changed:
            changes[config] = RowChanges(
                len(now.keys() - was.keys()), len(was.keys() - now.keys()), changed
            )
    return changes


def changes_table(changes: Mapping[str, RowChanges]) -> Markdown:
    """The counts as the changelog shows them; nothing where no row differs."""
    if not changes:
        return Markdown("")
    rows = [
        [code(config), count.added, count.removed, count.changed]
        for config, count in changes.items()
    ]
    return table(["Config", "Rows added", "Removed", "Changed"], rows)


def row_hashes(shards: Iterable[Path]) -> dict[str, bytes]:
    """A hash of each row of some Parquet files by the row's id (`id`, or `request_id` of refused answers)."""
    from pyarrow import parquet

    hashes = {}
    for shard in shards:
        for batch in parquet.ParquetFile(shard).iter_batches(batch_size=1000):
            key = "id" if "id" in batch.schema.names else "request_id"
            for row in batch.to_pylist():
                hashes[row[key]] = hashlib.blake2b(repr(row).encode(), digest_size=16).digest()
    return hashes


def _config(path: str) -> str:
    """The config a shard belongs to, data/<config>/<split>-*.parquet; of `rejected` each split, for ids meet there."""
    parts = path.removesuffix(".parquet").split("/")
    if len(parts) != 3 or parts[0] != "data" or not path.endswith(".parquet"):
        return ""
    return f"rejected/{parts[2].split('-')[0]}" if parts[1] == "rejected" else parts[1]


def _local(repo: Repo, content: Content) -> Path:
    if isinstance(content, RemoteFile):
        return repo.download(content)
    if isinstance(content, bytes):
        raise TypeError("a shard is a file")
    return content
