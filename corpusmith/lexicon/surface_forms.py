"""Names as running text writes them: short, abbreviated, or coordinated with another."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.forms import forms


def surface(concept: Concept, rng: random.Random) -> str:
    """Draw a short name of the concept; half of the time it is the preferred one."""
    if rng.random() < forms()["names"]["preferred"]:
        return concept.names[0]
    return rng.choice(concept.short_names)


def abbreviation(concept: Concept, name: str) -> str | None:
    """A short form for `name`: the concept's acronym if it begins the same, else the initials.

    None for a name of one word.
    """
    small = forms()["names"]["small_words"]
    parts = [part for part in name.replace("-", " ").split() if part.lower() not in small]
    initials = "".join(part[0] for part in parts).upper()
    known = [acronym for acronym in concept.acronyms if acronym[0].upper() == initials[:1]]
    if known:
        return known[0]
    fewest, most = forms()["names"]["abbreviation"]
    return initials if fewest <= len(initials) <= most and initials.isalpha() else None


def coordinated(
    name: str, concept_id: str, options: Sequence[tuple[str, Concept]], rng: random.Random
) -> tuple[str, str]:
    """'breast cancer' with another cancer as ('breast and ovarian cancer', both ids split by `|`).

    `options` are names with the same last word. The name and its id are unchanged where none is of
    another concept.
    """
    if len(name.split()) < 2 or not options:
        return name, concept_id
    other_name, other = rng.choice(options)
    if other.id == concept_id:
        return name, concept_id
    joint = rng.choice(forms()["names"]["joined"])
    return f"{name.rsplit(' ', 1)[0]}{joint}{other_name}", f"{concept_id}|{other.id}"


def by_last_word(concepts: Iterable[Concept]) -> dict[str, list[tuple[str, Concept]]]:
    """The names of two or three words by the last one: those that can be coordinated."""
    heads: dict[str, list[tuple[str, Concept]]] = defaultdict(list)
    for concept in concepts:
        for name in concept.names:
            if 2 <= len(name.split()) <= 3 and name.isascii() and name[-1].isalpha():
                heads[name.split()[-1]].append((name, concept))
    return heads
