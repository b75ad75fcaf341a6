"""Tokenisation for lexicons, verification and datasets: words and their offsets."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

# A word is a run of letters and digits with the marks that combine with them; every other visible
# character is a word of its own. On ASCII text these are the words of BERT's BasicTokenizer and of
# the NCBI-Disease and BC5CDR benchmarks.
MARKS = r"[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200d]"
WORD = re.compile(rf"([^\W_]+(?:{MARKS}+[^\W_]*)*|\S)")
HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")


def without_half_pairs(text: str) -> str:
    """Replace lone surrogates by U+FFFD: JSON can escape them, but UTF-8 can't encode them."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def words(text: str) -> list[str]:
    """The words of `text`, in order; no word is empty or holds white space."""
    return WORD.findall(text)


class LocatedWords(NamedTuple):
    """The words of a text and their offsets: `text[starts[i]:ends[i]] == words[i]`."""

    words: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]


@lru_cache(maxsize=16)  # verification, tags and augmentation use the same sentence in turn
def locate_words(text: str) -> LocatedWords:
    """Every word of `text` with its offsets."""
    pieces = WORD.split(text)  # what lies between words, and words, in turn
    ends = [*accumulate(map(len, pieces))]
    return LocatedWords(pieces[1::2], ends[:-1:2], ends[1::2])


BRITISH = (
    ("tumour", "tumor"),
    ("aem", "em"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("paed", "ped"),
    ("rrhoea", "rrhea"),
)


@lru_cache(maxsize=1 << 18)  # without the cache, folding takes half of the time of a look-up
def fold(word: str) -> str:
    """A word without case, number or British spelling: 'Tumours' and 'tumor' are one name to look
    up.

    Drops the final s of words of five letters or more. 'diabetes' loses it too, which is harmless:
    both sides of a comparison are folded.
    """
    folded = word.lower()
    for british, american in BRITISH:
        if british in folded:
            folded = folded.replace(british, american)
    if len(folded) >= 5 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        return folded[:-3] + "y" if folded.endswith("ies") else folded[:-1]
    return folded


class Spelled:
    """The words among which names are looked up: without hyphens, exact and folded. `kept` are
    their numbers."""

    def __init__(self, spelled: Sequence[str]) -> None:
        self.kept = [i for i, word in enumerate(spelled) if word not in HYPHENS]
        self.exact = [spelled[i] for i in self.kept]
        self.folded = [fold(word) for word in self.exact]

    def line(self, form: str) -> str:
        """The words with a space around each: `exact`, `folded`, or `lower` case."""
        line = f" {' '.join(self.folded if form == 'folded' else self.exact)} "
        return line.lower() if form == "lower" else line


class Sentence(Spelled):
    """A text with its words and their offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words, self.starts, self.ends = locate_words(text)
        super().__init__(self.words)
