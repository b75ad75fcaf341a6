"""Sentences made of accepted sentences at no cost: other names in a mention's place."""

import random
import re
from collections.abc import Iterator, Sequence

from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import Entities, Span
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.matcher import is_acronym
from corpusmith.lexicon.surface_forms import abbreviation, surface
from corpusmith.recipe.prompt import attribute_values
from corpusmith.recipe.schema import Recipe

MOST_REPLACED = (
    4  # mentions; a sentence with more is a list, and a list of other names teaches nothing new
)
TRIES = 20  # draws for a name that must be an acronym, or must not
DEFICIENCIES = (
    *(["{0} deficiency"] * 4),
    *(["deficiency of {0}", "{0}-deficient"] * 2),
    "{0} and {1} deficiency",
    "deficiencies of {0} and {1}",
    "complete {0} deficiency",
    "{0}/{1} deficiency",
)
Piece = tuple[str, str]  # text, and the concept it names; "" where it carries no label
Pieces = tuple[Piece, ...]


def derived_entities(
    example: Entities, row_id: str, recipe: Recipe, vocabulary: Vocabulary
) -> Iterator[tuple[str, Entities]]:
    """(how it was derived, copy) of a sentence with other names in place of its mentions; none where nothing can change.

    A *replacement* has other concepts of the lexicon, mostly of the same branch, in one of the recipe's forms, and is
    labelled: it widens vocabulary. A *contrast* has names of lexicons that are no label (genes, chemicals), and carries
    no label there: the words around a mention are then worth nothing on their own, so that a student must look at the
    name. With `vary_context` each copy has other genes, drugs … where the sentence was asked to name one without a label.
    """
    context = example.context if recipe.augment.vary_context else ()
    wanted = recipe.augment.replacements or recipe.augment.contrasts
    if not wanted or not (example.spans or context) or len(example.spans) > MOST_REPLACED:
        return
    rng = random.Random(f"{recipe.seed}:{row_id}")
    copies = (
        (
            "replaced",
            recipe.augment.replacements,
            lambda spans: replacement(spans, recipe, vocabulary, rng),
        ),
        (
            "contrasted",
            recipe.augment.contrasts,
            lambda spans: contrast(spans, recipe, vocabulary, rng),
        ),
    )
    for how, number, names_for in copies:
        for _ in range(number if example.spans or how == "replaced" else 0):
            names = {
                concept_id: names_for(spans)
                for concept_id, spans in by_concept(example.spans).items()
            }
            for concept_id, spans in by_concept(context).items():
                name = surface(vocabulary.draw(spans[0].label, rng), rng)
                names[concept_id] = [((name, ""),)] * len(spans)
            if all(names.values()) and (copy := with_names(example, names)).text != example.text:
                yield how, with_aside(copy, recipe, rng)


