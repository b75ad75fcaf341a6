"""Render the card of a repo at a version, from the files of the repo and the publisher's facts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpusmith.cards import croissant, dataset, metric, model
from corpusmith.cards import space as space_cards
from corpusmith.cards.changelog import Entry
from corpusmith.cards.metric import MetricFacts
from corpusmith.cards.space import Source, SpaceFacts
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub.folders.space import model_documents
from corpusmith.hub.repo import Content, Files, RemoteFile, Repo, Standing
from corpusmith.text_files import decode

Card = Callable[[str, tuple[Entry, ...]], Files]
License = str | list[str] | None


@dataclass(frozen=True)
class About:
    """Facts that the publisher gives. If a fact is omitted, the card keeps its present value; the
    licence of a dataset follows from its builds unless somebody gave one.

    Args:
        dataset, space: For a model's card: its corpus as ``id@version``, and the id of a Space that
            runs it.
        ner, relations, datasets: For a Space: the models it runs and the corpora behind them, each
            ``id@version``.
        may_publish_adapted: The owners of the documents agree to release an adapted model.
    """

    license: str | None = None
    pretty_name: str = ""
    dataset: str | None = None
    space: str | None = None
    ner: Sequence[str] = ()
    relations: Sequence[str] = ()
    datasets: Sequence[str] = ()
    may_publish_adapted: bool = False


def card_of(repo: Repo, files: Files, standing: Standing, about: About) -> Card:
    """A function from a version and its changelog to the files that name the version."""
    documents = read_card_documents(repo, files)
    stood_card = content_text(repo, standing.files.get("README.md"))
    stood = facts.front_matter(stood_card)

    def dataset_card(version: str, entries: tuple[Entry, ...]) -> Files:
        before = stated_license(read_card_documents(repo, standing.files))
        license = license_of(about.license, stood.get("license"), documents, before)
        pretty_name = about.pretty_name or stood.get("pretty_name", "")
        snapshot = facts.Snapshot(repo.id, version, entries, documents, files)
        known = facts.dataset_facts(snapshot, license=license, pretty_name=pretty_name)
        # A loopback address doesn't last: use the dataset's address on the Hub.
        url = (
            repo.url
            if repo.url.startswith("https:")
            else f"https://huggingface.co/datasets/{repo.id}"
        )
        card, described = dataset.render(known), croissant.render(known, url)
        return {"README.md": card.encode(), "croissant.json": described.encode()}

    def model_card(version: str, entries: tuple[Entry, ...]) -> Files:
        space = about.space or linked_space(stood_card)
        license = about.license or stood.get("license")
        snapshot = facts.Snapshot(repo.id, version, entries, documents, files)
        known = facts.model_facts(snapshot, license=license, dataset=about.dataset, space=space)
        return {"README.md": model.render(known).encode()}

    def space_card(version: str, entries: tuple[Entry, ...]) -> Files:
        own = facts.front_matter(content_text(repo, files.get("README.md")))
        pinned = pinned_sources(stood)
        ner = parse_pins(about.ner or pinned["ner"])
        relations = parse_pins(about.relations or pinned["relations"])
        finding, relating = model_documents(repo, ner), model_documents(repo, relations)
        found = [facts.model_classes(model.config) for model in finding]
        related = [model.config.get("corpusmith") or {} for model in relating]
        spoken = [model.languages for model in (*finding, *relating)]
        languages = {tag for tags in spoken for tag in tags} if all(spoken) else set()
        known = SpaceFacts(
            repo.id,
            version,
            ner=ner,
            relations=relations,
            datasets=parse_pins(about.datasets or pinned["datasets"]),
            labels=tuple(sorted({label for names in found for label in facts.shown_labels(names)})),
            pairs=tuple(
                (about_pair["head"].capitalize(), about_pair["tail"].capitalize())
                for about_pair in related
                if {"head", "tail"} <= about_pair.keys()
            ),
            languages=tuple(sorted(languages)),
            front_matter=own,
            versions=facts.version_lines(entries),
        )
        return {"README.md": space_cards.render(known).encode()}

    def metric_card(version: str, entries: tuple[Entry, ...]) -> Files:
        known = MetricFacts(repo.id, content_text(repo, files.get("README.md")))
        return {"README.md": metric.render(known).encode()}

    return {
        "dataset": dataset_card,
        "model": model_card,
        "space": space_card,
        "metric": metric_card,
    }[repo.kind]


def stated_license(documents: facts.Documents) -> License:
    """The licence that the builds of a dataset state, several as a list; None without one."""
    builds = facts.builds(documents).values()
    stated = sorted({build["license"] for build in builds if build.get("license")})
    return stated if len(stated) > 1 else next(iter(stated), None)


def license_of(
    given: str | None, stood: License, documents: facts.Documents, before: License
) -> License:
    """The licence of a dataset: the given one; else the one on its card, unless it only says what
    the builds of the last version state (`before`); else what the builds state; else the card's.
    """
    derived = stood in (before, *(before if isinstance(before, list) else ()))
    if given or (stood and not derived):
        return given or stood
    return stated_license(documents) or stood


def linked_space(model_card: str) -> str | None:
    """The Space that a model's card names."""
    linked = re.search(r"\]\(/spaces/([\w.-]+/[\w.-]+)\)", model_card)
    return linked[1] if linked else None


def parse_pins(pins: Sequence[str]) -> tuple[Source, ...]:
    """Repos with their versions, from ``id@version``; without a version, `main`."""
    return tuple(
        Source(name, version or "main") for name, _, version in (pin.partition("@") for pin in pins)
    )


def pinned_sources(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """The pins in a Space's front matter, each as ``id@version``, by ner, relations and
    datasets."""
    block = metadata.get("corpusmith") or {}
    try:
        return {
            key: [f"{source['id']}@{source['revision']}" for source in block.get(key) or ()]
            for key in ("ner", "relations", "datasets")
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(
            f"the `corpusmith` block at the head of README.md can't be read ({error!r}): "
            "docs/space.md shows its form"
        ) from None


def read_card_documents(repo: Repo, files: Mapping[str, Content]) -> dict[str, Any]:
    """The JSON that cards are rendered from, by path."""
    documents = {
        path: facts.json_mapping(repo.read(content), f"{path} of {repo.id}")
        for path, content in files.items()
        if facts.is_document(path)
    }
    if repo.kind == "model" and "config.json" in documents:
        facts.refuse_odd_config(documents["config.json"], f"config.json of {repo.id}")
    return documents


def content_text(repo: Repo, content: Content | None) -> str:
    """The text of a file; empty if there is no file. Raises UserError if it is not UTF-8."""
    if content is None or isinstance(content, bytes):
        return (content or b"").decode()
    place = f"{content.path} of {repo.url}" if isinstance(content, RemoteFile) else str(content)
    return decode(repo.read(content), place, remedy="save it as UTF-8 there")
