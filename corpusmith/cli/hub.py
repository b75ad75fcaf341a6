"""The verbs for Hubs: publish, repin, diff, and `corpusmith hub` to serve one and to copy repos."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpusmith.cli.options import HubAddress, Public
from corpusmith.errors import UserError
from corpusmith.hub.loopback import PORT, end_with_parent

if TYPE_CHECKING:
    from corpusmith.hub.publish import About, HubTarget
    from corpusmith.hub.release import Release

ABOUT = {  # the options of `publish` for the card of each kind
    "dataset": ("--pretty-name",),
    "model": ("--dataset", "--space"),
    "space": ("--ner", "--relations", "--dataset"),
}
hub_app = typer.Typer(
    help="A Hub on this machine, for demos, tests and air-gapped sites.", no_args_is_help=True
)


@hub_app.command("serve")
def hub_serve(
    root: Annotated[Path, typer.Option(help="Where the repos are kept.")] = Path("runs/hub"),
    port: Annotated[int, typer.Option(help="Port to listen on.")] = PORT,
    tokens: Annotated[
        Path | None,
        typer.Option(help="TOML file of users and tokens; without it everybody may write."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but the loopback needs --tokens.")
    ] = "127.0.0.1",
    url: Annotated[
        str | None,
        typer.Option(help="Address that clients use, if a proxy does not pass on its Host header."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Serve the repos below a folder with the Hub's protocol."""
    from corpusmith.hub.local.server import serve

    if until_eof:
        end_with_parent()
    if not quiet:
        typer.echo(
            f"A Hub over {root}: http://{host}:{port}   "
            f"(export HF_ENDPOINT=http://{host}:{port}; Ctrl-C ends it)"
        )
    try:
        serve(root, port, tokens, host, url)
    except ValueError as error:
        raise UserError(str(error)) from None


@hub_app.command("push")
def hub_push(
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the source Hub.")],
    kind: Annotated[str, typer.Option(help="dataset, model or space")],
    source: Annotated[
        str, typer.Option("--from", help="Address of the source Hub.")
    ] = f"http://127.0.0.1:{PORT}",
    target: Annotated[
        str, typer.Option("--to", help="Address of the target Hub.")
    ] = "https://huggingface.co",
    as_id: Annotated[
        str | None, typer.Option("--as", help="NAMESPACE/NAME on the target Hub, if different.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="New name of another repo in the card; repeatable."),
    ] = None,
    public: Public = False,
) -> None:
    """Copy a repo with its history and tags to another Hub.

    CORPUSMITH_SOURCE_TOKEN is the token for --from.
    """
    from corpusmith.hub.repo import HubTarget
    from corpusmith.hub.transfer import lift

    if public:
        typer.confirm(f"Make {as_id or repo} visible to everybody?", abort=True)
    if wrong := [pair for pair in rename or [] if pair.count("=") != 1]:
        raise UserError(f"--rename {wrong[0]}: write it as local/corpus=you/corpus")
    token = os.environ.get("CORPUSMITH_SOURCE_TOKEN")
    done = lift(
        kind,
        repo,
        source=HubTarget(source, token),
        target=HubTarget(target, private=not public),
        as_id=as_id,
        renames=dict(pair.split("=") for pair in rename or []),
    )
    typer.echo(f"{done.url}: {done.commits} commits, {len(done.tags)} tags")
    if done.old_names:
        typer.echo(
            f"its card still names {', '.join(done.old_names)}: give their new names by --rename",
            err=True,
        )


def publish(
    kind: Annotated[str, typer.Argument(help="dataset, model, space or metric")],
    path: Annotated[
        str | None,
        typer.Argument(
            help="The folder to release, or its URL (s3://…, hf://…); none with --rollback."
        ),
    ] = None,
    *,
    repo: Annotated[str, typer.Option(help="NAMESPACE/NAME on the Hub.")],
    hub: HubAddress = None,
    version: Annotated[
        str | None, typer.Option(help="The version, later than the last one. Default: computed.")
    ] = None,
    license: Annotated[str | None, typer.Option(help="Licence of the published content.")] = None,
    pretty_name: Annotated[str, typer.Option(help="Dataset: its title on the card.")] = "",
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="ID@VERSION of the corpus; repeatable for a Space."),
    ] = None,
    space: Annotated[str | None, typer.Option(help="Model: id of a Space that runs it.")] = None,
    ner: Annotated[
        list[str] | None, typer.Option(help="Space: ID@VERSION of a model; repeatable.")
    ] = None,
    relations: Annotated[
        list[str] | None, typer.Option(help="Space: ID@VERSION of a relation model; repeatable.")
    ] = None,
    public: Public = False,
    pr: Annotated[
        bool, typer.Option("--pr", help="Open a pull request in place of a release.")
    ] = False,
    rollback: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Release the content of this earlier version again."),
    ] = None,
    may_publish: Annotated[
        bool,
        typer.Option(
            "--i-may-publish-this-model", help="Release a model that was adapted to documents."
        ),
    ] = False,
    alone: Annotated[
        bool,
        typer.Option(
            "--alone", help="Don't update the Collection, or the Space that runs a model."
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace files that were edited by hand on the Hub."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(help="List files, sizes, version and the card's changes; publish nothing."),
    ] = False,
) -> None:
    """Release a folder to the Hub: one commit and one tag, or nothing if the repo holds it already.

    Then update the Collection of its namespace, and set the Space that a model's card names to the
    new version.
    """
    from corpusmith.cli.display import release_lines
    from corpusmith.cli.fetched import fetched_folder
    from corpusmith.hub import publish as publishing

    target = publishing.HubTarget(
        hub, private=not public, dry_run=dry_run, pull_request=pr, overwrite=overwrite
    )
    about = about_of(kind, license, pretty_name, dataset or [], space, ner or [], relations or [])
    if rollback:
        if path or version or public or about != publishing.About():
            raise UserError(
                f"--rollback releases what {rollback} held: "
                "give it no folder, version, card or --public"
            )
        release = publishing.rollback(kind, repo, rollback, target=target)
    elif path is None:
        raise UserError(
            f"say which folder to release: corpusmith publish {kind} FOLDER --repo {repo}"
        )
    else:
        if public and not dry_run:
            typer.confirm(f"Make {repo} visible to everybody?", abort=True)
        with fetched_folder(path) as folder:
            about = replace(about, may_publish_adapted=may_publish)
            release = publishing.publish(
                kind, folder, repo, about=about, version=version, target=target
            )
    typer.echo(release_lines(release))
    if not alone and release.state in ("released", "unchanged"):
        follow(release, target)


