"""Copies of accepted sentences, with other names in place of their mentions."""

import random
import re
from collections.abc import Iterator, Sequence

from corpusmith.corpus.augment.forms import NameForms, Pieces
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import Entities, Span
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.surface_forms import surface
from corpusmith.recipe.prompt import attribute_values
from corpusmith.recipe.schema import Recipe

ConceptKey = tuple[str, str]


def derived_entities(
    example: Entities, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[tuple[str, Entities]]:
    """Pairs of derivation and copy: the sentence with other names in place of its mentions.

    A *replacement* has other concepts of the lexicon, mostly of the same branch, in one of the
    recipe's forms, and is labelled: it widens vocabulary. A *contrast* has unlabelled names of
    lexicons that belong to no label (genes, chemicals): context alone then doesn't predict a
    mention, so a student must use the name. With `vary_context` each copy also gets other
    genes or drugs where the sentence was asked to name one without a label.
    """
    augment = recipe.augment
    context = example.context if augment.vary_context else ()
    if not (augment.replacements or augment.contrasts) or not (example.spans or context):
        return
    if len(example.spans) > forms()["entities"]["most_replaced"]:
        return
    rng = random.Random(f"{recipe.seed}:{row_id}")
    names_in = NameForms(recipe, vocabulary, rng)
    copies = (
        ("replaced", augment.replacements, names_in.replacement),
        ("contrasted", augment.contrasts, names_in.contrast),
    )
    for how, number, names_for in copies:
        for _ in range(number if example.spans or how == "replaced" else 0):
            names = {key: names_for(spans) for key, spans in by_concept(example.spans).items()}
            for key, spans in by_concept(context).items():
                name = surface(vocabulary.draw(spans[0].label, rng), rng)
                names[key] = [((name, ""),)] * len(spans)
            if all(names.values()) and (copy := with_names(example, names)).text != example.text:
                yield how, with_aside(copy, recipe, rng)


def key_of(span: Span) -> ConceptKey:
    """The label (of context: the lexicon) and the concept: two word lists may have equal ids."""
    return span.label, span.concept_id


def by_concept(spans: Sequence[Span]) -> dict[ConceptKey, list[Span]]:
    """The spans of each concept, in order."""
    named: dict[ConceptKey, list[Span]] = {}
    for span in spans:
        named.setdefault(key_of(span), []).append(span)
    return named


def with_names(example: Entities, names: dict[ConceptKey, list[Pieces]]) -> Entities:
    """Replace each mention and context name whose concept is in `names`. `names` has a list of
    pieces for each concept, in order.
    """
    waiting = {key: iter(pieces) for key, pieces in names.items()}
    text, at = "", 0
    spans: list[Span] = []
    for span in sorted((*example.spans, *example.context), key=lambda span: span.start):
        if key_of(span) not in waiting:
            continue
        text += example.text[at : span.start]
        for name, concept_id in next(waiting[key_of(span)]):
            if not text and name and name[0].islower():
                name = name[0].upper() + name[1:]
            if concept_id:
                spans.append(Span(len(text), len(text) + len(name), span.label, name, concept_id))
            text += name
        at = span.end
    return Entities(text + example.text[at:], tuple(spans))


def with_aside(example: Entities, recipe: Recipe, rng: random.Random) -> Entities:
    """Insert one of `augment.asides` between two words, with probability one half. Never after a
    mention, where brackets would hold its short form.
    """
    asides = attribute_values(recipe.augment.asides) if recipe.augment.asides else ()
    if not asides or rng.random() < 1 - forms()["entities"]["aside"]:
        return example
    places = [
        match.start()
        for match in re.finditer(r"(?<=[a-z]) (?=[a-z])", example.text)
        if not any(span.start <= match.start() <= span.end for span in example.spans)
    ]
    if not places:
        return example
    at, aside = rng.choice(places), rng.choice(asides)
    added = aside if aside.startswith(",") else f" {aside}"
    moved = (span.shifted(at, len(added)) for span in example.spans)
    return Entities(example.text[:at] + added + example.text[at:], tuple(moved))
