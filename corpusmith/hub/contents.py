"""Collect the files of a release: those of a folder, and the card and other files that name the version."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpusmith.cards import croissant, dataset, figures, metric, model
from corpusmith.cards import space as space_cards
from corpusmith.cards.changelog import Entry
from corpusmith.cards.dataset import split_name
from corpusmith.cards.metric import MetricFacts
from corpusmith.cards.space import Source, SpaceFacts
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub.release import folder_files
from corpusmith.hub.repo import Content, Repo, Standing

MODEL_FOLDERS = ("onnx/", "evaluation/", "figures/")
Files = dict[str, Content]
Card = Callable[[str, tuple[Entry, ...]], Files]


@dataclass(frozen=True)
class About:
    """Facts that only the publisher knows. A fact that is left out stays as the repo's card states it.

    Args:
        dataset, space: For a model's card: its corpus as ``id@version``, and the id of a Space that runs it.
        ner, relations, datasets: For a Space: the models it runs and the corpora behind them, each ``id@version``.
    """

    license: str | None = None
    pretty_name: str = ""
    dataset: str | None = None
    space: str | None = None
    ner: Sequence[str] = ()
    relations: Sequence[str] = ()
    datasets: Sequence[str] = ()
    may_publish_adapted: bool = False
    """The publisher may release a model that learned from local documents."""


def folder_contents(kind: str, folder: Path, standing: Standing) -> Files:
    """The files of a folder as its repo will hold them; a dataset's other configs stay as they stand.

    Raises:
        UserError: the folder is not what `kind` says.
    """
    if kind == "dataset":
        return dataset_contents(folder, standing)
    return model_contents(folder) if kind == "model" else dict(folder_files(folder))


def model_contents(folder: Path) -> Files:
    """A trained model, its evaluations and pictures; the runs of other seeds, states and logs stay at home."""
    files: Files = {
        path: file
        for path, file in folder_files(folder).items()
        if path.startswith(MODEL_FOLDERS) or "/" not in path
    }
    documents = {
        path: json.loads((folder / path).read_bytes()) for path in files if facts.is_document(path)
    }
    if "config.json" not in documents:
        raise UserError(
            f"{folder} holds no config.json: give the folder that `corpusmith train --out` wrote"
        )
    corpus_id = (documents.get("training.json", {}).get("dataset") or {}).get("id") or ""
    documents = {
        path: facts.public(path, document, corpus_id) for path, document in documents.items()
    }
    files |= {
        path: json.dumps(document, indent=1).encode()
        for path, document in documents.items()
        if path != "config.json"
    }
    draft = facts.Snapshot(folder.name, "v0.0.0", (), documents, files)
    pictures = figures.model_figures(facts.model_facts(draft))
    return files | {f"figures/{name}": picture for name, picture in pictures.items()}


def dataset_contents(folder: Path, standing: Standing) -> Files:
    """A built corpus as one config of its repo, and the other configs as they stand there."""
    build = facts.published_build(folder)
    name = build["recipe"]
    ours = (f"data/{name}/", f"recipes/{name}/", f"data/rejected/{split_name(name)}-")
    files: Files = {
        path: file
        for path, file in standing.files.items()
        if path.startswith(("data/", "recipes/")) and not path.startswith(ours)
    }
    files |= {path: file for path, file in folder_files(folder).items() if path.startswith(ours)}
    pictures = figures.dataset_figures(facts.corpus(name, build, ()))
    files |= {f"recipes/{name}/figures/{path}": picture for path, picture in pictures.items()}
    files[f"recipes/{name}/build.json"] = json.dumps(build, indent=1, ensure_ascii=False).encode()
    return files


def card_of(repo: Repo, files: Files, standing: Standing, about: About) -> Card:
    """The files that name a version, for it and its changelog, drawn from the JSON among `files`."""
    documents = read_documents(repo, files)
    stood_card = read_text(repo, standing.files.get("README.md"))
    stood = front_matter(stood_card)
    license = about.license or stood.get("license")

    def dataset_card(version: str, entries: tuple[Entry, ...]) -> Files:
        pretty_name = about.pretty_name or stood.get("pretty_name", "")
        snapshot = facts.Snapshot(repo.id, version, entries, documents, files)
        known = facts.dataset_facts(snapshot, license=license, pretty_name=pretty_name)
        # A loopback's port is no lasting address: describe the dataset by its address on the Hub.
        url = (
            repo.url
            if repo.url.startswith("https:")
            else f"https://huggingface.co/datasets/{repo.id}"
        )
        card, described = dataset.render(known), croissant.render(known, url)
        return {"README.md": card.encode(), "croissant.json": described.encode()}

    def model_card(version: str, entries: tuple[Entry, ...]) -> Files:
        space = about.space or linked_space(stood_card)
        snapshot = facts.Snapshot(repo.id, version, entries, documents, files)
        known = facts.model_facts(snapshot, license=license, dataset=about.dataset, space=space)
        return {"README.md": model.render(known).encode()}

    def space_card(version: str, entries: tuple[Entry, ...]) -> Files:
        own = front_matter(read_text(repo, files.get("README.md")))
        pinned = pinned_sources(stood)
        known = SpaceFacts(
            repo.id,
            version,
            ner=sources(about.ner or pinned["ner"]),
            relations=sources(about.relations or pinned["relations"]),
            datasets=sources(about.datasets or pinned["datasets"]),
            front_matter=own,
            versions=facts.lines(entries),
        )
        return {"README.md": space_cards.render(known).encode()}

    def metric_card(version: str, entries: tuple[Entry, ...]) -> Files:
        known = MetricFacts(repo.id, read_text(repo, files.get("README.md")))
        return {"README.md": metric.render(known).encode()}

    return {
        "dataset": dataset_card,
        "model": model_card,
        "space": space_card,
        "metric": metric_card,
    }[repo.kind]


def linked_space(model_card: str) -> str | None:
    """The Space that a model's card names."""
    linked = re.search(r"\]\(/spaces/([\w.-]+/[\w.-]+)\)", model_card)
    return linked[1] if linked else None


def sources(pins: Sequence[str]) -> tuple[Source, ...]:
    """Repos with their versions, from ``id@version``; without one, whatever `main` holds."""
    return tuple(
        Source(name, version or "main") for name, _, version in (pin.partition("@") for pin in pins)
    )


def pinned_sources(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a Space's front matter pins, each as ``id@version``, by ner, relations and datasets."""
    block = metadata.get("corpusmith") or {}
    return {
        key: [f"{source['id']}@{source['revision']}" for source in block.get(key) or ()]
        for key in ("ner", "relations", "datasets")
    }


def read_documents(repo: Repo, files: Mapping[str, Content]) -> dict[str, Any]:
    """The JSON that cards are drawn from, by path."""
    return {
        path: json.loads(repo.read(content))
        for path, content in files.items()
        if facts.is_document(path)
    }


def read_text(repo: Repo, content: Content | None) -> str:
    """The text of a file; empty where there is none."""
    return "" if content is None else repo.read(content).decode()


def front_matter(readme: str) -> dict[str, Any]:
    """The YAML between the two `---` lines at the head of a card; empty without them."""
    head, *parts = readme.split("---\n", 2)
    return yaml.safe_load(parts[0]) if not head and len(parts) == 2 else {}
