"""Repositories on disk: objects by their hash, immutable commits, and refs.

ROOT/repos/{kind}/{namespace}/{name}/
    repo.json                   settings and pull requests
    objects/ab/abcd...          a file's bytes, named by their SHA-256
    commits/{oid}               JSON, named by its SHA-1: the commit's whole tree
    refs/{heads,tags,pr}/{name} the commit of a branch, tag or pull request

Objects are on the disk before the commit that names them, and the commit before its ref. A killed
hub leaves at most objects that nothing names. One process serves a root, which holds nothing but
the hub's own files.
"""

import json
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from corpusmith.hub.local.objects import HubError, rename_durably, write_durably
from corpusmith.hub.local.repository import LFS_SUFFIXES, Message, Repository, now

KINDS = ("models", "datasets", "spaces")
RESERVED = (*KINDS, "api", "collections")
MARK = ".corpusmith-hub"  # the file that marks a folder as a hub's
PARTS = {MARK, "repos", "collections", "tmp", ".served"}
_NAME = r"(?!\S*(?:--|\.\.|\.git(?:/|$)))[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
REPO_ID = re.compile(f"{_NAME}/{_NAME}")


def claim(root: Path) -> None:
    """Mark a new, empty or earlier hub's folder as the hub's own.

    Raises:
        ValueError: the folder holds something else, which a hub must not touch.
    """
    if root.exists() and not root.is_dir():
        raise ValueError(f"{root} is not a folder: give another --root.")
    held = {path.name for path in root.iterdir()} if root.is_dir() else set()
    foreign = sorted(held - PARTS)
    earlier = "repos" in held and not foreign and holds_repos_only(root / "repos")
    if MARK not in held and held - {".served"} and not earlier:
        named = ", ".join(foreign[:3] or sorted(held))
        raise ValueError(
            f"{root} is not the folder of a Hub: it holds {named}. Give --root an empty folder."
        )
    if MARK not in held:
        write_durably(root / MARK, b"This folder belongs to `corpusmith hub serve`.\n")


def holds_repos_only(folder: Path) -> bool:
    """Whether a folder holds a hub's kinds of repos, and not somebody's checkouts."""
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= set(KINDS)


class Store:
    """The repositories below a folder of the hub's own."""

    def __init__(self, root: Path):
        """Claim the folder, and delete the half-written files of a killed hub.

        Raises:
            ValueError: the folder holds something else.
        """
        self.root, self.scratch, self.lock = root, root / "tmp", threading.RLock()
        claim(root)
        shutil.rmtree(self.scratch, ignore_errors=True)
        for part in ("repos", "collections"):
            for half in (root / part).rglob(".new-*"):
                if not half.is_dir():
                    half.unlink()
        self.scratch.mkdir()

    def repo(self, kind: str, repo_id: str) -> Repository:
        """A repository, which may not exist. Names become folders, so bad names are refused."""
        if kind not in KINDS or not REPO_ID.fullmatch(repo_id) or repo_id.split("/")[0] in RESERVED:
            raise HubError(404, f"{repo_id!r} is not the name of a repository.", "RepoNotFound")
        return Repository(kind, repo_id, self.root / "repos" / kind / repo_id, self.lock)

    def repos(self, kind: str) -> list[Repository]:
        """Every repository of a kind. A folder whose name is no repository's is left out."""
        found = sorted((self.root / "repos" / kind).glob("*/*/repo.json"))
        ids = ["/".join(path.parts[-3:-1]) for path in found]
        return [self.repo(kind, one) for one in ids if REPO_ID.fullmatch(one)]

    def create(self, repo: Repository, author: str, **settings: Any) -> None:
        """Make a repository with one commit. It appears whole or not at all.

        There must be none of that name. A folder without repo.json is the ghost of a deleted one.
        """
        draft = Repository(repo.kind, repo.id, Path(tempfile.mkdtemp(dir=self.scratch)), self.lock)
        write_durably(
            draft.path / "repo.json",
            json.dumps({"createdAt": now(), "pulls": {}, **settings}).encode(),
        )
        rules = "".join(
            f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES
        )
        files = {".gitattributes": draft.objects.add(rules.encode())}
        draft.set_ref(
            "heads", "main", draft.add_commit(None, files, Message("initial commit", "", author))
        )
        shutil.rmtree(repo.path, ignore_errors=True)
        rename_durably(draft.path, repo.path)

    def move(self, source: Repository, target: Repository) -> None:
        with self.lock:
            if target.exists:
                raise HubError(409, f"{target.id} exists already.")
            shutil.rmtree(target.path, ignore_errors=True)
            rename_durably(source.path, target.path)

    def delete(self, repo: Repository) -> None:
        grave = Path(tempfile.mkdtemp(dir=self.scratch))
        with self.lock:
            rename_durably(repo.path, grave / "repo")
        shutil.rmtree(grave)
