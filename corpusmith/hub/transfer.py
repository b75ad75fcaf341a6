"""Copy a repo with its history and tags from one Hub to another, such as huggingface.co.

Each commit of `main` becomes one commit on the target Hub. Its description names the original commit, so an interrupted
copy can resume, a later copy adds only new commits, and commits by others are recognised. Other branches and pull
requests are not copied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.hf_api import GitCommitInfo

from corpusmith.errors import UserError
from corpusmith.hub.release import MADE_BY_THE_HUB, compare, tag
from corpusmith.hub.repo import HubTarget, RemoteFile, Repo, Standing

ORIGIN = "Lifted from commit "


@dataclass(frozen=True)
class Lift:
    """The result of a lift. `left` are tags off `main`, which the new history does not hold."""

    url: str
    commits: int
    tags: tuple[str, ...]
    left: tuple[str, ...]


def lift(
    kind: str,
    repo_id: str,
    *,
    source: HubTarget,
    target: HubTarget,
    as_id: str | None = None,
) -> Lift:
    """Copy `repo_id` from one Hub to another. Safe to repeat, and resumes after a kill.

    Args:
        source: Its token is sent to the source only. Without one, none is sent: the token of
            `hf auth login` is for `target`.
        as_id: The repo's name on the target, if it differs.

    Raises:
        UserError: the account may not write, or the repo on the target holds other commits.
    """
    old, new = Repo(kind, repo_id, source), Repo(kind, as_id or repo_id, target)
    old.api.token = source.token or False
    standing = old.standing()
    if standing.head is None:
        raise UserError(
            f"There is no {kind} {repo_id} at {source.endpoint}, or it is private and needs another token."
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
    lifted = _history(old, new, standing.head)
    tags = {name: lifted[commit] for name, commit in standing.tags.items() if commit in lifted}
    for name, commit in tags.items():
        tag(new, name, commit)
    if not target.private and new.standing().private:
        new.show()
    return Lift(
        new.url, len(lifted), tuple(tags), tuple(name for name in standing.tags if name not in tags)
    )


def _history(old: Repo, new: Repo, head: str) -> dict[str, str]:
    """Commit there by commit here, for all of `main`."""
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
        elif operations := _operations(old, before, after):
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
    old: Repo, before: Mapping[str, RemoteFile], after: Mapping[str, RemoteFile]
) -> list[Any]:
    """What turns one state into the next. The rules a Hub makes with a repo, .gitattributes, are each Hub's own."""
    changes = [
        change
        for change in compare(after, Standing(files=before))
        if change.path != ".gitattributes"
    ]
    return [
        CommitOperationDelete(change.path, is_folder=False)
        if change.action == "delete"
        else CommitOperationAdd(change.path, old.download(after[change.path]))
        for change in changes
    ]


def _commit(new: Repo, commit: GitCommitInfo, operations: list[Any], parent: str) -> str:
    """The same commit there, unless an earlier try made it and only its answer was lost."""
    newest = new.api.list_repo_commits(new.id, repo_type=new.type)[0]
    if _origin(newest) == commit.commit_id:
        return newest.commit_id
    by = ", ".join(commit.authors)
    note = f"{ORIGIN}{commit.commit_id}, {commit.created_at:%Y-%m-%d %H:%M} UTC, by {by}"
    made = new.api.create_commit(
        new.id, operations, repo_type=new.type, parent_commit=parent, commit_message=commit.title,
        commit_description=f"{commit.message}\n\n{note}".strip(),
    )  # fmt: skip
    return made.oid
