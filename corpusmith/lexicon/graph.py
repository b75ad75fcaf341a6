"""Facts about a drawn concept from its lexicon, for the prompt."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.words import fold

KINDS = ("definition", "parents", "siblings", "synonyms")
MOST_NAMES = 3  # of each kind: a longer list is copied into the sentence
MOST_SIBLINGS = 12  # the commonest, from which those of one prompt are drawn
MOST_DEFINITION = 200  # characters
LONGEST_NAME = 4  # words


@dataclass(frozen=True)
class Facts:
    """The facts about one concept; unknown ones are empty. `name` is its spelling in the prompt."""

    name: str
    definition: str = ""
    parents: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.definition or self.parents or self.siblings or self.synonyms)


class Graph:
    """Parents and siblings within one lexicon, from its types: tree numbers (C04.588 is below C04)
    or ids of parents.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def facts(
        self, concept: Concept, name: str, kinds: Sequence[str], folds: range, rng: random.Random
    ) -> Facts:
        """The facts of these kinds. Siblings come from `folds` only, so no split names another's
        seeds.
        """
        taken = {name.lower(), *(other.lower() for other in concept.names)}
        parents = self._names(self.parents(concept), taken) if "parents" in kinds else []
        near = (
            [sibling for sibling in self.siblings(concept) if sibling.fold in folds]
            if "siblings" in kinds
            else []
        )
        siblings = self._names(near[:MOST_SIBLINGS], taken)
        others = {spelled(n): n for n in reversed(concept.names) if len(n.split()) <= LONGEST_NAME}
        others.pop(spelled(name), None)
        synonyms = list(reversed(others.values()))
        return Facts(
            name,
            short_definition(concept.definition) if "definition" in kinds else "",
            tuple(parents[:MOST_NAMES]),
            tuple(rng.sample(siblings, min(MOST_NAMES, len(siblings)))),
            tuple(synonyms[:MOST_NAMES]) if "synonyms" in kinds else (),
        )

    def parents(self, concept: Concept) -> list[Concept]:
        """The direct parents, in the order of the concept's types."""
        found = (self._by_place.get(place) for place in self._places_above(concept))
        return [parent for parent in found if parent is not None and parent.id != concept.id]

    def siblings(self, concept: Concept) -> list[Concept]:
        """The other concepts of the same parents, the most frequent first."""
        others = {
            c.id: c for place in self._places_above(concept) for c in self._below.get(place, ())
        }
        others.pop(concept.id, None)
        return sorted(others.values(), key=lambda other: (-other.weight, other.id))

    def _places_above(self, concept: Concept) -> Iterator[str]:
        """The places of the parents: ids of the lexicon, or tree numbers without the last part."""
        for place in concept.types:
            above, dot, _ = place.rpartition(".")
            if place in self.lexicon.by_id:
                yield place
            elif dot:
                yield above

    @cached_property
    def _by_place(self) -> dict[str, Concept]:
        trees = {
            tree: concept
            for concept in self.lexicon.concepts
            for tree in concept.types
            if "." in tree
        }
        return {**trees, **self.lexicon.by_id}

    @cached_property
    def _below(self) -> dict[str, list[Concept]]:
        below: dict[str, list[Concept]] = defaultdict(list)
        for concept in self.lexicon.concepts:
            for place in self._places_above(concept):
                below[place].append(concept)
        return below

    def _names(self, concepts: Sequence[Concept], taken: set[str]) -> list[str]:
        """Preferred names, without stop names ("disease") and names of the concept itself."""
        stop = {name.lower() for name in self.lexicon.stop}
        return list(
            dict.fromkeys(c.names[0] for c in concepts if c.names[0].lower() not in stop | taken)
        )


def spelled(name: str) -> str:
    """The name without number and spelling variants, so that a plural is not listed as a
    synonym."""
    return " ".join(map(fold, name.lower().split()))


def short_definition(definition: str) -> str:
    """The first sentence of a definition on one line, without its full stop. Long ones are cut."""
    text = re.split(r"(?<=[a-z)])\.\s+(?=[A-Z])", " ".join(definition.split()))[0].rstrip(".")
    return (
        text
        if len(text) <= MOST_DEFINITION
        else text[:MOST_DEFINITION].rsplit(" ", 1)[0].rstrip(",;") + " …"
    )
