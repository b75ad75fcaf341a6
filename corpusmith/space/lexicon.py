"""Names of an ontology: links from mentions to concepts, and the dictionary that the models are compared with."""

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

WORD = re.compile(r"\w+")
ACRONYM = re.compile(r"(?=.*[A-Z].*[A-Z])\w{3,6}")
LONGEST = 8  # words; longer names are rare and mostly inverted


@dataclass(frozen=True)
class DictionaryMatch:
    """`text[start:end]` spells a name of the concept."""

    start: int
    end: int
    concept_id: str


@dataclass(frozen=True)
class Lexicon:
    """Names of one entity label by their key, with the concept each one stands for."""

    label: str
    concepts: dict[str, str]
    stop: frozenset[str] = frozenset()  # keys of names too general to be matched ("disease")
    attribution: str = ""

    def concept_id(self, mention: str) -> str | None:
        folded = fold(mention)
        spellings = (mention.strip(), folded, folded.removesuffix("s"))
        return next((self.concepts[name] for name in spellings if name in self.concepts), None)

    def matches(self, text: str) -> list[DictionaryMatch]:
        """Every name in `text` from left to right, the longest where several begin; no learning at all."""
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


def read_lexicon(label: str, path: Path) -> Lexicon:
    """A gzipped table with the columns concept_id, name and synonyms (split by `|`), and the YAML file of the same name
    beside it, if there is one, with its `stop` names and `attribution`."""
    concepts: dict[str, str] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            for name in [row["name"], *(row["synonyms"] or "").split("|")]:
                if len(name) > 2:
                    concepts.setdefault(key(name), row["concept_id"])
    notes = path.with_name(path.name.removesuffix(".tsv.gz") + ".yaml")
    about = yaml.safe_load(notes.read_text(encoding="utf-8")) if notes.is_file() else {}
    return Lexicon(
        label, concepts, frozenset(map(key, about.get("stop", []))), about.get("attribution", "")
    )


def key(name: str) -> str:
    """Names are matched whatever their case, but for short ones in capitals: SET is a gene, set is not."""
    return name if ACRONYM.fullmatch(name) else fold(name)


def fold(name: str) -> str:
    return " ".join(WORD.findall(name.lower()))


def concept_url(concept_id: str) -> str:
    """Identifiers.org forwards a compact identifier (`MESH:D009369`) to the page of the ontology that owns it."""
    return f"https://identifiers.org/{concept_id}"
