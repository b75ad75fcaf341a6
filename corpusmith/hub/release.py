"""Release files to a repo: one commit makes `main` hold exactly these files, and one tag names it.

After a lost answer the publisher cannot know whether the Hub made the commit. So the whole release
is retried, and each try reads the repo first. A commit of our own is recognised by its content; if
somebody else moved the head, the release stops.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import HfHubHTTPError

from corpusmith.errors import UserError
from corpusmith.hub.repo import Content, RemoteFile, Repo, Standing

MADE_BY_THE_HUB = {
    ".gitattributes",
    "README.md",
}  # what a new repo holds; the first is never deleted


@dataclass(frozen=True)
class FileChange:
    """One file of a release.

    `action` is add, update or delete; `size` is in bytes, 0 for a deleted file.
    """

    path: str
    action: str
    size: int


@dataclass(frozen=True)
class Release:
    """The result of a release.

    `state` is released, unchanged, planned (dry run) or proposed (pull request). `shown` says that
    a private repo became public, or would become so after a dry run. `left_out` are files of the
    folder that are no part of a model.
    """

    kind: str
    repo_id: str
    version: str
    state: str
    url: str
    changes: tuple[FileChange, ...] = ()
    commit: str | None = None
    pull_request: str | None = None
    reason: str = ""
    card_diff: str = ""
    shown: bool = False
    left_out: tuple[str, ...] = ()


def folder_files(folder: Path) -> dict[str, Path]:
    """Every file of a folder by its path in the repo, hidden ones left out.

    Raises:
        UserError: a symbolic link leads out of the folder.
    """
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    files = {
        path.as_posix(): file
        for path, file in found.items()
        if not any(part.startswith(".") for part in path.parts)
    }
    for path, file in files.items():
        if not file.resolve().is_relative_to(folder.resolve()):
            raise UserError(
                f"{folder / path} is a symbolic link out of the folder: copy the file, or delete it"
            )
    return files


def file_changes(files: Mapping[str, Content], standing: Standing) -> tuple[FileChange, ...]:
    """The changes that make the repo hold exactly `files`."""
    changes = []
    for path, content in sorted(files.items()):
        before = standing.files.get(path)
        if before is None or not same(content, before):
            changes.append(FileChange(path, "add" if before is None else "update", size(content)))
    stale = set(standing.files) - set(files) - {".gitattributes"}
    return (*changes, *(FileChange(path, "delete", 0) for path in sorted(stale)))


def size(content: Content) -> int:
    """Bytes a file takes."""
    if isinstance(content, RemoteFile):
        return content.size
    return content.stat().st_size if isinstance(content, Path) else len(content)


def same(content: Content, remote: RemoteFile) -> bool:
    """Whether the repo has this file already, by the Hub's hash."""
    if isinstance(content, RemoteFile):
        return content.oid == remote.oid
    if size(content) != remote.size:
        return False
    digest = (
        hashlib.sha256()
        if remote.lfs
        else hashlib.sha1(b"blob %d\0" % size(content), usedforsecurity=False)
    )
    if isinstance(content, bytes):
        digest.update(content)
    else:
        with content.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest() == remote.oid


def release(
    repo: Repo,
    files: Mapping[str, Content],
    version: str,
    *,
    since: Standing,
    message: str,
) -> Release:
    """Make `files` the content of the repo and tag it `version`.

    Safe to repeat, and resumes after a kill. `repo.target` says whether to open a pull request
    instead, and whether a new repo is private.

    Args:
        since: The state that this release was prepared from. The commit needs that head.

    Raises:
        UserError: the account may not write, or somebody else published in the meantime. Their
            commit is left as it is.
    """
    repo.may_write()
    if since.head is None:
        sdk = "gradio" if repo.type == "space" else None
        make = partial(
            repo.api.create_repo,
            repo.id,
            repo_type=repo.type,
            private=repo.target.private,
            exist_ok=True,
            space_sdk=sdk,
        )
        repo.call(make)
        made = repo.standing()
        since = made if made.files.keys() <= MADE_BY_THE_HUB else since
    changes = file_changes(files, since)

    def attempt() -> Release:
        now = repo.standing()
        if repo.target.pull_request:
            url = _proposed(repo, files) or _commit(
                repo, files, changes, since.head, version, message
            )
            return Release(
                repo.kind,
                repo.id,
                version,
                "proposed",
                repo.url,
                changes,
                pull_request=url,
                reason=message,
            )
        head = now.head
        if file_changes(files, now):
            if now.head != since.head:
                raise UserError(
                    f"{repo.id} changed while {version} was prepared: its head is now {now.head}. "
                    "Nothing was "
                    "written. Look at what was published, then run the same command again."
                )
            head = _commit(repo, files, changes, since.head, version, message)
        tag(repo, version, str(head), message)
        return Release(
            repo.kind, repo.id, version, "released", repo.url, changes, commit=head, reason=message
        )

    return repo.call(attempt)


def _commit(
    repo: Repo,
    files: Mapping[str, Content],
    changes: Sequence[FileChange],
    parent: str | None,
    version: str,
    message: str,
) -> str:
    """Make the one commit. Returns its id, or the pull request's address."""
    pr = repo.target.pull_request
    operations = [_operation(change, files) for change in changes]
    additions = [operation for operation in operations if isinstance(operation, CommitOperationAdd)]
    repo.api.preupload_lfs_files(
        repo.id, additions, repo_type=repo.type, free_memory=False, create_pr=pr
    )
    try:
        commit = repo.api.create_commit(
            repo.id,
            operations,
            repo_type=repo.type,
            parent_commit=parent,
            create_pr=pr,
            commit_message=f"Release {version}",
            commit_description=message,
        )
    except HfHubHTTPError as error:
        if error.response.status_code != 412:
            raise
        raise ConnectionError(
            f"{repo.id} moved on from {parent}"
        ) from error  # the next try reads the repo again
    return str(commit.pr_url if pr else commit.oid)


def _operation(change: FileChange, files: Mapping[str, Content]) -> Any:
    if change.action == "delete":
        return CommitOperationDelete(change.path, is_folder=False)
    content = files[change.path]
    if isinstance(content, RemoteFile):
        return CommitOperationCopy(content.path, change.path, src_revision=content.revision)
    return CommitOperationAdd(change.path, content)


def _proposed(repo: Repo, files: Mapping[str, Content]) -> str | None:
    """The address of an open pull request with exactly these files."""
    refs = repo.api.list_repo_refs(repo.id, repo_type=repo.type, include_pull_requests=True)
    for ref in refs.pull_requests or []:
        if not file_changes(files, repo.standing(ref.ref)):
            return f"{repo.url}/discussions/{ref.ref.split('/')[-1]}"
    return None


def tag(repo: Repo, version: str, commit: str, message: str = "") -> None:
    """Tag `commit`, unless the tag exists there already."""
    create = partial(
        repo.api.create_tag, repo.id, tag=version, tag_message=message, revision=commit
    )
    try:
        repo.call(partial(create, repo_type=repo.type))
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        if (taken := repo.standing().tags.get(version)) != commit:
            raise UserError(
                f"{repo.id} has a tag {version} already, at {taken}. This release stands at "
                f"{commit} without a tag: "
                f"publish it again with a later --version."
            ) from error
