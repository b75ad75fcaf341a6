"""One repository: immutable commits, and branches, tags and pull requests that name them."""

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from corpusmith.hub.local.objects import (
    CommitFile,
    HubError,
    Objects,
    sync,
    write_durably,
)

LONGEST_NAME = 200  # of a branch or tag; it becomes a file name
# The formats of this field among those that the real Hub names in a new repository's
# .gitattributes.
LFS_SUFFIXES = (
    ".arrow",
    ".bin",
    ".ckpt",
    ".gz",
    ".h5",
    ".jpg",
    ".npy",
    ".npz",
    ".onnx",
    ".parquet",
    ".pickle",
    ".pkl",
    ".png",
    ".pt",
    ".pth",
    ".safetensors",
    ".tar",
    ".tgz",
    ".webp",
    ".zip",
    ".zst",
)


@dataclass(frozen=True)
class Message:
    """The title, text and author of a commit or a pull request."""

    title: str
    text: str
    author: str


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    title: str
    message: str
    date: str
    author: str
    files: dict[str, CommitFile]


@lru_cache(maxsize=512)
def read_commit(path: Path) -> Commit:
    fields = json.loads(path.read_bytes())
    return Commit(
        path.name,
        **{
            **fields,
            "files": {name: CommitFile(**entry) for name, entry in fields["files"].items()},
        },
    )


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True)
class Repository:
    kind: str
    id: str
    path: Path
    lock: threading.RLock

    @property
    def namespace(self) -> str:
        return self.id.split("/")[0]

    @property
    def exists(self) -> bool:
        return (self.path / "repo.json").is_file()

    @property
    def url_path(self) -> str:
        return self.id if self.kind == "models" else f"{self.kind}/{self.id}"

    @property
    def objects(self) -> Objects:
        return Objects(self.path / "objects", self.lock)

    @property
    def settings(self) -> dict[str, Any]:
        return json.loads((self.path / "repo.json").read_bytes())

    def update_settings(self, **changes: Any) -> None:
        with self.lock:
            write_durably(self.path / "repo.json", json.dumps(self.settings | changes).encode())

    def _ref_path(self, kind: str, name: str) -> Path:
        return self.path / "refs" / kind / quote(name, safe="", errors="replace")

    def refs(self, kind: str) -> dict[str, tuple[str, str]]:
        """Name → (commit, message) of the branches ("heads"), "tags" or pull requests ("pr")."""
        found: dict[str, tuple[str, str]] = {}
        for path in sorted((self.path / "refs" / kind).glob("[!.]*")):
            oid, _, message = path.read_text("utf-8").partition("\n")
            found[unquote(path.name)] = oid, message
        return found

    def set_ref(
        self, kind: str, name: str, oid: str, message: str = "", create: bool = False
    ) -> None:
        if (
            not re.fullmatch(r"[A-Za-z0-9_][\w./+-]*", name, re.ASCII)
            or ".." in name
            or name.startswith("refs/")
            or len(quote(name, safe="")) > LONGEST_NAME
        ):
            raise HubError(400, f"Invalid reference name: {name!r}")
        with self.lock:
            if create and self._ref_path(kind, name).exists():
                raise HubError(409, f"Reference already exists: {name}")
            write_durably(self._ref_path(kind, name), f"{oid}\n{message}".encode())

    def delete_ref(self, kind: str, name: str) -> None:
        self.find_ref(f"refs/{kind}/{name}")
        self._ref_path(kind, name).unlink()
        sync(self._ref_path(kind, name).parent)

    def find_ref(self, revision: str) -> tuple[str, str]:
        """(kind, name) of `main`, `v1.0.0`, `refs/pr/1`, `refs/heads/main` or `HEAD`."""
        revision = "main" if revision == "HEAD" else revision
        full = re.fullmatch(r"refs/(heads|tags|pr)/(.+)", revision)
        for kind, name in [full.groups()] if full else [("heads", revision), ("tags", revision)]:
            quoted = quote(name, safe="", errors="replace")
            if len(quoted) <= LONGEST_NAME and self._ref_path(kind, name).is_file():
                return kind, name
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def resolve(self, revision: str) -> Commit:
        commits = self.path / "commits"
        if re.fullmatch("[0-9a-f]{40}", revision) and (commits / revision).is_file():
            return read_commit(commits / revision)
        return read_commit(
            commits / self._ref_path(*self.find_ref(revision)).read_text("utf-8").split("\n")[0]
        )

    def history(self, commit: Commit) -> Iterator[Commit]:
        """From `commit` back to the first one."""
        yield commit
        while commit.parent:
            commit = read_commit(self.path / "commits" / commit.parent)
            yield commit

    def add_commit(self, parent: str | None, files: dict[str, CommitFile], message: Message) -> str:
        tree = {path: asdict(entry) for path, entry in sorted(files.items())}
        fields = {
            "parent": parent,
            "title": message.title,
            "message": message.text,
            "date": now(),
            "author": message.author,
            "files": tree,
        }
        data = json.dumps(fields).encode()
        oid = hashlib.sha1(data).hexdigest()
        write_durably(self.path / "commits" / oid, data)
        return oid

    def commit(
        self,
        branch: str,
        changes: Iterable[tuple[str, CommitFile | None]],
        message: Message,
        parent: str | None = None,
        move_ref: bool = True,
    ) -> str:
        """Apply all of `changes` to a branch or a pull request, or none of them.

        A change is a path and its new entry. None deletes; a path that ends in a slash deletes a
        folder. With `parent`, the branch must still be at that commit (412). Changes without effect
        make no commit, so a client that lost the answer may ask again.
        """
        with self.lock:
            kind, name = self.find_ref(branch)
            if kind == "tags":
                raise HubError(400, f"A commit needs a branch; {branch} is a tag.")
            head = self.resolve(f"refs/{kind}/{name}")
            if parent not in (None, head.oid):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(head.files)
            for path, entry in changes:
                if entry is not None:
                    files[path] = entry
                    continue
                doomed = [
                    one
                    for one in files
                    if one == path or (path.endswith("/") and one.startswith(path))
                ]
                if not doomed:
                    raise HubError(
                        404, f"A file or folder to delete does not exist: {path}", "EntryNotFound"
                    )
                for one in doomed:
                    del files[one]
            check_tree(files)
            oid = head.oid if files == head.files else self.add_commit(head.oid, files, message)
            if move_ref and oid != head.oid:
                self.set_ref(kind, name, oid)
            return oid


def check_tree(files: dict[str, CommitFile]) -> None:
    """Refuse paths that a client can't write, or that leave its folder."""
    for path in files:
        parts = path.split("/")
        if any(part in ("", ".", "..", ".git") for part in parts) or re.search(
            r"[\x00-\x1f\x7f\\\ud800-\udfff]", path
        ):
            raise HubError(400, f"Invalid path in repo: {path!r}")
        if any("/".join(parts[:depth]) in files for depth in range(1, len(parts))):
            raise HubError(400, f"{path!r} needs a folder where there is a file.")
