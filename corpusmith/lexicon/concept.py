"""Lexicons: concepts with their ids and names, to sample seeds and find mentions."""

import bisect
import hashlib
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from corpusmith.errors import UserError
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.matcher import Matcher, is_acronym

# The hash of a concept's id assigns it to one of ten folds. A recipe divides these among its
# splits.
SPLITS = 10


@dataclass(frozen=True)
class Concept:
    """A concept with its names, the preferred name first. `weight` sets how often it is drawn."""

    id: str
    names: tuple[str, ...]
    types: tuple[str, ...] = ()
    weight: float = 1.0
    definition: str = field(default="", repr=False)

    @property
    def fold(self) -> int:
        """0 to 9, from the id alone: adding concepts to a lexicon moves none between splits."""
        return hashlib.sha256(self.id.encode()).digest()[0] % SPLITS

    def only(self, keep: Callable[[str], bool]) -> "Concept | None":
        """The concept with only the names that `keep` accepts; None if it accepts none."""
        names = tuple(filter(keep, self.names))
        return self if names == self.names else replace(self, names=names) if names else None

    @cached_property
    def short_names(self) -> tuple[str, ...]:
        """The names of a few words, as sentences use them; otherwise the preferred name."""
        most = forms()["names"]["short"]
        return tuple(name for name in self.names if len(name.split()) <= most) or self.names[:1]

    @cached_property
    def acronyms(self) -> tuple[str, ...]:
        return tuple(filter(is_acronym, self.names))


@dataclass(frozen=True)
class Lexicon:
    """Concepts, with the licence and attribution of their names."""

    name: str
    version: str
    license: str
    attribution: str
    concepts: tuple[Concept, ...]
    stop: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all concepts in order. Lexicons with equal fingerprints behave the same."""
        digest = hashlib.sha256(repr(self.stop).encode())
        for concept in self.concepts:
            digest.update(f"{concept!r}{concept.definition}".encode())
        return digest.hexdigest()

    @cached_property
    def matcher(self) -> Matcher:
        """Finds every name except the stop names, which are too general to label ("disease")."""
        return Matcher(
            ((name, concept.id) for concept in self.concepts for name in concept.names), self.stop
        )

    @cached_property
    def by_id(self) -> dict[str, Concept]:
        return {concept.id: concept for concept in self.concepts}

    @property
    def name_count(self) -> int:
        return sum(len(concept.names) for concept in self.concepts)

    def only(self, keep: Callable[[Concept], bool]) -> "Lexicon":
        """The same lexicon with the concepts that `keep` accepts."""
        kept = tuple(filter(keep, self.concepts))
        return Lexicon(self.name, self.version, self.license, self.attribution, kept, self.stop)

    def of_folds(self, folds: Sequence[int]) -> list[Concept]:
        """The concepts of these folds that may be drawn."""
        return [
            concept for concept in self.concepts if concept.weight > 0 and concept.fold in folds
        ]


class Sampler:
    """Draws concepts in proportion to their weight, in O(log n). The generator decides the draw."""

    def __init__(self, concepts: Sequence[Concept]) -> None:
        """`concepts` must not be empty; each weight must be positive."""
        self.concepts = concepts
        self._cumulative = list(itertools.accumulate(concept.weight for concept in concepts))

    def draw(self, rng: random.Random) -> Concept:
        at = bisect.bisect_right(self._cumulative, rng.random() * self._cumulative[-1])
        return self.concepts[min(at, len(self.concepts) - 1)]


def boosted(lexicon: Lexicon, boost: Mapping[str, float]) -> Lexicon:
    """Multiply weights by a concept's own factor, or else by the largest factor of its branches."""
    if not boost:
        return lexicon

    def factor(concept: Concept) -> float:
        if concept.id in boost:
            return boost[concept.id]
        branches = {
            above
            for tree in concept.types
            for above in itertools.accumulate(tree.split("."), dotted)
        }
        return max((boost[branch] for branch in branches if branch in boost), default=1.0)

    concepts = tuple(
        replace(concept, weight=concept.weight * factor(concept)) for concept in lexicon.concepts
    )
    return replace(lexicon, concepts=concepts)


def dotted(above: str, part: str) -> str:
    return f"{above}.{part}"


def concept_from_row(row: dict[str, str], where: str) -> Concept:
    names = tuple(
        dict.fromkeys(filter(None, [row["name"], *(row.get("synonyms") or "").split("|")]))
    )
    if not row["concept_id"] or not names:
        raise UserError(f"{where}: a concept needs an id and a name")
    types = tuple(filter(None, (row.get("types") or "").split("|")))
    try:
        return Concept(
            row["concept_id"],
            names,
            types,
            float(row.get("weight") or 1.0),
            row.get("definition") or "",
        )
    except ValueError:
        raise UserError(f"{where}: weight {row['weight']!r} is not a number") from None
