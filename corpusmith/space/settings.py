"""The settings of a Space, from its README's front matter or variables, and what they name.

These are models, corpora, lexicons and recorded answers. A model's folder also holds its examples
and evaluations.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.inference.front_matter import (
    YAML_ERRORS,
    language,
    read_front_matter,
    stated_languages,
)

if TYPE_CHECKING:
    from corpusmith.inference import Entity

LONGEST_EXAMPLE = 1_000  # characters
MASK = re.compile(r"@[A-Z][A-Z0-9_-]*\$")  # in the sentences of a relation model's widget


@dataclass(frozen=True)
class Source:
    """A Hub repository at a revision, or a folder of this machine."""

    id: str
    revision: str | None = None

    @property
    def version(self) -> str:
        return self.revision or "main"

    @property
    def name(self) -> str:
        """The last part of the id or path."""
        return Path(self.id).name

    def url(self, endpoint: str, kind: str = "") -> str | None:
        """The page of this revision (`kind` is "" or "datasets/"); None for a local folder."""
        return None if Path(self.id).is_dir() else f"{endpoint}/{kind}{self.id}/tree/{self.version}"


@dataclass(frozen=True)
class Settings:
    """The front matter's title and `corpusmith` block, with full paths."""

    ner: tuple[Source, ...]
    relations: tuple[Source, ...] = ()
    datasets: tuple[Source, ...] = ()
    lexicons: tuple[tuple[str, Path], ...] = ()  # (entity label, .tsv.gz) that exist
    zero_shot: Path | None = None  # recorded zero-shot answers of an LLM
    title: str = "corpusmith"


def read_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `folder/README.md`, where no variable replaces them.

    The variables are CORPUSMITH_NER_MODELS and CORPUSMITH_RELATION_MODEL
    (`path-or-id[@revision]`, separated by commas) and CORPUSMITH_LEXICONS (`Label=file`).

    Raises:
        ValueError: no model is named, or the front matter is malformed.
    """
    readme = folder / "README.md"
    metadata = front_matter(readme)
    try:
        block = metadata.get("corpusmith") or {}
        lexicons = [
            (str(item["label"]), folder / item["path"]) for item in block.get("lexicons") or []
        ]
        zero_shot = folder / (block.get("zero_shot") or "zero_shot.jsonl")
        listed = {key: listed_sources(block.get(key)) for key in ("ner", "relations", "datasets")}
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{readme} has a malformed `corpusmith` block ({type(error).__name__}: {error}): "
            "docs/space.md shows its form"
        ) from None
    if stated := environment.get("CORPUSMITH_LEXICONS"):
        pairs = (item.strip().partition("=") for item in stated.split(","))
        lexicons = [(label, Path(path)) for label, _, path in pairs]
        if missing := [path for _, path in lexicons if not path.is_file()]:
            raise ValueError(f"CORPUSMITH_LEXICONS names {missing[0]}, which is not a file")
    ner = stated_sources(environment.get("CORPUSMITH_NER_MODELS"))
    relations = stated_sources(environment.get("CORPUSMITH_RELATION_MODEL"))
    settings = Settings(
        ner=ner or listed["ner"],
        relations=relations or listed["relations"],
        datasets=listed["datasets"],
        lexicons=tuple((label, path) for label, path in lexicons if path.is_file()),
        zero_shot=zero_shot if zero_shot.is_file() else None,
        title=str(metadata.get("title") or "corpusmith"),
    )
    if not settings.ner:
        raise ValueError(
            f"{readme} names no model: list them under `corpusmith: ner:` in its front matter, "
            "or set CORPUSMITH_NER_MODELS=path-or-id[@revision]"
        )
    return settings


def names_of(sources: Sequence[Source]) -> list[str]:
    """Names of the models for the page and the API, as short as keeps them distinct.

    Raises:
        ValueError: a model is listed twice at the same revision.
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


