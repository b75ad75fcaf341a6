"""Longest-match look-up of many names at word boundaries, blind to case, number and hyphens."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from corpusmith.lexicon.words import FOLDED, HYPHENS, Memo, Spelled, words

Lengths = dict[
    str, tuple[int, ...]
]  # of names, from the longest on, by their second word; "" where they have none


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
    return " ".join(FOLDED[word] for word in words(name) if word not in HYPHENS)


def exact_key(name: str) -> str:
    return " ".join(word for word in words(name) if word not in HYPHENS)


class Names:
    """Names by their words, and what tells where one may begin and how long it is then."""

    def __init__(self) -> None:
        self.concepts: dict[str, str] = {}
        self.begun: dict[str, Lengths] = {}  # by the first word

    def add(self, key: str, concept_id: str) -> None:
        self.concepts.setdefault(key, concept_id)
        first, *following = key.split(" ")
        lengths = self.begun.setdefault(first, {})
        second = following[0] if following else ""
        lengths[second] = tuple(
            sorted({*lengths.get(second, ()), 1 + len(following)}, reverse=True)
        )

    def longest(self, spelled: Sequence[str], at: int, lengths: Lengths) -> tuple[int, str]:
        """Words of the longest name that begins at word `at`, and its concept; 0 words where none does."""
        following = spelled[at + 1] if at + 1 < len(spelled) else ""
        for length in (*lengths.get(following, ()), *lengths.get("", ())):
            words_here = spelled[at : at + length]  # fewer than `length` at the end of a sentence
            if (
                len(words_here) == length
                and (concept_id := self.concepts.get(" ".join(words_here))) is not None
            ):
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
        self._begun = Memo(self._names_begun_by)

    def _names_begun_by(self, word: str) -> tuple[Lengths, Lengths] | None:
        """Those of names and those of acronyms; None for the most words, as neither begins with them."""
        names, acronyms = (
            self._folded.begun.get(FOLDED[word], {}),
            self._acronyms.begun.get(word, {}),
        )
        return (names, acronyms) if names or acronyms else None

    def matches(self, sentence: Sequence[str]) -> list[Match]:
        """Non-overlapping matches from left to right, each the longest that begins where it begins."""
        return self.look_up(Spelled(sentence))

    def names_in(self, text: str) -> bool:
        """Whether the text holds a name."""
        return bool(self.matches(words(text)))

    def look_up(self, sentence: Spelled) -> list[Match]:
        """The matches among words that are prepared already."""
        kept, exact, folded = sentence.kept, sentence.exact, sentence.folded
        following = [*folded[1:], ""]
        found: list[Match] = []
        end = 0
        for place, begun in enumerate(map(self._begun.__getitem__, exact)):
            if begun is None or place < end:
                continue
            names, acronyms = begun
            if not (acronyms or following[place] in names or "" in names):
                continue
            length, concept_id = self._folded.longest(folded, place, names)
            acronym_length, acronym_id = self._acronyms.longest(exact, place, acronyms)
            if acronym_length > length:
                length, concept_id = acronym_length, acronym_id
            if length:
                end = place + length
                found.append(Match(kept[place], kept[end - 1] + 1, concept_id))
        return found
