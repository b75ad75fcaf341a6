"""Parse a scope such as "organs and cells count, molecules don't"."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.matcher import folded_key

NEGATIVE = re.compile(r"\b(?:but\s+)?(?:not|no|never|except|excluding|without)\b", re.IGNORECASE)
CONTRACTED = re.compile(r"\b(?:do|does|are|is)(?:n['’]t|\s+not)\b(?:\s+counts?\b)?", re.IGNORECASE)
VERBS = re.compile(r"\b(?:do|does|counts?|are|is|included|names? of|other)\b", re.IGNORECASE)
PARTS = re.compile(r"\s*(?:,|\band\b|\bor\b|\bbut\b)\s*", re.IGNORECASE)


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
    """The concepts below the one that `phrase` names ("tumours": all neoplasms), itself included;
    [] without one."""
    key = folded_key(phrase)
    for lexicon in lexicons:
        for concept in lexicon.concepts:
            trees = tuple(tree for tree in concept.types if "." in tree or tree[-1:].isdigit())
            if trees and any(folded_key(name) == key for name in concept.names):
                return [
                    other
                    for other in lexicon.concepts
                    if any(
                        tree == top or tree.startswith(f"{top}.")
                        for tree in other.types
                        for top in trees
                    )
                ]
    return []
