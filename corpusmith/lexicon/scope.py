"""Parse a scope such as "organs and cells count, molecules don't"."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.matcher import folded_key, is_acronym

NEGATIVE = re.compile(r"\b(?:but\s+)?(?:not|no|never|except|excluding|without)\b", re.IGNORECASE)
CONTRACTED = re.compile(r"\b(?:do|does|are|is)(?:n['’]t|\s+not)\b(?:\s+counts?\b)?", re.IGNORECASE)
VERBS = re.compile(r"\b(?:do|does|counts?|are|is|included|names? of|other)\b", re.IGNORECASE)
PARTS = re.compile(r"\s*(?:,|\band\b|\bor\b|\bbut\b|\bsuch as\b)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Scope:
    """What counts as a mention and what doesn't, each as short phrases."""

    counted: tuple[str, ...]
    excluded: tuple[str, ...]
    counted_text: str  # what counts in the author's own words, for the prompt


def read_scope(about: str) -> Scope:
    """Parse `--about`. Clauses with "don't count" are excluded, as is the rest of a clause after
    "not"."""
    counted: list[str] = []
    excluded: list[str] = []
    said: list[str] = []
    for clause in re.split(r"[;.]", about):
        for part in clauses(clause):
            if CONTRACTED.search(part):
                excluded += phrases(CONTRACTED.sub(" ", part))
            else:
                before, *after = NEGATIVE.split(part, maxsplit=1)
                said += [before.strip(" ,;")] if before.strip(" ,;") else []
                counted += phrases(before)
                excluded += phrases(after[0]) if after else []
    return Scope(tuple(dict.fromkeys(counted)), tuple(dict.fromkeys(excluded)), "; ".join(said))


def clauses(text: str) -> Iterator[str]:
    """The clauses of "common names count, strains don't", each with a verb; else the whole text."""
    parts = re.split(r",\s*(?=[^,]*\b(?:counts?|do|does|are|is)(?:n['’]t)?\b)", text)
    yield from filter(str.strip, parts)


def phrases(text: str) -> list[str]:
    found = (" ".join(VERBS.sub(" ", part).split()) for part in PARTS.split(text))
    return [phrase for phrase in found if phrase]


def branch_of(phrase: str, lexicons: Iterable[Lexicon]) -> list[Concept]:
    """The concepts below the one that `phrase` names ("tumours": all neoplasms), itself included.

    A concept without a tree number is below it when it shares a name with one that is. Returns []
    when no concept has the name.
    """
    key = folded_key(phrase)
    for lexicon in lexicons:
        for concept in lexicon.concepts:
            tops = tree_numbers(concept)
            if any(folded_key(name) == key for name in concept.names):
                below = [c for c in lexicon.concepts if is_below(tree_numbers(c), tops)]
                return with_synonyms(below or [concept], lexicon.concepts)
    return []


def tree_numbers(concept: Concept) -> tuple[str, ...]:
    return tuple(tree for tree in concept.types if "." in tree or tree[-1:].isdigit())


def is_below(trees: Iterable[str], tops: Iterable[str]) -> bool:
    return any(tree == top or tree.startswith(f"{top}.") for tree in trees for top in tops)


def with_synonyms(found: Sequence[Concept], concepts: Iterable[Concept]) -> list[Concept]:
    """Add the concepts without a tree number that share a name, other than an acronym, with one
    of `found` or with a concept added before."""
    grown = list(found)
    ids = {concept.id for concept in found}
    waiting = [c for c in concepts if not tree_numbers(c) and c.id not in ids]
    known = {key for concept in found for key in long_keys(concept)}
    while True:
        added = [concept for concept in waiting if known & long_keys(concept)]
        if not added:
            return grown
        grown += added
        waiting = [concept for concept in waiting if not known & long_keys(concept)]
        known |= {key for concept in added for key in long_keys(concept)}


def long_keys(concept: Concept) -> set[str]:
    return {folded_key(name) for name in concept.names if not is_acronym(name)}
