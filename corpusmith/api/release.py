"""Publish: publish, run, diff, repin."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from corpusmith.api.folder import PathName, path_or_none

if TYPE_CHECKING:
    from corpusmith.hub.card import About
    from corpusmith.hub.release import Release
    from corpusmith.pipeline import Released

KIND_OF = {"build.json": "dataset", "training.json": "model", "app.py": "space"}


def publish(
    folder: PathName,
    repo: str,
    *,
    about: "About | None" = None,
    version: str | None = None,
    hub: str | None = None,
    dry_run: bool = False,
) -> "Release":
    """Release a corpus, a student or a Space: one commit and one tag, or nothing if unchanged.

    A new repo is private; `corpusmith publish --public` makes it public.

    >>> release = cs.publish("corpus", repo="local/corpusmith-ner", hub=hub)
    >>> release.version, release.state
    ('v0.1.0', 'released')
    >>> cs.publish("corpus", repo="local/corpusmith-ner", hub=hub).state
    'unchanged'

    Args:
        folder: what `build` or `train` wrote, or the Space folder that `run` wrote.
        repo: NAMESPACE/NAME on the Hub.
        about: facts for the card that the folder doesn't hold, such as the licence; and the consent
            to release a model that learned from local documents (`may_publish_adapted`).
        version: the version to release, later than the last one; by default it is computed.
        hub: address of a Hub; default $HF_ENDPOINT, else huggingface.co.
        dry_run: compute version, files and card, and publish nothing.

    Raises:
        UserError: the folder is none of these, the account may not write, or another release came
            first.
    """
    from corpusmith.hub.publish import HubTarget
    from corpusmith.hub.publish import publish as release

    path, target = Path(folder), HubTarget(hub, dry_run=dry_run)
    return release(kind_of(path), path, repo, about=about, version=version, target=target)


def kind_of(folder: Path) -> str:
    """dataset, model or space, by the file that the stage wrote. Raises UserError."""
    from corpusmith.errors import UserError

    for file, kind in KIND_OF.items():
        if (folder / file).is_file():
            return kind
    raise UserError(f"{folder} holds none of {', '.join(KIND_OF)}: give what build or train wrote")


def run(
    recipes: str | Sequence[str],
    *,
    hub: str = "local",
    root: PathName = "runs",
    encoder: PathName = "embedded",
    ledger: PathName | None = None,
    documents: PathName | Sequence[PathName] = (),
) -> "Released":
    """Do all stages: build, train, measure and release each recipe, and a Space for the models.

    Every stage keeps its files below `root`: repeat a killed call to continue it. Prints a line for
    each stage.

    >>> done = cs.run(
    ...     "devices.yaml", ledger="devices.sqlite", encoder="tiny-encoder"
    ... )  # doctest: +ELLIPSIS
    <BLANKLINE>
    devices: ...
    >>> done.datasets["devices"].version, done.models["devices"].version, done.space.version
    ('v0.1.0', 'v0.1.0', 'v0.1.0')

    Args:
        recipes: one recipe or several, by name or path.
        hub: address of a Hub, or "local" for one on this machine below `root`.
        documents: local text without labels: at the end, each entity model is adapted to it, in
            `root/RECIPE/adapted`. Nothing that was learned from it is released.
    """
    from corpusmith.pipeline import run_all
    from corpusmith.quality.second_build import Run

    names = [recipes] if isinstance(recipes, str) else [str(name) for name in recipes]
    paths = [documents] if isinstance(documents, str | PathLike) else documents
    where = Run(Path(root), str(encoder), path_or_none(ledger))
    return run_all(names, where, hub, documents=list(map(Path, paths)))


def diff(
    repo: str, before: str, after: str, *, kind: str = "dataset", hub: str | None = None
) -> str:
    """Describe as Markdown why, and in which rows and files, version `after` differs from `before`.

    >>> print(cs.diff("local/corpusmith-ner", "v0.1.0", "v0.1.0", hub=hub).splitlines()[0])
    v0.1.0 to v0.1.0: Card and metadata only.
    """
    from corpusmith.hub.publish import HubTarget
    from corpusmith.hub.publish import diff as compare

    return compare(kind, repo, before, after, target=HubTarget(hub))


def repin(
    space: str, sources: Sequence[str], *, hub: str | None = None, dry_run: bool = False
) -> "Release":
    """Change the versions of the models and corpora that a Space uses.

    `sources` are the new ones, each `id@version`; the others stay.

    >>> space = cs.repin("local/demo", ["local/student@v0.2.0"], hub=hub)
    >>> space.version, space.state
    ('v0.1.1', 'released')
    """
    from corpusmith.hub.publish import HubTarget
    from corpusmith.hub.publish import repin as release

    return release(space, sources, target=HubTarget(hub, dry_run=dry_run))
