"""Longest-match look-up of many names at word boundaries, blind to case, number and hyphens."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress, count, pairwise
from typing import NamedTuple

from builders.text import HYPHENS, Spelled, fold, words


class Match(NamedTuple):
    """Words `[start, end)` of a sentence that spell a name of `concept_id`."""

    start: int
    end: int
    concept_id: str


@lru_cache(maxsize=1 << 16)  # augmentation asks for the same names again and again
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
    """Names by their words, and for each pair of words that begins longer ones the lengths to try, from the longest on."""

    def __init__(self) -> None:
        self.concepts: dict[str, str] = {}
        self.lengths: dict[tuple[str, str], tuple[int, ...]] = {}
        self.first_words: set[str] = set()

    def add(self, key: str, concept_id: str) -> None:
        self.concepts.setdefault(key, concept_id)
        first, *following = key.split(" ")
        self.first_words.add(first)
        if following:
            known = self.lengths.get((first, following[0]), ())
            if (length := 1 + len(following)) not in known:
                self.lengths[first, following[0]] = tuple(sorted((*known, length), reverse=True))

    def places(self, spelled: Sequence[str]) -> list[int]:
        """The numbers of words at which a name may begin, some twice."""
        if self.first_words.isdisjoint(spelled):
            return []  # as nearly always with acronyms
        short = compress(count(), map(self.concepts.__contains__, spelled))
        return [*short, *compress(count(), map(self.lengths.__contains__, pairwise(spelled)))]

    def longest(self, spelled: Sequence[str], at: int) -> tuple[int, str]:
        """Words of the longest name that begins at word `at`, and its concept; 0 words where none does."""
        following = spelled[at + 1] if at + 1 < len(spelled) else ""
        for length in (*self.lengths.get((spelled[at], following), ()), 1):
            words_here = spelled[at : at + length]  # fewer than `length` at the end of a sentence
            if len(words_here) == length and (concept_id := self.concepts.get(" ".join(words_here))) is not None:
                return length, concept_id
        return 0, ""


class Matcher:
    """Looks names up in dictionaries keyed by their words, so that its cost does not grow with the number of names."""

    def __init__(self, names: Iterable[tuple[str, str]], stop: Iterable[str] = ()) -> None:
        """`names` are `(name, concept_id)`; the first concept to claim a name keeps it. `stop` names never match."""
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

    def matches(self, sentence: Sequence[str]) -> list[Match]:
        """Non-overlapping matches from left to right, each the longest that begins where it begins."""
        return self.look_up(Spelled(sentence))

    def look_up(self, sentence: Spelled) -> list[Match]:
        """The matches among words that are prepared already."""
        kept, exact, folded = sentence.kept, sentence.exact, sentence.folded
        found: list[Match] = []
        end = 0
        for place in sorted({*self._folded.places(folded), *self._acronyms.places(exact)}):
            if place < end:
                continue
            length, concept_id = self._folded.longest(folded, place)
            acronym_length, acronym_id = self._acronyms.longest(exact, place)
            if acronym_length > length:
                length, concept_id = acronym_length, acronym_id
            if length:
                end = place + length
                found.append(Match(kept[place], kept[end - 1] + 1, concept_id))
        return found
