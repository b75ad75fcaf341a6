"""Rows of two versions are compared by id and content, regardless of their position."""

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from corpusmith.hub.release import folder_files
from corpusmith.hub.repo import RemoteFile, Repo
from corpusmith.hub.row_changes import RowChanges, count_changes, row_changes, row_hashes


def write_shards(folder: Path, **shards: list[dict]) -> Path:
    for name, rows in shards.items():
        path = folder / "data" / "words" / f"{name}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return folder


class Local(Repo):
    """A repo with its published files in a local folder, to compare rows without a hub."""

    def __init__(self, root: Path) -> None:
        self.root, self.fetched = root, []

    def download(self, file: RemoteFile) -> Path:
        self.fetched.append(file.path)
        return self.root / file.path


def remote(folder: Path) -> dict[str, RemoteFile]:
    import hashlib

    return {
        path: RemoteFile(
            path, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size, True, "main"
        )
        for path, file in folder_files(folder).items()
    }


def test_added_removed_changed_and_moved_rows_are_counted(tmp_path: Path) -> None:
    a, b, c, d = ({"id": name, "text": name} for name in "abcd")
    old = write_shards(tmp_path / "old", train=[a, b], test=[c])
    new = write_shards(tmp_path / "new", train=[a, {"id": "c", "text": "other"}], test=[d])
    changes = row_changes(Local(old), remote(old), folder_files(new))
    assert changes == {"words": RowChanges(added=1, removed=1, changed=1)}


def test_unchanged_shards_are_not_fetched(tmp_path: Path) -> None:
    a, b, c = ({"id": name, "text": name} for name in "abc")
    old = write_shards(tmp_path / "old", train=[a], test=[b])
    new = write_shards(tmp_path / "new", train=[a], test=[b, c])
    repo = Local(old)
    assert row_changes(repo, remote(old), folder_files(new)) == {"words": RowChanges(1, 0, 0)}
    assert repo.fetched == ["data/words/test-00000-of-00001.parquet"]


def test_equal_versions_have_no_row_changes(tmp_path: Path) -> None:
    old = write_shards(tmp_path / "old", train=[{"id": "a"}])
    assert row_changes(Local(old), remote(old), folder_files(old)) == {}


@pytest.mark.parametrize("key", ["id", "request_id"])
def test_order_of_rows_does_not_matter(tmp_path: Path, key: str) -> None:
    rows = [{key: str(n), "spans": [{"start": n}]} for n in range(5)]
    one, other = (
        write_shards(tmp_path / "1", train=rows),
        write_shards(tmp_path / "2", train=rows[::-1]),
    )
    hashes = [row_hashes(folder_files(folder).values()) for folder in (one, other)]
    assert hashes[0] == hashes[1] and len(hashes[0]) == 5


def test_rejected_rows_of_one_request_are_all_counted(tmp_path: Path) -> None:
    old = [{"request_id": "r1", "answer": "a"}, {"request_id": "r1", "answer": "b"}]
    new = [{"request_id": "r1", "answer": "b"}, *({"request_id": "r2", "answer": x} for x in "cd")]
    was, now = (
        row_hashes(folder_files(write_shards(tmp_path / name, rejected=rows)).values())
        for name, rows in (("old", old), ("new", new))
    )
    assert count_changes(was, now) == RowChanges(added=2, removed=1, changed=0)
