"""Pairs derived from accepted pairs: other pairs of the sentence, another type, more names, or a
simulated tagger error.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from corpusmith.corpus.augment.counterfactuals import counterfactual
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.claims import claims_of
from corpusmith.corpus.example import PairSentence, Span
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.surface_forms import surface
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.schema import Recipe


@lru_cache(maxsize=1)
def common_words() -> re.Pattern[str]:
    return re.compile("|".join(forms()["pairs"]["common_words"]), re.IGNORECASE)


def derived_pairs(
    example: PairSentence, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[tuple[str, PairSentence]]:
    """Derivations and the pairs that they make of an accepted pair."""
    assert recipe.relation is not None
    if recipe.augment.other_pairs:
        for pair in other_pairs(example, recipe.relation):
            yield "other pairs", pair
    for pair in counterfactual_pairs(example, row_id, recipe):
        yield "counterfactual", pair
    if example.label == recipe.relation.labels[0]:
        return
    for pair in mistagged_pairs(example, row_id, recipe):
        yield "mistagged", pair
    for pair in accompanied_pairs(example, row_id, recipe, vocabulary):
        yield "accompanied", pair


def other_pairs(example: PairSentence, relation: RelationRecipe) -> Iterator[PairSentence]:
    """The other pairs of the sentence whose class is sure: those with a third name, and directed
    pairs turned round.
    """
    yield from example.others
    if not relation.one_lexicon:
        return
    known = {(pair.head, pair.tail) for pair in (example, *example.others)}
    types = {one.name: one for one in relation.types}
    for pair in (example, *example.others):
        one = types.get(pair.label)
        if one and not one.symmetric and (pair.tail, pair.head) not in known:
            yield PairSentence(pair.text, pair.tail, pair.head, one.inverse or relation.none)


def counterfactual_pairs(
    example: PairSentence, row_id: str, recipe: Recipe
) -> Iterator[PairSentence]:
    """The first related pair of the sentence with another type. The mean number is
    `augment.counterfactual`.
    """
    relation = recipe.relation
    if relation is None or not relation.types or not recipe.augment.counterfactual:
        return
    related = (p for p in (example, *example.others) if p.label != relation.none)
    if (pair := next(related, None)) is None:
        return
    rng = random.Random(f"{recipe.seed}:{row_id}:counterfactual")
    if rng.random() < recipe.augment.counterfactual:
        changed = counterfactual(replace(pair, others=example.others), claims_of(relation), rng)
        if changed is not None:
            yield changed


def accompanied_pairs(
    example: PairSentence, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[PairSentence]:
    """Related copies whose sentence has more names of the same kind. The mean number is
    `augment.accompanied`.

    A mistagged pair leaves the true names of its sentence unmasked. Without these copies a student
    would learn that an unmasked name makes a pair unrelated.
    """
    rng = random.Random(f"{recipe.seed}:{row_id}:accompanied")
    words = forms()["pairs"]
    for _ in range(round_at_random(recipe.augment.accompanied, rng)):
        role = rng.choice(("head", "tail"))
        named, lexicon = getattr(example, role), getattr(recipe.relation, role)
        others = [surface(vocabulary.draw(lexicon, rng), rng) for _ in range(2)]
        if rng.random() < words["beside_share"]:
            frame = rng.choice(words["beside"])
            before, after = (part.format(*others) for part in frame.split("{}"))
            yield with_words(with_words(example, named.end, after), named.start, before)
        else:
            behind = rng.choice(words["behind"][role]).format(other=others[0], same=named.text)
            end = max(len(example.text.rstrip(" .")), example.head.end, example.tail.end)
            yield with_words(example, end, behind)


def with_words(example: PairSentence, at: int, added: str) -> PairSentence:
    """The pair with words put in at `at`, which is inside neither of its names."""
    head, tail = (span.shifted(at, len(added)) for span in (example.head, example.tail))
    return PairSentence(example.text[:at] + added + example.text[at:], head, tail, example.label)


def mistagged_pairs(example: PairSentence, row_id: str, recipe: Recipe) -> Iterator[PairSentence]:
    """Unrelated pairs of a related sentence, with a common word masked in place of head or tail.
    The mean number is `augment.mistagged`; none if the sentence has no such word.
    """
    assert recipe.relation is not None
    unrelated = recipe.relation.labels[0]
    rng = random.Random(f"{recipe.seed}:{row_id}")
    taken = (example.head, example.tail)
    places = [
        (start, end)
        for word, start, end in zip(*locate_words(example.text), strict=True)
        if common_words().fullmatch(word)
        and all(end <= span.start or span.end <= start for span in taken)
    ]
    number = round_at_random(recipe.augment.mistagged, rng)
    for start, end in rng.sample(places, min(number, len(places))):
        replaced, kept = rng.sample(taken, 2)
        wrong = Span(start, end, replaced.label, example.text[start:end], "")
        head, tail = (wrong, kept) if replaced is example.head else (kept, wrong)
        yield PairSentence(example.text, head, tail, unrelated)


def round_at_random(number: float, rng: random.Random) -> int:
    """Stochastic rounding: up with the probability of the fraction, so that the mean is
    `number`."""
    return int(number) + (rng.random() < number % 1)
