"""Publish a folder as the next version of its repo, with its card and its changelog."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from huggingface_hub.errors import RevisionNotFoundError

from corpusmith.cards import changelog
from corpusmith.cards.changelog import Entry
from corpusmith.cards.markdown import escape
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub import versions
from corpusmith.hub.card import (
    About,
    card_of,
    content_text,
    linked_space,
    pinned_sources,
    read_card_documents,
)
from corpusmith.hub.checks import (
    check_edits,
    check_pins,
    refuse_adapted,
    with_files_of_others,
)
from corpusmith.hub.folders.contents import folder_contents, left_out
from corpusmith.hub.release import Release, file_changes, release, tag
from corpusmith.hub.repo import DEFAULT_TARGET, Files, HubTarget, Repo, Standing
from corpusmith.hub.row_changes import changes_table, row_changes
from corpusmith.hub.versions import Step

__all__ = ["About", "HubTarget", "diff", "publish", "repin", "repin_space_of", "rollback"]


def publish(
    kind: str,
    folder: Path,
    repo_id: str,
    *,
    about: About | None = None,
    version: str | None = None,
    target: HubTarget = DEFAULT_TARGET,
) -> Release:
    """Release a folder to the Hub.

    `kind` is a dataset (a folder that `build` wrote; other configs of the repo stay), a model (a
    folder that `train` wrote), a Space or a metric. The version is computed unless it is given.
    Content that the repo holds already is not published again.

    A new repo is private unless `target.private` is False. An existing private repo then becomes
    public too, as the last step. A public repo never becomes private, and a pull request changes
    no visibility.

    Raises:
        UserError: the folder does not hold what `kind` says, the account may not write, or somebody
            else published in the meantime.
    """
    if not folder.is_dir():
        raise UserError(
            f"{folder} is no folder: give the one that build, train or the Space was written to"
        )
    about = about or About()
    if kind == "model" and not about.may_publish_adapted:
        refuse_adapted(folder)
    repo = Repo(kind, repo_id, target)
    standing = repo.standing()
    check_pins(repo, about)
    files = folder_contents(repo, folder, standing, about)
    done = _release_next(repo, standing, files, about, version=version)
    done = replace(done, left_out=left_out(folder, files) if kind == "model" else ())
    if target.private or target.pull_request or not standing.private:
        return done
    if not target.dry_run:
        repo.show()
    return replace(done, shown=True)


def rollback(kind: str, repo_id: str, to: str, *, target: HubTarget = DEFAULT_TARGET) -> Release:
    """Release the content of an earlier version again, under a new version.

    No tag and no commit is removed.
    """
    repo = Repo(kind, repo_id, target)
    files: Files = dict(_at(repo, to).files)
    standing = repo.standing()
    step = replace(_step(repo, standing, files), reason=f"Rolled back to {to}.")
    return _release_next(repo, standing, files, About(), step=step)


def repin(space_id: str, sources: Sequence[str], *, target: HubTarget = DEFAULT_TARGET) -> Release:
    """Pin an existing Space to other versions, each ``id@version``, of its models and corpora."""
    repo = Repo("space", space_id, target)
    standing = repo.standing()
    if standing.head is None:
        raise UserError(f"There is no Space {space_id} on {repo.api.endpoint}: publish it first")
    if unversioned := [source for source in sources if not source.partition("@")[2]]:
        raise UserError(
            f"{', '.join(unversioned)}: say which version, as in {unversioned[0]}@v0.2.0"
        )
    pinned = _pinned(repo, standing)
    moved = {source.partition("@")[0]: source for source in sources}
    if unknown := moved.keys() - _ids(pinned):
        raise UserError(
            f"{space_id} doesn't run {', '.join(sorted(unknown))}: publish the Space with it first"
        )
    now = {
        key: [moved.get(pin.partition("@")[0], pin) for pin in pins] for key, pins in pinned.items()
    }
    about = About(ner=now["ner"], relations=now["relations"], datasets=now["datasets"])
    check_pins(repo, about)
    return _release_next(repo, standing, dict(standing.files), about)


def repin_space_of(model: Release, *, target: HubTarget = DEFAULT_TARGET) -> Release | None:
    """Set the Space that a model's card names to the version just released.

    Returns None if there is no such Space, or it does not run the model.
    """
    repo = Repo("model", model.repo_id, target)
    space_id = linked_space(content_text(repo, repo.standing().files.get("README.md")))
    if space_id is None:
        return None
    space = Repo("space", space_id, target)
    if model.repo_id not in _ids(_pinned(space, space.standing())):
        return None
    return repin(space_id, [f"{model.repo_id}@{model.version}"], target=target)


def _pinned(space: Repo, standing: Standing) -> dict[str, list[str]]:
    return pinned_sources(facts.front_matter(content_text(space, standing.files.get("README.md"))))


def _ids(pinned: Mapping[str, Sequence[str]]) -> set[str]:
    return {pin.partition("@")[0] for pins in pinned.values() for pin in pins}


def diff(
    kind: str,
    repo_id: str,
    before: str,
    after: str,
    *,
    target: HubTarget = DEFAULT_TARGET,
) -> str:
    """Compare two versions; returns the reason, rows by config and files as Markdown."""
    repo = Repo(kind, repo_id, target)
    old, new = _at(repo, before), _at(repo, after)
    changes = file_changes(new.files, old)
    step = _step(repo, old, dict(new.files))
    table = changes_table(row_changes(repo, old.files, new.files)) if kind == "dataset" else ""
    listed = "\n".join(f"- {change.action} {change.path}" for change in changes)
    return "\n\n".join(
        part for part in (f"{before} to {after}: {step.reason}", table, listed) if part
    )


def _at(repo: Repo, version: str) -> Standing:
    try:
        standing = repo.standing(version)
    except RevisionNotFoundError as error:
        raise UserError(
            f"{repo.id} has no version {version}: see {repo.url}/tree/main for those it has"
        ) from error
    if standing.head is None:
        raise UserError(
            f"There is no {repo.kind} {repo.id} on {repo.api.endpoint}, or this account can't see "
            "it"
        )
    return standing


def _release_next(
    repo: Repo,
    standing: Standing,
    files: Files,
    about: About,
    *,
    version: str | None = None,
    step: Step | None = None,
) -> Release:
    """Render card and changelog of the next version, and release it if anything changed."""
    dry_run = repo.target.dry_run
    log = content_text(repo, standing.files.get("CHANGELOG.md"))
    entries = changelog.parse(log)
    declared = entries[0].version if entries else None
    released = _last_release(repo, standing, declared)
    files = with_files_of_others(repo, files, standing)
    card = card_of(repo, files, standing, about)
    later = declared and version and versions.parse(version) > versions.parse(declared)
    if declared and not later:
        now: Files = {**files, **card(declared, entries), "CHANGELOG.md": log.encode()}
        if not file_changes(now, standing):
            _check_tag(repo, standing, declared)
            return Release(
                repo.kind, repo.id, declared, "unchanged", repo.url, commit=standing.head
            )
    step = step or _step(repo, standing, files)
    next_one = version or versions.next_version(declared, step)
    if declared and versions.parse(next_one) <= versions.parse(declared):
        raise UserError(
            f"{repo.id} is at {declared} already: a release needs a later version than that, not "
            f"{next_one}"
        )
    details = (
        changes_table(row_changes(repo, standing.files, files)) if repo.kind == "dataset" else ""
    )
    today = datetime.now(timezone.utc).date().isoformat()
    entry = Entry(next_one, today, escape(step.reason), details)
    log = changelog.with_entry(log, entry)
    files = {**files, **card(next_one, (entry, *entries)), "CHANGELOG.md": log.encode()}
    check_edits(repo, files, standing, released)
    if not dry_run:
        return release(repo, files, next_one, since=standing, message=step.reason)
    old, new = (
        content_text(repo, held.get("README.md")).splitlines() for held in (standing.files, files)
    )
    card_diff = "\n".join(difflib.unified_diff(old, new, "README.md", "README.md", lineterm=""))
    changes = file_changes(files, standing)
    return Release(
        repo.kind,
        repo.id,
        next_one,
        "planned",
        repo.url,
        changes,
        reason=step.reason,
        card_diff=card_diff,
    )


def _last_release(repo: Repo, standing: Standing, declared: str | None) -> Standing:
    """The repo as its last release left it; empty before the first one.

    Tags a release that was killed between its commit and its tag.
    """
    if declared is None:
        return Standing()
    commit = standing.tags.get(declared)
    if commit is None:
        commit = _commit_of(repo, declared)
        if not repo.target.dry_run:
            tag(repo, declared, commit)
    elif commit != standing.head:  # a tag by somebody else is not a release of ours
        commit = _commit_of(repo, declared, commit)
    return standing if commit == standing.head else repo.standing(commit)


def _check_tag(repo: Repo, standing: Standing, declared: str) -> None:
    """Raise UserError if the tag of the last release names another commit than the release's."""
    tagged = standing.tags.get(declared)
    if tagged not in (None, standing.head) and tagged != _commit_of(repo, declared, tagged):
        raise UserError(
            f"{repo.id} holds {declared}, but the tag {declared} names another commit, {tagged}: "
            "publish again with a later --version."
        )


def _step(repo: Repo, standing: Standing, files: Files) -> Step:
    """The version step from the present files to `files`."""
    changed = [change.path for change in file_changes(files, standing)]
    if repo.type == "space":
        return versions.code_step("CHANGELOG.md" not in standing.files, changed)
    before, after = read_card_documents(repo, standing.files), read_card_documents(repo, files)
    if repo.kind == "dataset":
        return versions.dataset_step(facts.builds(before), facts.builds(after))
    return versions.model_step(facts.model_identity(before), facts.model_identity(after), changed)


def _commit_of(repo: Repo, version: str, default: str | None = None) -> str:
    """The commit that released a version: a merged pull request has its number behind the title.

    Raises:
        UserError: no commit says so, and there is no default.
    """
    commits = repo.call(lambda: repo.api.list_repo_commits(repo.id, repo_type=repo.type))
    for commit in commits:
        if commit.title.partition(" (#")[0] == f"Release {version}":
            return commit.commit_id
    if default:
        return default
    raise UserError(
        f"CHANGELOG.md of {repo.id} names {version}, but neither a tag nor a commit does. Tag the "
        "commit that holds it: "
        f"hf repos tag create {repo.id} {version} --repo-type {repo.type} --revision COMMIT"
    )
