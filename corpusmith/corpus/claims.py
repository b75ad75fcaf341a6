"""Check by cue words that a sentence makes the requested claim about its pair.

The cue words of a relation type are the words of its statements that no other type uses: "inhibits"
and "blocks". They are compared by their beginning, so that "inhibition" and "inhibitor" count too.
A small LLM often writes about the pair in general; without this check its sentence would carry the
label that was asked for.
"""

import re
from functools import cached_property

from corpusmith.lexicon.words import words
from corpusmith.recipe.relation import NEGATION, RelationRecipe
from corpusmith.recipe.schema import Kind

ENDING = re.compile(r"(ations?|ions?|ing|ed|es|s|ors?|ers?|e)$")
SHORTEST_CUE = 4  # letters; too many words share a shorter beginning


def beginning(word: str) -> str:
    """The part of a word that its forms share: `inhibit` of inhibits, inhibition and inhibitor."""
    lower = word.lower()
    cut = ENDING.sub("", lower)
    return cut if len(cut) >= SHORTEST_CUE else lower


class Claims:
    """The cue words of a relation's types."""

    def __init__(self, relation: RelationRecipe) -> None:
        self.relation = relation

    @cached_property
    def cues(self) -> dict[str, set[str]]:
        """By type, the beginnings of the words that only its statements have."""
        spoken = {
            one.name: {
                beginning(word)
                for statement in one.statements
                for word in words(re.sub(r"\{[^}]*\}", " ", statement))
                if len(word) >= SHORTEST_CUE
            }
            for one in self.relation.types
        }
        return {
            name: own - set().union(*(other for n, other in spoken.items() if n != name))
            for name, own in spoken.items()
        }

    @cached_property
    def stated_by_negation(self) -> set[str]:
        """The types with a negation in a statement of their own: "should not be taken with"."""
        return {one.name for one in self.relation.types if one.stated_by_negation}

    def fault(self, sentence: str, kind: Kind) -> str | None:
        """The reason to reject a sentence with a masked pair for its claim, or None."""
        if kind.claim == "any" or not self.relation.types:
            return None
        found = {name for name, cues in self.cues.items() if self._says(sentence, cues)}
        if kind.claim == "absent":
            return "states a relation that was not asked for" if found else None
        negated = NEGATION.search(sentence) is not None
        if kind.claim == "negated":
            return None if negated else "negation missing"
        if negated and kind.label not in self.stated_by_negation:
            return "negated"
        if kind.label in self.cues and found and kind.label not in found:
            return "cue word of another type"
        return None

    def _says(self, sentence: str, cues: set[str]) -> bool:
        said = [word.lower() for word in words(sentence)]
        return any(word.startswith(cue) for word in said for cue in cues)
