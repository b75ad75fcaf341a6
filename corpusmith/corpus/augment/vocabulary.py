"""The names in copies of accepted sentences: any that the lexicons find, requested or not."""

import gzip
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import accumulate

from corpusmith.lexicon.concept import Concept, Sampler
from corpusmith.lexicon.load import SHIPPED
from corpusmith.lexicon.matcher import folded_key
from corpusmith.lexicon.surface_forms import by_last_word, coordinated
from corpusmith.recipe.plan import Plan

PREVALENCE = SHIPPED / "prevalence.tsv.gz"


class Vocabulary:
    """Draws concepts that a recipe's lexicons find, except those of held-out requests.

    `augment.weight_exponent` below 1 flattens the lexicon's weights, so that rare concepts are
    drawn more often. `augment.prevalence` is the share drawn by how often a teacher names a concept
    unasked.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def draw(self, lexicon: str, rng: random.Random) -> Concept:
        """Any concept of the lexicon."""
        return self._samplers[lexicon][""].draw(rng)

    def alike(self, concept_id: str, lexicon: str, rng: random.Random) -> Concept | None:
        """A concept of the same branch (first part of the MeSH tree number); None if it has no
        type.
        """
        concept = self.plan.lexicons[lexicon].by_id.get(concept_id)
        if concept is None or not concept.types:
            return None
        branch = self._samplers[lexicon].get(rng.choice(concept.types).split(".")[0])
        return branch.draw(rng) if branch else None

    def coordinated(
        self, name: str, concept_id: str, lexicon: str, rng: random.Random
    ) -> tuple[str, str]:
        """A name with another that shares its last word, as one mention of both
        (`corpusmith.lexicon.surface_forms.coordinated`).

        The other is drawn by weight, so that it is "breast and ovarian cancer" more often than
        "breast and vulvar cancer".
        """
        options, weights = self._by_last_word[lexicon].get(name.split()[-1], ([], []))
        if len(options) > 1:
            options = rng.choices(options, cum_weights=weights)
        return coordinated(name, concept_id, options, rng)

    @cached_property
    def _by_last_word(self) -> dict[str, dict[str, tuple[list[tuple[str, Concept]], list[float]]]]:
        """By lexicon and last word: the names, and their cumulative weights."""
        return {
            lexicon: {
                word: (names, list(accumulate(concept.weight for _, concept in names)))
                for word, names in by_last_word(self._samplers[lexicon][""].concepts).items()
            }
            for lexicon in self.plan.recipe.labels.values()
        }

    @cached_property
    def _samplers(self) -> "LexiconSamplers":
        return LexiconSamplers(self.plan)


class LexiconSamplers(dict[str, dict[str, Sampler]]):
    """By lexicon and branch, "" for a whole lexicon. Built on the first draw from each lexicon."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __missing__(self, lexicon: str) -> dict[str, Sampler]:
        groups: dict[str, list[Concept]] = defaultdict(list)
        augment = self._plan.recipe.augment
        for concept in weighed(
            list(self._usable(lexicon)), augment.prevalence, augment.weight_exponent
        ):
            for branch in {"", *(tree.split(".")[0] for tree in concept.types)}:
                groups[branch].append(concept)
        self[lexicon] = {branch: Sampler(concepts) for branch, concepts in groups.items()}
        return self[lexicon]

    def _usable(self, lexicon: str) -> Iterator[Concept]:
        """The concepts with their unambiguous names, which are always labelled."""
        found = self._plan.lexicons[lexicon]
        stopped = {folded_key(name) for name in found.stop}
        for concept in found.concepts:
            usable = concept.only(lambda name: folded_key(name) not in stopped)
            if usable and concept.weight > 0 and concept.id not in self._plan.held_out:
                yield usable


def weighed(concepts: list[Concept], prevalence: float, exponent: float) -> Iterator[Concept]:
    """The concepts with their weights in copies. `prevalence` needs counts for the lexicon."""
    known = [concept.weight**exponent for concept in concepts]
    counts = named_by_teachers() if prevalence else {}
    named = [counts.get(concept.id, 0) ** 0.5 for concept in concepts]
    share = prevalence if any(named) else 0.0
    all_known, all_named = sum(known) or 1.0, sum(named) or 1.0
    for concept, how_known, how_named in zip(concepts, known, named, strict=True):
        yield replace(
            concept, weight=(1 - share) * how_known / all_known + share * how_named / all_named
        )


@lru_cache(maxsize=1)
def named_by_teachers() -> Mapping[str, int]:
    """How often recorded answers name a concept unasked (builders/count_prevalence.py)."""
    if not PREVALENCE.exists():
        return {}
    with gzip.open(PREVALENCE, "rt", encoding="utf-8") as lines:
        return {
            concept_id: int(count) for concept_id, count in (line.split("\t") for line in lines)
        }
