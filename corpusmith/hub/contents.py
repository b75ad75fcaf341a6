"""Collect the files of a release: those of a folder, the card and the changelog."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub.errors import RevisionNotFoundError

from corpusmith.cards import croissant, dataset, figures, metric, model
from corpusmith.cards import space as space_cards
from corpusmith.cards.changelog import Entry
from corpusmith.cards.dataset import split_name
from corpusmith.cards.metric import MetricFacts
from corpusmith.cards.space import Source, SpaceFacts
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub.folders.corpus import published_build
from corpusmith.hub.folders.model import is_hub_id, public
from corpusmith.hub.folders.space import model_configs
from corpusmith.hub.release import folder_files
from corpusmith.hub.repo import Content, Repo, Standing
from corpusmith.teacher.redaction import redact

TEXTS = (".yaml", ".yml", ".jinja", ".json", ".txt", ".md")
URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)([^\s\"'<>\\?#]*)(?:[?#][^\s\"'<>\\]*)?", re.IGNORECASE)
WEIGHTS = (".safetensors", ".bin", ".onnx")
# What training, export, evaluation and the report write. Other files of the folder are not
# published: logs and predictions may contain private text.
MODEL_FILES = re.compile(
    r"(config|generation_config|training|export|report|examples|tokenizer|tokenizer_config"
    r"|special_tokens_map|added_tokens|vocab|preprocessor_config|[\w.-]+\.index)\.json"
    r"|[\w.-]+\.(safetensors|bin|model|py)|(vocab|merges)\.txt|LICENSE(\.\w+)?|NOTICE(\.\w+)?"
    r"|onnx/[\w.-]+\.(onnx|onnx_data|json|txt)|evaluation/[^/]+\.json|figures/[^/]+\.png"
)
RESERVED = ("rejected", "default")
Files = dict[str, Content]
Card = Callable[[str, tuple[Entry, ...]], Files]


@dataclass(frozen=True)
class About:
    """Facts that the publisher gives. If one is omitted, the card keeps its present value.

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
    """The publisher may release a model that learned from local documents."""


def folder_contents(repo: Repo, folder: Path, standing: Standing, about: About) -> Files:
    """The files of a folder, by their path in the repo. A dataset's other configs stay as they are.

    Raises:
        UserError: the folder does not hold what the repo's kind says.
    """
    if repo.kind == "dataset":
        return dataset_contents(folder, standing)
    if repo.kind == "model":
        return {**model_contents(folder), **example_sentences(repo, folder, standing, about)}
    return dict(folder_files(folder))


def model_contents(folder: Path) -> Files:
    """A trained model, its evaluations and pictures, without other seeds, states and logs."""
    files: Files = {
        path: file for path, file in folder_files(folder).items() if MODEL_FILES.fullmatch(path)
    }
    documents = {path: read_json(folder / path) for path in files if facts.is_document(path)}
    if "config.json" not in documents:
        raise UserError(
            f"{folder} holds no config.json: give the folder that `corpusmith train --out` wrote"
        )
    if not any(path.endswith(WEIGHTS) for path in files):
        raise UserError(f"{folder} holds no weights ({', '.join(WEIGHTS)}): train the model first")
    corpus = documents.get("training.json", {}).get("dataset") or {}
    documents = {path: public(path, document, corpus) for path, document in documents.items()}
    files |= {
        path: json.dumps(document, indent=1).encode()
        for path, document in documents.items()
        if path != "config.json"
    }
    draft = facts.Snapshot(folder.name, "v0.0.0", (), documents, files)
    pictures = figures.model_figures(facts.model_facts(draft))
    return files | {f"figures/{name}": picture for name, picture in pictures.items()}


def example_sentences(repo: Repo, folder: Path, standing: Standing, about: About) -> Files:
    """examples.json of a model repo: sentences of its corpus's test split, for the card's widget.

    The corpus is the folder or the Hub dataset that training recorded, or `about.dataset`. If it
    cannot be read, the file stays as the repo holds it.
    """
    if (folder / "examples.json").is_file():
        return {}
    corpus = read_json(folder / "training.json").get("dataset") or {}
    build = corpus_build(repo, corpus, about.dataset)
    sentences = facts.widget(build) if build else []
    if build and sentences:
        shown = {"sentences": sentences}
        if build["task"] != "ner":  # the Space reads sentences that are not masked
            shown["texts"] = [row["text"] for row in build["examples"] if row.get("masked")]
        return {"examples.json": json.dumps(shown, indent=1).encode()}
    held = standing.files.get("examples.json")
    return {"examples.json": held} if held else {}


def corpus_build(
    repo: Repo, corpus: Mapping[str, Any], published: str | None
) -> dict[str, Any] | None:
    """The build.json of a model's corpus, from its folder or from the Hub that `repo` is on."""
    name, revision, config = corpus.get("id") or "", corpus.get("revision"), corpus.get("config")
    local = Path(name) / "build.json"
    if name and not is_hub_id(name, revision) and read_json(local).get("recipe") == config:
        return published_build(Path(name)) if config else None
    if published:
        name, _, revision = published.partition("@")
    if not config or name.count("/") != 1 or name.startswith((".", "/")):
        return None
    hub = Repo("dataset", name, repo.target)
    try:
        files = hub.standing(revision or "main").files
    except RevisionNotFoundError:
        return None
    held = files.get(f"recipes/{config}/build.json")
    return json.loads(hub.read(held)) if held else None


