"""Which models, corpora and lexicons a Space serves: its README's front matter, overruled by the environment."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Source:
    """A Hub repository at a revision, or a folder of this machine."""

    id: str
    revision: str | None = None

    @property
    def version(self) -> str:
        return self.revision or "main"

    def url(self, endpoint: str, kind: str = "") -> str | None:
        """The page of this revision on the Hub (`kind` is "" or "datasets/"); a local folder has none."""
        return None if Path(self.id).is_dir() else f"{endpoint}/{kind}{self.id}/tree/{self.version}"


@dataclass(frozen=True)
class Settings:
    """The `corpusmith` block of the front matter, its paths made whole."""

    ner: tuple[Source, ...]
    relations: tuple[Source, ...] = ()
    datasets: tuple[Source, ...] = ()
    lexicons: tuple[tuple[str, Path], ...] = ()  # (entity label, .tsv.gz), those that exist
    zero_shot: Path | None = None  # answers of an LLM without training, recorded for some texts


def read_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `folder/README.md`. CORPUSMITH_NER_MODELS and CORPUSMITH_RELATION_MODEL (`path-or-id[@revision]`,
    comma-separated) and CORPUSMITH_LEXICONS (`Label=file`, comma-separated) take the place of what stands there.

    Raises ValueError when no model is named.
    """
    block = front_matter(folder / "README.md").get("corpusmith", {})
    lexicons = [(str(item["label"]), folder / item["path"]) for item in block.get("lexicons", [])]
    if stated := environment.get("CORPUSMITH_LEXICONS"):
        lexicons = [
            (label, Path(path))
            for label, _, path in (item.partition("=") for item in stated.split(","))
        ]
    zero_shot = folder / block.get("zero_shot", "zero_shot.jsonl")
    stated_ner, stated_relation = (
        environment.get("CORPUSMITH_NER_MODELS"),
        environment.get("CORPUSMITH_RELATION_MODEL"),
    )
    settings = Settings(
        ner=stated_sources(stated_ner) or listed_sources(block.get("ner")),
        relations=stated_sources(stated_relation) or listed_sources(block.get("relations")),
        datasets=listed_sources(block.get("datasets")),
        lexicons=tuple((label, path) for label, path in lexicons if path.is_file()),
        zero_shot=zero_shot if zero_shot.is_file() else None,
    )
    if not settings.ner:
        raise ValueError(
            f"{folder / 'README.md'} names no model: list them under `corpusmith: ner:` in its front matter, "
            "or set CORPUSMITH_NER_MODELS=path-or-id[@revision]"
        )
    return settings


def names_of(sources: Sequence[Source]) -> list[str]:
    """What the page and the API call models: no longer than it takes to tell them apart.

    Raises ValueError when one is listed twice at the same revision.
    """
    spellings: list[Callable[[Source], str]] = [
        lambda source: Path(source.id).name,
        lambda source: "/".join(Path(source.id).parts[-2:]),
        lambda source: f"{source.id}@{source.version}",
    ]
    for spelling in spellings:
        names = [spelling(source) for source in sources]
        if len(set(names)) == len(names):
            return names
    raise ValueError(f"the same model is listed twice: {', '.join(names)}")


def front_matter(readme: Path) -> dict:
    """The YAML between the two `---` lines at the head of a Hub card; empty without them."""
    head, *parts = readme.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(parts[0]) if not head and len(parts) == 2 else {}


def listed_sources(entries: list[dict] | None) -> tuple[Source, ...]:
    return tuple(Source(entry["id"], entry.get("revision")) for entry in entries or [])


def stated_sources(value: str | None) -> tuple[Source, ...]:
    parts = (item.strip().partition("@") for item in (value or "").split(","))
    return tuple(Source(name, revision or None) for name, _, revision in parts if name)