def follow(release: "Release", target: "HubTarget") -> None:
    """Update what depends on a release: the Collection, and for a model the Space that runs it."""
    from corpusmith.cli.display import release_lines
    from corpusmith.hub import publish as publishing
    from corpusmith.hub.collection import collect

    if release.kind == "model" and (moved := publishing.repin_space_of(release, target=target)):
        typer.echo(release_lines(moved))
    namespace = release.repo_id.partition("/")[0]
    typer.echo(f"together: {collect(namespace, [release], target=target)}")


def repin(
    space: Annotated[str, typer.Argument(help="NAMESPACE/NAME of an existing Space.")],
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="ID@VERSION...", help="ID@VERSION of models and corpora of the Space."
        ),
    ],
    hub: HubAddress = None,
    dry_run: Annotated[bool, typer.Option(help="Show what would change; publish nothing.")] = False,
) -> None:
    """Set a Space to other versions of the models and corpora that it names, and release it."""
    from corpusmith.cli.display import release_lines
    from corpusmith.hub import publish as publishing

    target = publishing.HubTarget(hub, dry_run=dry_run)
    typer.echo(release_lines(publishing.repin(space, sources, target=target)))


def about_of(
    kind: str,
    license: str | None,
    pretty_name: str,
    datasets: Sequence[str],
    space: str | None,
    ner: Sequence[str],
    relations: Sequence[str],
) -> "About":
    """The options that a card uses. Raises UserError at an option that does not fit the kind."""
    from corpusmith.hub.publish import About

    stated = {"--pretty-name": pretty_name, "--dataset": datasets, "--space": space, "--ner": ner}
    stated |= {"--relations": relations}
    if strange := [
        option for option, value in stated.items() if value and option not in ABOUT.get(kind, ())
    ]:
        fitting = ", ".join(ABOUT.get(kind, ())) or "none of these options"
        raise UserError(f"{', '.join(strange)}: the card of a {kind} takes {fitting}")
    if kind == "space":
        return About(license=license, ner=ner, relations=relations, datasets=datasets)
    if len(datasets) > 1:
        raise UserError(f"a model has one corpus: give --dataset once, not {', '.join(datasets)}")
    return About(
        license=license, pretty_name=pretty_name, dataset=next(iter(datasets), None), space=space
    )


def diff(
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the Hub.")],
    before: Annotated[str, typer.Argument(help="A version, such as v1.0.0.")],
    after: Annotated[str, typer.Argument(help="A later version.")],
    kind: Annotated[str, typer.Option(help="dataset, model, space or metric")] = "dataset",
    hub: HubAddress = None,
) -> None:
    """Show the changes between two released versions."""
    from corpusmith.hub.publish import HubTarget
    from corpusmith.hub.publish import diff as compare

    typer.echo(compare(kind, repo, before, after, target=HubTarget(hub)))
