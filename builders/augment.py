"""Rows made of accepted rows at no cost: other concepts in a sentence's place, and pairs that a tagger got wrong."""

import random
import re
from collections.abc import Iterator, Mapping

from builders.example import Entities, Pair, Span
from builders.plan import Plan, surface
from builders.recipe import Recipe
from builders.text import words_with_offsets

MOST_REPLACED = 4  # mentions; a sentence with more is a list, and a list of other names teaches nothing new
# Words that gene and disease taggers mistake for a name. In GAD a masked "@DISEASE$ disequilibrium" or "an @GENE$ of the
# polymorphism" is labelled unrelated, so a student must learn that a pair with such a word relates nothing.
COMMON_WORDS = re.compile(
    r"association|polymorphisms?|genotypes?|alleles?|haplotypes?|variants?|variation|mutations?|deletions?|insertions?|"
    r"promoter|exons?|introns?|risk|susceptibility|linkage|expression|response|levels?|severity|progression|prognosis|"
    r"onset|development|effects?|influence|factors?|traits?|phenotypes?|metabolism|interaction|controls?|patients|"
    r"frequency|frequencies|carriers?|treatment|therapy|survival|outcome|age|history|height|weight|ancestry|prevalence",
    re.IGNORECASE,
)


def derived_entities(example: Entities, row_id: str, recipe: Recipe, plan: Plan) -> Iterator[tuple[str, Entities]]:
    """(how it was derived, copy) of a sentence with other names in place of its mentions; none where it has no mention.

    A *replacement* has concepts of the same semantic type, and is labelled as the sentence was: it widens vocabulary. A
    *contrast* has names of lexicons that are no label (genes, chemicals), and carries no label there: the words around
    a mention are then worth nothing on their own, so that a student must look at the name.
    """
    if not example.spans or len(example.spans) > MOST_REPLACED:
        return
    rng = random.Random(f"{recipe.seed}:{row_id}")
    others = sorted(set(recipe.lexicons) - set(recipe.labels.values()))
    for _ in range(recipe.augment.replacements):
        names = {}
        for span in example.spans:
            concept = plan.neighbour(span.concept_id, recipe.labels[span.label], rng)
            names[span.concept_id] = (surface(concept, rng), concept.id, True) if concept else None
        yield from with_names(example, names, "replaced")
    for _ in range(recipe.augment.contrasts if others else 0):
        names = {}
        for span in example.spans:
            concept = plan.draw(rng.choice(others), rng)
            names[span.concept_id] = (surface(concept, rng), concept.id, False)
        yield from with_names(example, names, "contrasted")


def with_names(
    example: Entities, names: Mapping[str, tuple[str, str, bool] | None], how: str
) -> Iterator[tuple[str, Entities]]:
    """The sentence with (name, concept id, whether it is labelled) in place of each concept; None leaves a mention alone.

    Nothing where no mention changes.
    """
    text, at = "", 0
    spans: list[Span] = []
    for span in example.spans:
        name, concept_id, labelled = names[span.concept_id] or (span.text, span.concept_id, True)
        text += example.text[at : span.start]
        if not text and name[0].islower():
            name = name[0].upper() + name[1:]
        if labelled:
            spans.append(Span(len(text), len(text) + len(name), span.label, name, concept_id))
        text += name
        at = span.end
    text += example.text[at:]
    if text != example.text:
        yield how, Entities(text, tuple(spans))


def mistagged_pairs(example: Pair, row_id: str, recipe: Recipe) -> Iterator[Pair]:
    """Unrelated pairs of a related sentence: a common word masked in place of its head or of its tail.

    About `augment.mistagged` a related row; none where the sentence has no such word.
    """
    assert recipe.relation is not None
    unrelated, related = recipe.relation.labels
    if example.label != related:
        return
    rng = random.Random(f"{recipe.seed}:{row_id}")
    wanted = int(recipe.augment.mistagged) + (rng.random() < recipe.augment.mistagged % 1)
    taken = (example.head, example.tail)
    places = [
        (start, end)
        for word, start, end in words_with_offsets(example.text)
        if COMMON_WORDS.fullmatch(word) and all(end <= span.start or span.end <= start for span in taken)
    ]
    for start, end in rng.sample(places, min(wanted, len(places))):
        replaced, kept = rng.sample(taken, 2)
        wrong = Span(start, end, replaced.label, example.text[start:end], "")
        pair = {replaced.label: wrong, kept.label: kept}
        yield Pair(example.text, pair[recipe.relation.head], pair[recipe.relation.tail], unrelated)
