"""The README of a Space: front matter for the Hub and the page, and the models it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import SpaceCardData

from corpusmith.cards import markdown
from corpusmith.inference.front_matter import language


@dataclass(frozen=True)
class Source:
    """A model or dataset repo at one version."""

    id: str
    revision: str


@dataclass(frozen=True)
class SpaceFacts:
    """The facts of a Space's README."""

    # given by the publisher
    repo_id: str
    version: str
    ner: tuple[Source, ...] = ()
    relations: tuple[Source, ...] = ()
    datasets: tuple[Source, ...] = ()
    # read from the models' config.json: the entity types they find, (head, tail) of each relation
    labels: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    # read from the models' cards: tags of their languages, none if one of them states none
    languages: tuple[str, ...] = ()
    # what the Space's own README states: title, sdk, sdk_version, app_file, lexicons...
    front_matter: Mapping[str, Any] = field(default_factory=dict)
    # read from the changelog: (version, date, one line), newest first
    versions: tuple[tuple[str, str, str], ...] = ()

    @property
    def models(self) -> tuple[Source, ...]:
        return (*self.ner, *self.relations)


def render(facts: SpaceFacts) -> str:
    """README.md of the Space repo.

    The Hub links `models` and `datasets`. The page reads the `corpusmith` block, which pins them.
    """
    stated = {
        key: value
        for key, value in facts.front_matter.items()
        if key not in ("models", "datasets", "corpusmith")
    }
    if facts.labels:
        stated["short_description"] = short_description(facts)
    pinned = dict(facts.front_matter.get("corpusmith") or {})
    for key in ("ner", "relations", "datasets"):
        if sources := getattr(facts, key):
            pinned[key] = [{"id": source.id, "revision": source.revision} for source in sources]
    front_matter = SpaceCardData(
        **stated,
        models=[model.id for model in facts.models] or None,
        datasets=[dataset.id for dataset in facts.datasets] or None,
        corpusmith=pinned,
    )
    languages = enumerated([language(tag) for tag in facts.languages] or [""])
    title = str(stated.get("title") or facts.repo_id.split("/")[-1])
    return markdown.render(
        "space.md.jinja",
        front_matter,
        facts=facts,
        title=title,
        named=enumerated,
        languages=languages,
    )


def short_description(facts: SpaceFacts) -> str:
    """One line of at most 60 characters, the Hub's limit."""
    kinds = enumerated(facts.labels)
    tail = " and their relations" if facts.relations else ""
    full = f"Finds {kinds}{tail} in text"
    return full if len(full) <= 60 else f"Finds {len(facts.labels)} types of entities in text"


def enumerated(labels: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    *others, last = labels
    return f"{', '.join(others)} and {last}" if others else last
