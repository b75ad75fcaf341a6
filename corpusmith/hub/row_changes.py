"""Count the rows that two versions of a dataset don't share, by config."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpusmith.cards.markdown import Markdown, code, table
from corpusmith.hub.release import same
from corpusmith.hub.repo import Content, RemoteFile, Repo

Hashes = dict[str, Counter[bytes]]


@dataclass(frozen=True)
class RowChanges:
    """Rows added, rows removed, and rows whose content changed under the same id."""

    added: int
    removed: int
    changed: int


def row_changes(
    repo: Repo, before: Mapping[str, RemoteFile], after: Mapping[str, Content]
) -> dict[str, RowChanges]:
    """Configs whose rows differ. Shards that both versions hold are neither fetched nor read."""
    changes = {}
    for config in sorted({_config(path) for path in (*before, *after)} - {""}):
        old = {path: file for path, file in before.items() if _config(path) == config}
        new = {path: file for path, file in after.items() if _config(path) == config}
        common = {path for path in old.keys() & new.keys() if same(new[path], old[path])}
        was = row_hashes(_local(repo, file) for path, file in old.items() if path not in common)
        now = row_hashes(_local(repo, file) for path, file in new.items() if path not in common)
        if (counts := count_changes(was, now)) != RowChanges(0, 0, 0):
            changes[config] = counts
    return changes


def count_changes(was: Hashes, now: Hashes) -> RowChanges:
    """Compare the rows of each id. Refused rows may share the id of one request."""
    added = removed = changed = 0
    for key in was.keys() | now.keys():
        gone, new = was.get(key, Counter()), now.get(key, Counter())
        gone, new = gone - new, new - gone
        both = min(gone.total(), new.total())
        changed += both
        added += new.total() - both
        removed += gone.total() - both
    return RowChanges(added, removed, changed)


def changes_table(changes: Mapping[str, RowChanges]) -> Markdown:
    """The counts as the changelog shows them; nothing where no row differs."""
    if not changes:
        return Markdown("")
    rows = [
        [code(config), count.added, count.removed, count.changed]
        for config, count in changes.items()
    ]
    return table(["Config", "Rows added", "Removed", "Changed"], rows)


def row_hashes(shards: Iterable[Path]) -> Hashes:
    """The hashes of the rows of Parquet files, by `id`, or `request_id` of refused answers."""
    from pyarrow import parquet

    hashes: Hashes = {}
    for shard in shards:
        for batch in parquet.ParquetFile(shard).iter_batches(batch_size=1000):
            key = "id" if "id" in batch.schema.names else "request_id"
            for row in batch.to_pylist():
                digest = hashlib.blake2b(repr(row).encode("utf-8", "replace"), digest_size=16)
                hashes.setdefault(row[key], Counter())[digest.digest()] += 1
    return hashes


def _config(path: str) -> str:
    """The config of a shard, data/<config>/<split>-*.parquet.

    Each split of `rejected` is its own.
    """
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
