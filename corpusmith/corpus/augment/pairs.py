"""Pairs made of accepted pairs at no cost: other names beside them, and pairs that a tagger got wrong."""

import random
import re
from collections.abc import Iterator

from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import Pair, Span
from corpusmith.lexicon.surface_forms import surface
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.schema import Recipe

# Words that gene and disease taggers mistake for a name. In GAD a masked "@DISEASE$ disequilibrium" or "an @GENE$ of the
# polymorphism" is labelled unrelated, so a student must learn that a pair with such a word relates nothing.
COMMON_WORDS = re.compile(
    r"association|polymorphisms?|genotypes?|alleles?|haplotypes?|variants?|variation|mutations?|deletions?|insertions?|"
    r"promoter|exons?|introns?|risk|susceptibility|linkage|expression|response|levels?|severity|progression|prognosis|"
    r"onset|development|effects?|influence|factors?|traits?|phenotypes?|metabolism|interaction|controls?|patients|"
    r"frequency|frequencies|carriers?|treatment|therapy|survival|outcome|age|history|height|weight|ancestry|prevalence",
    re.IGNORECASE,
)
# How another name of the same kind stands beside one of a pair: {} is the pair's own.
BESIDE = (
    "{0} and {}",
    "{} and {0}",
    "{0}, {1} and {}",
    "{}, {0} and {1}",
    "{0} or {}",
    "{}/{0}",
    "{} ({0})",
    "{0}-{}",
)
# What a sentence goes on with: another gene and disease, or the pair's own once more, which stays unmasked there.
BEHIND = {
    "head": (
        ", as was found for {other}",
        ", independently of {other}",
        ", through {other}",
        ", and the role of {same} is unclear",
    ),
    "tail": (
        ", and with {other}",
        " in patients with {other}",
        ", unlike in {other}",
        ", and in the course of {same}",
    ),
}


def derived_pairs(
    example: Pair, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[tuple[str, Pair]]:
    """(how it was derived, pair) of a related pair; none of any other."""
    assert recipe.relation is not None
    if example.label == recipe.relation.labels[0]:
        return
    for pair in mistagged_pairs(example, row_id, recipe):
        yield "mistagged", pair
    for pair in accompanied_pairs(example, row_id, recipe, vocabulary):
        yield "accompanied", pair


def accompanied_pairs(
    example: Pair, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[Pair]:
    """The pair, as related as before, in a sentence that names more of its kind; about `augment.accompanied` of them.

    A mistagged pair leaves the true names of its sentence unmasked. Without these copies a name that is unmasked would
    tell the student that the pair is unrelated.
    """
    rng = random.Random(f"{recipe.seed}:{row_id}:accompanied")
    for _ in range(wanted(recipe.augment.accompanied, rng)):
        role = rng.choice(("head", "tail"))
        named, lexicon = getattr(example, role), getattr(recipe.relation, role)
        others = [surface(vocabulary.draw(lexicon, rng), rng) for _ in range(2)]
        if rng.random() < 0.5:
            before, after = (part.format(*others) for part in rng.choice(BESIDE).split("{}"))
            yield with_words(with_words(example, named.end, after), named.start, before)
        else:
            behind = rng.choice(BEHIND[role]).format(other=others[0], same=named.text)
            end = max(len(example.text.rstrip(" .")), example.head.end, example.tail.end)
            yield with_words(example, end, behind)


def with_words(example: Pair, at: int, added: str) -> Pair:
    """The pair with words put in at `at`, which is inside neither of its names."""
    head, tail = (span.shifted(at, len(added)) for span in (example.head, example.tail))
    return Pair(example.text[:at] + added + example.text[at:], head, tail, example.label)


def mistagged_pairs(example: Pair, row_id: str, recipe: Recipe) -> Iterator[Pair]:
    """Unrelated pairs of a related sentence: a common word masked in place of its head or of its tail.

    About `augment.mistagged` of them; none where the sentence has no such word.
    """
    assert recipe.relation is not None
    unrelated = recipe.relation.labels[0]
    rng = random.Random(f"{recipe.seed}:{row_id}")
    taken = (example.head, example.tail)
    places = [
        (start, end)
        for word, start, end in zip(*locate_words(example.text), strict=True)
        if COMMON_WORDS.fullmatch(word)
        and all(end <= span.start or span.end <= start for span in taken)
    ]
    for start, end in rng.sample(places, min(wanted(recipe.augment.mistagged, rng), len(places))):
        replaced, kept = rng.sample(taken, 2)
        wrong = Span(start, end, replaced.label, example.text[start:end], "")
        pair = {replaced.label: wrong, kept.label: kept}
        yield Pair(example.text, pair[recipe.relation.head], pair[recipe.relation.tail], unrelated)


def wanted(number: float, rng: random.Random) -> int:
    """A whole number that is `number` on the mean."""
    return int(number) + (rng.random() < number % 1)
