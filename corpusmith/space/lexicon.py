"""Names of an ontology: they link mentions to concepts and serve as the dictionary baseline."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from corpusmith.inference import Entity, EntityExtractor

    Read = Callable[[Sequence[str]], Sequence[Sequence[Entity]]]
    # From a model, its folder and the names by type; None if the model finds none of these types.
    Assist = Callable[[EntityExtractor, Path, Mapping[str, "NameTable"]], Read | None]

WORD = re.compile(r"\w+")
ACRONYM = re.compile(r"(?=.*[A-Z].*[A-Z])\w{3,6}")
DAMAGE = (
    *(OSError, EOFError, zlib.error, csv.Error, yaml.YAMLError),
    *(ValueError, KeyError, TypeError, AttributeError),
)  # the errors of reading a damaged file
LONGEST = 8  # words; longer names are rare and mostly inverted


@dataclass(frozen=True)
class DictionaryMatch:
    """`text[start:end]` spells a name of the concept."""

    start: int
    end: int
    concept_id: str


@dataclass(frozen=True)
class NameTable:
    """The content of a lexicon's files."""

    names: tuple[tuple[str, str], ...]  # (name, concept id)
    stop: frozenset[str] = frozenset()  # names too general to be matched ("disease")
    attribution: str = ""


@dataclass(frozen=True)
class Lexicon:
    """The names of one entity type by their key, each with its concept id."""

    label: str
    concepts: dict[str, str]
    stop: frozenset[str] = frozenset()  # keys
    attribution: str = ""

    def concept_id(self, mention: str) -> str | None:
        folded = fold(mention)
        spellings = (mention.strip(), folded, folded.removesuffix("s"))
        return next((self.concepts[name] for name in spellings if name in self.concepts), None)

    def matches(self, text: str) -> list[DictionaryMatch]:
        """Every name in `text` from left to right, the longest where several begin."""
        words = [(match.group(), match.start(), match.end()) for match in WORD.finditer(text)]
        found: list[DictionaryMatch] = []
        at = 0
        while at < len(words):
            for stop in range(min(at + LONGEST, len(words)), at, -1):
                spelled = " ".join(word for word, _, _ in words[at:stop])
                name = spelled if spelled in self.concepts else spelled.lower()
                if name in self.concepts and name not in self.stop:
                    found.append(
                        DictionaryMatch(words[at][1], words[stop - 1][2], self.concepts[name])
                    )
                    at = stop
                    break
            else:
                at += 1
        return found


def lexicon_of(label: str, table: NameTable) -> Lexicon:
    concepts: dict[str, str] = {}
    for name, concept_id in table.names:
        concepts.setdefault(key(name), concept_id)
    return Lexicon(label, concepts, frozenset(map(key, table.stop)), table.attribution)


def read_name_table(path: Path) -> NameTable:
    """Read a gzipped table with the columns concept_id, name and synonyms (separated by `|`).

    A YAML file of the same name beside it may hold `stop` names and an `attribution`.

    Raises:
        ValueError: a file is damaged or has another form.
    """
    try:
        names = tuple(read_names(path))
        if not names:
            raise ValueError("no names")
        notes = path.with_name(path.name.removesuffix(".tsv.gz") + ".yaml")
        about = yaml.safe_load(notes.read_text(encoding="utf-8")) if notes.is_file() else {}
        stop = frozenset(str(name) for name in about.get("stop") or [])
        return NameTable(names, stop, str(about.get("attribution") or ""))
    except DAMAGE as error:
        raise ValueError(
            f"{path} is not a lexicon ({type(error).__name__}): give a .tsv.gz file with columns "
            "concept_id, name and synonyms"
        ) from None


def read_names(path: Path) -> Iterator[tuple[str, str]]:
    """(name, concept id) of each name of more than two characters."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            for name in [row["name"], *(row["synonyms"] or "").split("|")]:
                if len(name) > 2:
                    yield name, row["concept_id"]


def key(name: str) -> str:
    """Fold the case of a name, except of short names in capitals: SET is a gene, set is not."""
    return name if ACRONYM.fullmatch(name) else fold(name)


def fold(name: str) -> str:
    return " ".join(WORD.findall(name.lower()))


def concept_url(concept_id: str) -> str:
    """The address that forwards an identifier (`MESH:D009369`) to its ontology's page."""
    return f"https://identifiers.org/{concept_id}"
