"""Copy a repo with its history and tags from one Hub to another, such as huggingface.co.

Each commit of `main` becomes one commit on the target Hub. Its description names the original
commit, so an interrupted copy can resume, a later copy adds only new commits, and commits by others
are recognised. Other branches and pull requests are not copied.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.hf_api import GitCommitInfo

from corpusmith.errors import UserError
from corpusmith.hub.release import MADE_BY_THE_HUB, file_changes, tag
from corpusmith.hub.repo import HubTarget, RemoteFile, Repo, Standing

ORIGIN = "Lifted from commit "
CARDS = ("README.md", "CHANGELOG.md", "croissant.json")  # the files that name repos


@dataclass(frozen=True)
class Lift:
    """The result of a copy. `left` are tags off `main`, which are not copied;
    `old_names` are repos of the old namespace that the card still names."""

    url: str
    commits: int
    tags: tuple[str, ...]
    left: tuple[str, ...]
    old_names: tuple[str, ...] = ()


def lift(
    kind: str,
    repo_id: str,
    *,
    source: HubTarget,
    target: HubTarget,
    as_id: str | None = None,
    renames: Mapping[str, str] | None = None,
) -> Lift:
    """Copy `repo_id` from one Hub to another. Safe to repeat, and resumes after a kill.

    Args:
        source: Its token is sent to the source only. Without one, none is sent: the token of
            `hf auth login` is for `target`.
        as_id: The repo's name on the target, if it differs. Cards get the new name.
        renames: Other repos that the card names, by their name on the target.

    Raises:
        UserError: the account may not write, or the repo on the target holds other commits.
    """
    old, new = Repo(kind, repo_id, source), Repo(kind, as_id or repo_id, target)
    old.api.token = source.token or False
    standing = old.standing()
    if standing.head is None:
        raise UserError(
            f"There is no {kind} {repo_id} at {source.endpoint}, or it is private and needs "
            "another token."
        )
    new.may_write()
    sdk = "gradio" if new.type == "space" else None
    new.call(
        partial(
            new.api.create_repo,
            new.id,
            repo_type=new.type,
            private=target.private,
            exist_ok=True,
            space_sdk=sdk,
        )
    )
    names = {**(renames or {}), old.id: new.id}
    lifted = _history(old, new, standing.head, names)
    tags = {name: lifted[commit] for name, commit in standing.tags.items() if commit in lifted}
    for name, commit in tags.items():
        tag(new, name, commit)
    if not target.private and new.standing().private:
        new.show()
    left = tuple(name for name in standing.tags if name not in tags)
    return Lift(new.url, len(lifted), tuple(tags), left, _old_names(old, standing, names))


def _old_names(old: Repo, standing: Standing, names: Mapping[str, str]) -> tuple[str, ...]:
    """Other repos of the old namespace that the card names, if the namespace changes."""
    namespace, card = old.id.partition("/")[0], standing.files.get("README.md")
    if card is None or names[old.id].partition("/")[0] == namespace:
        return ()
    text = old.read(card).decode("utf-8", "replace")
    found = re.findall(rf"(?<![\w.-]){re.escape(namespace)}/[\w.-]*\w", text)
    return tuple(sorted(set(found) - names.keys()))


def renamed_card(text: bytes, names: Mapping[str, str]) -> bytes:
    """A card with each repo under its name on the target."""
    for old, new in names.items():
        if old != new:
            pattern = rf"(?<![\w.-]){re.escape(old)}(?![\w-]|\.\w)".encode()
            text = re.sub(pattern, lambda _, new=new: new.encode(), text)  # type: ignore[misc]
    return text


def _history(old: Repo, new: Repo, head: str, names: Mapping[str, str]) -> dict[str, str]:
    """Copy all commits of `main`. Returns each commit's counterpart on the target."""
    there = _commits(new)
    origins = {origin: commit.commit_id for commit in there if (origin := _origin(commit))}
    last = there[-1].commit_id
    if _origin(there[-1]) is None and not new.standing().files.keys() <= MADE_BY_THE_HUB:
        raise UserError(
            f"{new.url} has commits that were not lifted from here: lift to another name."
        )
    lifted: dict[str, str] = {}
    before: Mapping[str, RemoteFile] = {}
    for commit in _commits(old, head):
        after = old.standing(commit.commit_id).files
        if commit.commit_id in origins:
            last = origins[commit.commit_id]
        elif operations := _operations(old, before, after, names):
            last = new.call(partial(_commit, new, commit, operations, last))
        lifted[commit.commit_id], before = last, after
    return lifted


def _commits(repo: Repo, revision: str = "main") -> list[GitCommitInfo]:
    """The oldest first."""
    return repo.call(
        partial(repo.api.list_repo_commits, repo.id, repo_type=repo.type, revision=revision)
    )[::-1]


def _origin(commit: GitCommitInfo) -> str | None:
    _, mark, origin = commit.message.rpartition(ORIGIN)
    return origin[:40] if mark else None


def _operations(
    old: Repo,
    before: Mapping[str, RemoteFile],
    after: Mapping[str, RemoteFile],
    names: Mapping[str, str],
) -> list[Any]:
    """The operations from one state to the next. Each Hub makes its own .gitattributes."""
    changes = [
        change
        for change in file_changes(after, Standing(files=before))
        if change.path != ".gitattributes"
    ]
    return [
        CommitOperationDelete(change.path, is_folder=False)
        if change.action == "delete"
        else CommitOperationAdd(change.path, _content(old, after[change.path], names))
        for change in changes
    ]


def _content(old: Repo, file: RemoteFile, names: Mapping[str, str]) -> bytes | Path:
    """The content of a file for the target."""
    if file.path not in CARDS:
        return old.download(file)
    return renamed_card(old.read(file), names)


def _commit(new: Repo, commit: GitCommitInfo, operations: list[Any], parent: str) -> str:
    """Make the same commit, unless an earlier try made it and only its answer was lost."""
    newest = new.api.list_repo_commits(new.id, repo_type=new.type)[0]
    if _origin(newest) == commit.commit_id:
        return newest.commit_id
    by = ", ".join(commit.authors)
    note = f"{ORIGIN}{commit.commit_id}, {commit.created_at:%Y-%m-%d %H:%M} UTC, by {by}"
    made = new.api.create_commit(
        new.id,
        operations,
        repo_type=new.type,
        parent_commit=parent,
        commit_message=commit.title,
        commit_description=f"{commit.message}\n\n{note}".strip(),
    )
    return made.oid
