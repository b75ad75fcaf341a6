"""Longest-match look-up of many names at word boundaries. Ignores case, number and hyphens."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from corpusmith.lexicon.words import HYPHENS, Spelled, fold, words


class Match(NamedTuple):
    """Words `[start, end)` of a sentence that spell a name of `concept_id`."""

    start: int
    end: int
    concept_id: str


def is_acronym(name: str) -> bool:
    """Whether the case of `name` carries its meaning: WAS, AS and HDac are not was, as and hdac."""
    if len(name) > 6 or " " in name:
        return False
    letters = [c for c in name if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    return capitals >= 2 and 2 * capitals >= len(letters)


def folded_key(name: str) -> str:
    return " ".join(fold(word) for word in words(name) if word not in HYPHENS)


def exact_key(name: str) -> str:
    return " ".join(word for word in words(name) if word not in HYPHENS)


class Names:
    """Names by their words, and the lengths of the names by first word."""

    def __init__(self) -> None:
        self.concepts: dict[str, str] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}  # by first word, the longest first

    def add(self, key: str, concept_id: str) -> None:
        self.concepts.setdefault(key, concept_id)
        first, *following = key.split(" ")
        lengths = {*self._lengths.get(first, ()), 1 + len(following)}
        self._lengths[first] = tuple(sorted(lengths, reverse=True))

    def begins(self, word: str) -> bool:
        return word in self._lengths

    def longest(self, spelled: Sequence[str], at: int) -> tuple[int, str]:
        """The length and concept of the longest name that begins at word `at`; length 0 if none
        does."""
        for length in self._lengths.get(spelled[at], ()):
            concept_id = self.concepts.get(" ".join(spelled[at : at + length]))
            if concept_id is not None and at + length <= len(spelled):
                return length, concept_id
        return 0, ""


class Matcher:
    """Looks up names in a dictionary, so its cost doesn't grow with the number of names."""

    def __init__(self, names: Iterable[tuple[str, str]], stop: Iterable[str] = ()) -> None:
        """`names` are `(name, concept_id)`; the first concept to claim a name keeps it. `stop`
        names never match."""
        self._folded, self._acronyms = Names(), Names()
        stopped = {folded_key(name) for name in stop}
        for name, concept_id in names:
            key = folded_key(name)
            if not key or key in stopped:
                continue
            if is_acronym(name):
                self._acronyms.add(exact_key(name), concept_id)
            else:
                self._folded.add(key, concept_id)

    @property
    def fingerprint(self) -> str:
        """A hash of the names and their concepts."""
        names = [sorted(part.concepts.items()) for part in (self._folded, self._acronyms)]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()

    def matches(self, sentence: Sequence[str]) -> list[Match]:
        """Non-overlapping matches from left to right, the longest at each position."""
        return self.look_up(Spelled(sentence))

    def names_in(self, text: str) -> bool:
        """Whether the text holds a name."""
        spelled = words(text)
        return self._may_begin(spelled) and bool(self.matches(spelled))

    def _may_begin(self, sentence: Sequence[str]) -> bool:
        """Whether a name begins with one of the words: a quick check before a look-up."""
        return any(
            self._folded.begins(fold(word)) or self._acronyms.begins(word) for word in sentence
        )

    def look_up(self, sentence: Spelled) -> list[Match]:
        """The matches in words that are already prepared."""
        found: list[Match] = []
        end = 0
        for place in range(len(sentence.exact)):
            if place < end:
                continue
            length, concept_id = self._folded.longest(sentence.folded, place)
            acronym_length, acronym_id = self._acronyms.longest(sentence.exact, place)
            if acronym_length > length:
                length, concept_id = acronym_length, acronym_id
            if length:
                end = place + length
                found.append(Match(sentence.kept[place], sentence.kept[end - 1] + 1, concept_id))
        return found