def front_matter(readme: Path) -> dict[str, Any]:
    """The YAML between the two `---` lines at the head of a card; empty without them.

    Raises:
        ValueError: the YAML is malformed or no mapping.
    """
    try:
        metadata = read_front_matter(readme.read_text(encoding="utf-8"))
    except YAML_ERRORS as error:
        raise ValueError(
            f"the front matter of {readme} is not YAML ({type(error).__name__}): correct it"
        ) from None
    if not isinstance(metadata or {}, dict):
        raise ValueError(f"the front matter of {readme} is not a mapping of keys to values")
    return metadata or {}


def listed_sources(entries: list[dict] | None) -> tuple[Source, ...]:
    return tuple(Source(str(entry["id"]), entry.get("revision")) for entry in entries or [])


def stated_sources(value: str | None) -> tuple[Source, ...]:
    parts = (item.strip().partition("@") for item in (value or "").split(","))
    return tuple(Source(name, revision or None) for name, _, revision in parts if name)


def load_onnx(kind: Any, folder: Path) -> Any:
    """The model of a folder, through ONNX Runtime.

    Raises:
        ValueError: its files are missing or damaged; the message names the folder.
    """
    try:
        return kind.from_pretrained(folder, backend="onnx", threads=1, keep_memory=False)
    except BaseException as error:  # a damaged tokenizer may raise a panic, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ValueError(
            f"{folder} can't be loaded: {type(error).__name__}: {reason}. Export the model again."
        ) from None


def read_zero_shot(path: Path) -> dict[str, list["Entity"]]:
    """Recorded answers by text, from lines of `{"text", "entities": [{"start", "end", "label"}]}`.

    Raises:
        ValueError: a line is something else.
    """
    from corpusmith.inference import Entity

    recorded: dict[str, list[Entity]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            text = row["text"]
            recorded[text] = [
                Entity(e["start"], e["end"], e["label"], text[e["start"] : e["end"]], 1.0)
                for e in row["entities"]
            ]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path}, line {number}, holds no recorded answer ({type(error).__name__}): "
                "write it again with `python -m builders.record_zero_shot`"
            ) from None
    return recorded


def read_examples(folder: Path) -> list[str]:
    """Texts of the corpus's test split: of `examples.json`, else the widget of the model's card.

    `examples.json` has `sentences` as the model reads them, and of relation models `texts`, which
    are the same sentences unmasked.
    """
    texts: Any = None
    with suppress(OSError, ValueError, RecursionError):
        listed = json.loads((folder / "examples.json").read_text(encoding="utf-8"))
        texts = listed.get("texts") or listed.get("sentences") if isinstance(listed, dict) else None
    if texts is None:
        with suppress(OSError, ValueError):
            widget = front_matter(folder / "README.md").get("widget")
            rows = widget if isinstance(widget, list) else []
            texts = [row.get("text") for row in rows if isinstance(row, dict)]
    given = [text for text in texts or () if isinstance(text, str) and text.strip()]
    return [text for text in given if len(text) <= LONGEST_EXAMPLE and not MASK.search(text)]


def languages_of(folders: Iterable[Path]) -> str:
    """The languages that the cards of models state; empty if one of them states none."""
    spoken = []
    for folder in folders:
        metadata: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            metadata = front_matter(folder / "README.md")
        spoken.append({language(tag) for tag in stated_languages(metadata)})
    *others, last = sorted(set().union(*spoken)) if spoken and all(spoken) else [""]
    return f"{', '.join(others)} and {last}" if others else last


def read_evaluations(folder: Path) -> list[dict[str, Any]]:
    """The evaluations that lie in a model's folder.

    Raises:
        ValueError: a file holds something else.
    """
    found = []
    for path in sorted(folder.glob("evaluation/*.json")):
        try:
            found.append({**json.loads(path.read_text(encoding="utf-8"))})
        except (ValueError, TypeError, RecursionError):
            raise ValueError(f"{path} is not a JSON object: remove or replace it") from None
    return found


def in_turn(lists: Sequence[Sequence[str]]) -> list[str]:
    """The first of each list, then the second of each, without repeats."""
    ordered = (text for texts in zip_longest(*lists) for text in texts if text is not None)
    return list(dict.fromkeys(ordered))
