"""Store the bytes of files under their SHA-256, with writes that survive a crash."""

import hashlib
import os
import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException


class HubError(HTTPException):
    """A refusal: an HTTP status, an `X-Error-Code`, a message and more fields of the body."""

    def __init__(self, status: int, message: str, code: str | None = None, **body: Any):
        super().__init__(status, message, {"X-Error-Code": code} if code else {})
        self.body = {"error": message} | body


@dataclass(frozen=True)
class CommitFile:
    """One file of a commit.

    `oid` is git's hash of the bytes; for an LFS file, of the pointer that git would hold.
    """

    oid: str
    size: int
    sha256: str
    lfs: bool = False

    def lfs_details(self, hash_name: str) -> dict[str, Any]:
        """The extra facts of an LFS file; empty for another file."""
        pointer_size = len(lfs_pointer(self.sha256, self.size))
        return (
            {"lfs": {hash_name: self.sha256, "size": self.size, "pointerSize": pointer_size}}
            if self.lfs
            else {}
        )


@dataclass(frozen=True)
class Objects:
    """The folder of a repository's files.

    `lock` is the store's: a repository may be deleted meanwhile.
    """

    folder: Path
    lock: threading.RLock

    def path(self, sha256: str) -> Path:
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            raise HubError(400, f"{sha256!r} is not a SHA-256 in hexadecimal.")
        return self.folder / sha256[:2] / sha256

    def add(self, data: bytes) -> CommitFile:
        """Store a regular file."""
        sha256 = hashlib.sha256(data).hexdigest()
        with self.lock:
            self.check_repository()
            if not self.path(sha256).exists():
                write_durably(self.path(sha256), data)
        return CommitFile(git_oid(data), len(data), sha256)

    def adopt(self, file: Path, sha256: str) -> None:
        """Move an uploaded file here if its bytes have the promised hash; delete it if not."""
        digest = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != sha256:
            file.unlink()
            raise HubError(400, f"The content sent as {sha256} is {digest.hexdigest()}.")
        sync(file)
        with self.lock:
            self.check_repository()
            rename_durably(file, self.path(sha256))

    def check_repository(self) -> None:
        """Raise 404 if the repository was deleted: writing below it would leave a ghost."""
        if not (self.folder.parent / "repo.json").is_file():
            raise HubError(404, "The repository was deleted.", "RepoNotFound")

    def lfs_entry(self, sha256: str) -> CommitFile:
        """The entry of an uploaded large file. Raises 400 if it was not uploaded."""
        if not self.path(sha256).exists():
            raise HubError(400, f"The content {sha256} was not uploaded.")
        size = self.path(sha256).stat().st_size
        return CommitFile(git_oid(lfs_pointer(sha256, size)), size, sha256, lfs=True)


def git_oid(data: bytes) -> str:
    """The hash that git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text file that git would hold in place of a large file."""
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    )


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's names, to the disk."""
    # Windows cannot open a folder, and flushes a rename by itself.
    if path.is_file() or os.name == "posix":
        descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder and its parents durably."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync(path.parent)


def rename_durably(source: Path, target: Path) -> None:
    """Replace `target`: a reader finds the old content or the new, also after a crash."""
    make_folder(target.parent)
    os.replace(source, target)
    sync(target.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Write a whole file, or leave the old one: a full disk leaves nothing behind."""
    make_folder(path.parent)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        partial = Path(file.name)
        try:
            file.write(data)
            file.flush()
            sync(partial)
        except BaseException:
            partial.unlink()
            raise
    rename_durably(partial, path)
