"""The names that copies of accepted sentences take: much more than was asked for, at no cost."""

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
    """Draws concepts of everything that a recipe's lexicons find, but for those that a held-out row
    was asked about.

    A lexicon's weights say how well a concept is known; `augment.weight_exponent` below 1 flattens
    them, so that the many rare ones are seen too. `augment.prevalence` is the share drawn as often
    as a teacher names them unasked.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def draw(self, lexicon: str, rng: random.Random) -> Concept:
        """Any concept of the lexicon."""
        return self._samplers[lexicon][""].draw(rng)

    def alike(self, concept_id: str, lexicon: str, rng: random.Random) -> Concept | None:
        """A concept of the same branch (the first part of a MeSH tree number); None where nothing
        is known of its type.
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
        """By lexicon and last word: the names that end so, and their weights added up."""
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
    """By lexicon and branch, "" for all of a lexicon; each lexicon's are made when it is first
    drawn from.
    """

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
        """The concepts with the names that are labelled where they stand."""
        found = self._plan.lexicons[lexicon]
        stopped = {folded_key(name) for name in found.stop}
        for concept in found.concepts:
            usable = concept.only(lambda name: folded_key(name) not in stopped)
            if usable and concept.weight > 0 and concept.id not in self._plan.held_out:
                yield usable


def weighed(concepts: list[Concept], prevalence: float, exponent: float) -> Iterator[Concept]:
    """The concepts with the weights that copies draw them by; `prevalence` counts only where a
    lexicon has figures.
    """
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
    """How often the answers of the shipped transcripts name a concept that was not asked for
    (builders/prevalence.py).
    """
    if not PREVALENCE.exists():
        return {}
    with gzip.open(PREVALENCE, "rt", encoding="utf-8") as lines:
        return {
            concept_id: int(count) for concept_id, count in (line.split("\t") for line in lines)
        }