def by_concept(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """The spans of each concept, in order."""
    named: dict[str, list[Span]] = {}
    for span in spans:
        named.setdefault(span.concept_id, []).append(span)
    return named


def replacement(
    spans: Sequence[Span], recipe: Recipe, vocabulary: Vocabulary, rng: random.Random
) -> list[Pieces]:
    """What stands for each of a concept's mentions: another concept of its semantic type. [] where none can.

    Where the sentence itself uses an acronym of the concept, its place takes the new concept's acronym.
    """
    lexicon = recipe.labels[spans[0].label]
    for _ in range(TRIES):
        if rng.random() < recipe.augment.across_types:
            concept: Concept | None = vocabulary.draw(lexicon, rng)
        else:
            concept = vocabulary.alike(spans[0].concept_id, lexicon, rng)
        if concept is None:
            return [((span.text, span.concept_id),) for span in spans]
        name = surface(concept, rng)
        short = abbreviation(concept, name)
        if any(is_acronym(span.text) for span in spans):
            if short is None or is_acronym(name):
                continue
            return [((short if is_acronym(span.text) else name, concept.id),) for span in spans]
        return in_form(spans, concept, name, short, recipe, vocabulary, rng)
    return []


def in_form(
    spans: Sequence[Span],
    concept: Concept,
    name: str,
    short: str | None,
    recipe: Recipe,
    vocabulary: Vocabulary,
    rng: random.Random,
) -> list[Pieces]:
    """A name as running text uses it: plain, or in one of `augment.forms`, each with its probability."""
    forms = recipe.augment.forms
    form = rng.choices([*forms, "plain"], [*forms.values(), max(0.0, 1 - sum(forms.values()))])[0]
    label = spans[0].label
    if form == "acronym" and short:
        name = short
    elif form == "bracketed" and short and not is_acronym(name):
        first: Pieces = ((name, concept.id), (" (", ""), (short, concept.id), (")", ""))
        return [first, *[((short, concept.id),)] * (len(spans) - 1)]
    elif form == "coordinated":
        name, concept_ids = vocabulary.coordinated(name, concept.id, recipe.labels[label], rng)
        return [((name, concept_ids),)] * len(spans)
    elif form in ("listed", "mixed"):
        listed = [
            (name, concept.id),
            *listed_beside(form, recipe.labels[label], recipe, vocabulary, rng),
        ]
        if form == "mixed":
            rng.shuffle(listed)
        return [tuple(joined(listed, rng)), *[((name, concept.id),)] * (len(spans) - 1)]
    elif form == "framed" and recipe.augment.frames:
        return [framed((name, concept.id), recipe, vocabulary, rng)] * len(spans)
    elif form == "qualified" and recipe.augment.qualifiers and not is_acronym(name):
        name = f"{rng.choice(recipe.augment.qualifiers)} {name}"
    elif form == "deficiency" and recipe.augment.deficiency_of:
        lacking = [
            surface(vocabulary.draw(recipe.augment.deficiency_of, rng), rng) for _ in range(2)
        ]
        name = rng.choice(DEFICIENCIES).format(*lacking)
    return [((name, concept.id),)] * len(spans)


def listed_beside(
    form: str, lexicon: str, recipe: Recipe, vocabulary: Vocabulary, rng: random.Random
) -> Iterator[Piece]:
    """What else stands in a list: one to three mentions more; if it is `mixed`, three to eight names that are one or none.

    In a mixed list the words around a name say nothing of it, so that a student must know the name.
    """
    for _ in range(rng.randint(3, 8) if form == "mixed" else rng.choice((1, 2, 2, 3))):
        other = unlabelled_lexicon(recipe, rng) if form == "mixed" and rng.random() < 0.5 else None
        concept = vocabulary.draw(other or lexicon, rng)
        yield surface(concept, rng), "" if other else concept.id


def framed(piece: Piece, recipe: Recipe, vocabulary: Vocabulary, rng: random.Random) -> Pieces:
    """The name in one of `augment.frames`; a lexicon in it gives a name: "{chemical}-induced {}", "cocaine-induced {}"."""
    frame = rng.choice(recipe.augment.frames)
    for lexicon in recipe.lexicons:
        if f"{{{lexicon}}}" in frame:
            frame = frame.replace(
                f"{{{lexicon}}}", surface(vocabulary.draw(lexicon, rng), rng).replace("{}", "")
            )
    before, after = frame.split("{}")
    return (before, ""), piece, (after, "")


def joined(names: Sequence[Piece], rng: random.Random) -> Iterator[Piece]:
    """The names as a list in a sentence: 'A, B and C'."""
    last = (
        rng.choice((" and ", " and ", " or "))
        if len(names) == 2
        else rng.choice((" and ", ", and ", ", or "))
    )
    for number, piece in enumerate(names):
        if number:
            yield (last if number == len(names) - 1 else ", ", "")
        yield piece


def contrast(
    spans: Sequence[Span], recipe: Recipe, vocabulary: Vocabulary, rng: random.Random
) -> list[Pieces]:
    """What stands for each of a concept's mentions, unlabelled: a name from a lexicon that is no label. [] without one.

    An acronym's place takes an acronym, any other mostly a name that is none: an acronym is known by the words around
    it, so that acronyms in the place of mentions would teach the opposite. Frames stand around these names as often as
    around mentions, for the same reason.
    """
    lexicon = unlabelled_lexicon(recipe, rng)
    if lexicon is None:
        return []
    drawn = [surface(vocabulary.draw(lexicon, rng), rng) for _ in range(TRIES)]
    long = next((name for name in drawn if not is_acronym(name)), drawn[0])
    short = next((name for name in drawn if is_acronym(name)), None)
    if any(is_acronym(span.text) for span in spans):
        return (
            [((short if is_acronym(span.text) else long, ""),) for span in spans]
            if short and short != long
            else []
        )
    plain = drawn[0] if rng.random() < recipe.augment.contrasted_acronyms else long
    if recipe.augment.frames and rng.random() < recipe.augment.forms.get("framed", 0):
        return [framed((plain, ""), recipe, vocabulary, rng)] * len(spans)
    return [((plain, ""),)] * len(spans)


def unlabelled_lexicon(recipe: Recipe, rng: random.Random) -> str | None:
    """One of the lexicons that are no label, by `augment.contrasted_lexicons`."""
    shares = recipe.augment.contrasted_lexicons or dict.fromkeys(
        sorted(set(recipe.lexicons) - set(recipe.labels.values())), 1
    )
    return rng.choices([*shares], [*shares.values()])[0] if shares else None


def with_names(example: Entities, names: dict[str, list[Pieces]]) -> Entities:
    """The sentence with the given pieces in place of each mention and each name of its context that `names` has.

    `names` has a list for each concept, in order.
    """
    waiting = {concept_id: iter(pieces) for concept_id, pieces in names.items()}
    text, at = "", 0
    spans: list[Span] = []
    for span in sorted((*example.spans, *example.context), key=lambda span: span.start):
        if span.concept_id not in waiting:
            continue
        text += example.text[at : span.start]
        for name, concept_id in next(waiting[span.concept_id]):
            if not text and name and name[0].islower():
                name = name[0].upper() + name[1:]
            if concept_id:
                spans.append(Span(len(text), len(text) + len(name), span.label, name, concept_id))
            text += name
        at = span.end
    return Entities(text + example.text[at:], tuple(spans))


def with_aside(example: Entities, recipe: Recipe, rng: random.Random) -> Entities:
    """The sentence, every other time with one of `augment.asides` between two words of it, as running text has them.

    Not behind a mention, where brackets hold its short form.
    """
    asides = attribute_values(recipe.augment.asides) if recipe.augment.asides else ()
    if not asides or rng.random() < 0.5:
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