def read_json(path: Path) -> Any:
    """The content of a JSON file; an empty mapping if there is none.

    Raises UserError on bad JSON.
    """
    try:
        return json_mapping(path.read_bytes(), str(path))
    except FileNotFoundError:
        return {}


def json_mapping(content: bytes, path: str) -> dict[str, Any]:
    """Parse a JSON object. Raises UserError that names the file."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON ({error}): write it again") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} has no JSON object: write it again")
    return found


def dataset_contents(folder: Path, standing: Standing) -> Files:
    """A built corpus as one config of its repo, and the other configs as they stand there."""
    build = published_build(folder)
    name = build["recipe"]
    if name in RESERVED:
        raise UserError(f"a recipe can't be called {name}, as datasets have a config of that name")
    ours = (f"data/{name}/", f"recipes/{name}/", f"data/rejected/{split_name(name)}-")
    files: Files = {
        path: file
        for path, file in standing.files.items()
        if path.startswith(("data/", "recipes/")) and not path.startswith(ours)
    }
    for path, file in folder_files(folder).items():
        if path.startswith(ours):
            is_text = path.startswith("recipes/") and path.endswith(TEXTS)
            files[path] = public_text(file).encode() if is_text else file
    pictures = figures.dataset_figures(facts.corpus(name, build, ()))
    files |= {f"recipes/{name}/figures/{path}": picture for path, picture in pictures.items()}
    written = json.dumps(build, indent=1, ensure_ascii=False)
    files[f"recipes/{name}/build.json"] = without_secrets(written).encode()
    return files


def public_text(file: Path) -> str:
    """A text file of a recipe without secrets."""
    return without_secrets(file.read_text(encoding="utf-8", errors="replace"))


def without_secrets(text: str) -> str:
    """Drop user names, passwords, queries and fragments of URLs, and whatever looks like a key.

    A signed address of a word list carries its signature and token in the query.
    """
    return redact(URL.sub(lambda found: found[1] + found[2].rpartition("@")[2], text))


def card_of(repo: Repo, files: Files, standing: Standing, about: About) -> Card:
    """A function from a version and its changelog to the files that name the version."""
    documents = read_documents(repo, files)
    stood_card = read_text(repo, standing.files.get("README.md"))
    stood = front_matter(stood_card)
    license = about.license or stood.get("license")
    if license is None and repo.kind == "dataset":
        license = sole_license(facts.builds(documents).values())

    def dataset_card(version: str, entries: tuple[Entry, ...]) -> Files:
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
        snapshot = facts.Snapshot(repo.id, version, entries, documents, files)
        known = facts.model_facts(snapshot, license=license, dataset=about.dataset, space=space)
        return {"README.md": model.render(known).encode()}

    def space_card(version: str, entries: tuple[Entry, ...]) -> Files:
        own = front_matter(read_text(repo, files.get("README.md")))
        pinned = pinned_sources(stood)
        ner = sources(about.ner or pinned["ner"])
        relations = sources(about.relations or pinned["relations"])
        found = [facts.class_names(config) for config in model_configs(repo, ner)]
        related = [config.get("corpusmith") or {} for config in model_configs(repo, relations)]
        known = SpaceFacts(
            repo.id,
            version,
            ner=ner,
            relations=relations,
            datasets=sources(about.datasets or pinned["datasets"]),
            labels=tuple(sorted({label for names in found for label in facts.shown_labels(names)})),
            pairs=tuple(
                (about_pair["head"].capitalize(), about_pair["tail"].capitalize())
                for about_pair in related
                if {"head", "tail"} <= about_pair.keys()
            ),
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


def sole_license(builds: Iterable[Mapping[str, str]]) -> str | None:
    """The licence that all builds of a dataset state; None if they state none.

    Raises:
        UserError: they state different ones.
    """
    stated = sorted({build["license"] for build in builds if build.get("license")})
    if len(stated) > 1:
        raise UserError(
            f"the configs state different licences, {', '.join(stated)}: give --license"
        )
    return stated[0] if stated else None


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
    """The pins in a Space's front matter, each as ``id@version``, by ner, relations and
    datasets."""
    block = metadata.get("corpusmith") or {}
    return {
        key: [f"{source['id']}@{source['revision']}" for source in block.get(key) or ()]
        for key in ("ner", "relations", "datasets")
    }


def read_documents(repo: Repo, files: Mapping[str, Content]) -> dict[str, Any]:
    """The JSON that cards are drawn from, by path."""
    return {
        path: json_mapping(repo.read(content), f"{path} of {repo.id}")
        for path, content in files.items()
        if facts.is_document(path)
    }


def read_text(repo: Repo, content: Content | None) -> str:
    """The text of a file; empty where there is none."""
    return "" if content is None else repo.read(content).decode()


def front_matter(readme: str) -> dict[str, Any]:
    """The YAML between the two `---` lines at the head of a card; empty without them."""
    head, *parts = readme.split("---\n", 2)
    if head or len(parts) != 2:
        return {}
    try:
        found = yaml.safe_load(parts[0])
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"the YAML at the head of README.md can't be read: {error}") from None
    return found if isinstance(found, dict) else {}
