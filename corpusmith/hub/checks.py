"""Check a release in advance: its pins exist, and no manual edit is lost."""

from functools import partial
from pathlib import Path

from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

from corpusmith.errors import UserError
from corpusmith.hub.card import About
from corpusmith.hub.folders.contents import read_mapping
from corpusmith.hub.release import MADE_BY_THE_HUB, same
from corpusmith.hub.repo import Files, RemoteFile, Repo, Standing

OURS = {".gitattributes", "CHANGELOG.md", "croissant.json"}


def refuse_adapted(folder: Path) -> None:
    """Raise UserError for a model that was trained on local documents, or a review of them."""
    training = read_mapping(folder / "training.json")
    if reviewed := training.get("reviewed"):
        raise UserError(
            f"{folder} was trained on {reviewed['sentences']:,} sentences of local documents, and "
            "a model can reveal its training text: publish it only with the consent of "
            "those who own the documents, by --i-may-publish-this-model"
        )
    if "adapted" in training and not training["adapted"].get("public"):
        raise UserError(
            f"{folder} was trained on {training['adapted']['documents']:,} local documents, and a "
            "model can reveal its training text: publish it only with the consent of "
            "those who own the documents, by --i-may-publish-this-model"
        )


def check_pins(repo: Repo, about: About) -> None:
    """Check that every repo and version that a card would name exists on the same Hub.

    Raises:
        UserError: one of them doesn't exist, or this account can't see it.
    """
    corpora = [*about.datasets, *([about.dataset] if about.dataset else [])]
    pins = [("model", pin) for pin in (*about.ner, *about.relations)]
    for kind, pin in [*pins, *(("dataset", pin) for pin in corpora)]:
        name, _, version = pin.partition("@")
        pinned = Repo(kind, name, repo.target)
        info = partial(pinned.api.repo_info, name, repo_type=kind, revision=version or None)
        try:
            pinned.call(info)
        except (RepositoryNotFoundError, RevisionNotFoundError):
            raise UserError(
                f"{pin}: there is no such {kind} on {repo.api.endpoint}, or this account can't see "
                "it. Publish it first, or name another version."
            ) from None


def with_files_of_others(repo: Repo, files: Files, standing: Standing) -> Files:
    """`files`, and the files that somebody else added to the repo. A file is ours if the last
    commit that changed it is a release.
    """
    unknown = sorted(standing.files.keys() - files.keys() - MADE_BY_THE_HUB - OURS)
    if not unknown:
        return files
    ask = partial(repo.api.get_paths_info, repo.id, unknown, expand=True, repo_type=repo.type)
    kept = {
        item.path: standing.files[item.path]
        for item in repo.call(partial(ask, revision=standing.head))
        if item.last_commit is None or not item.last_commit.title.startswith("Release v")
    }
    return {**kept, **files}


def check_edits(repo: Repo, files: Files, standing: Standing, released: Standing) -> None:
    """Refuse to overwrite manual edits since the last release.

    A changelog with entries is none of them, as a release keeps what it holds.

    Raises:
        UserError: a file was edited, and the release would replace it.
    """
    kept = OURS if released.head else OURS - {"CHANGELOG.md"}
    edited = [
        path
        for path, file in standing.files.items()
        if path not in kept
        and not _is(file, released.files.get(path))
        and not (path in files and same(files[path], file))
    ]
    if standing.files.keys() <= MADE_BY_THE_HUB:
        return
    if edited and not repo.target.overwrite:
        named = ", ".join(sorted(edited)[:5])
        raise UserError(
            f"{named} of {repo.id} was edited by hand since the last release, which the release "
            "would undo. Take the edit over into your folder, or give --overwrite: the edited "
            f"file stays readable at {repo.url}/tree/{standing.head}"
        )


def _is(file: RemoteFile, released: RemoteFile | None) -> bool:
    return released is not None and file.oid == released.oid
