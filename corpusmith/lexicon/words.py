"""Words and their offsets: the one tokenisation that lexicons, verification and datasets share."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, TypeVar

T = TypeVar("T")

# A word is a run of letters and digits with the marks that combine with them; every other visible character stands
# alone. On ASCII text these are the words of BERT's BasicTokenizer and of the NCBI-Disease and BC5CDR benchmarks.
MARKS = r"[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200d]"
WORD = re.compile(rf"([^\W_]+(?:{MARKS}+[^\W_]*)*|\S)")
ASCII_WORD = re.compile(
    r"([A-Za-z0-9]+|\S)"
)  # finds the same words in ASCII text, in half the time
HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")


def without_half_pairs(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which JSON may escape and neither file nor database holds."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def words(text: str) -> list[str]:
    """The words of `text`, in order; no word is empty or holds white space."""
    return (ASCII_WORD if text.isascii() else WORD).findall(text)


class Located(NamedTuple):
    """The words of a text and where they stand: `text[starts[i]:ends[i]] == words[i]`."""

    words: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]


@lru_cache(maxsize=16)  # verification, tags and augmentation ask for the same sentence in turn
def locate_words(text: str) -> Located:
    """Every word of `text` with its offsets."""
    pieces = (ASCII_WORD if text.isascii() else WORD).split(
        text
    )  # what lies between words, and words, in turn
    ends = [*accumulate(map(len, pieces))]
    return Located(pieces[1::2], ends[:-1:2], ends[1::2])


BRITISH = (
    ("tumour", "tumor"),
    ("aem", "em"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("paed", "ped"),
    ("rrhoea", "rrhea"),
)


def fold(word: str) -> str:
    """A word without case, number or British spelling: 'Tumours' and 'tumor' are one name to look up.

    The final s is dropped from words of five letters or more; as both sides of a comparison are folded, it does no
    harm that 'diabetes' loses it too.
    """
    folded = word.lower()
    for british, american in BRITISH:
        if british in folded:
            folded = folded.replace(british, american)
    if len(folded) >= 5 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        return folded[:-3] + "y" if folded.endswith("ies") else folded[:-1]
    return folded


class Memo(dict[str, T]):
    """A function of words and what it gave for those seen so far, as sentences say the same words again and again.

    To look a word up takes two thirds of a call through `lru_cache`. When there are `most` of them it begins anew.
    """

    def __init__(self, function: Callable[[str], T], most: int = 1 << 18) -> None:
        self._function, self._most = function, most

    def __missing__(self, word: str) -> T:
        if len(self) >= self._most:
            self.clear()
        return self.setdefault(word, self._function(word))


FOLDED = Memo(fold)


class Spelled:
    """Words as names are looked up among them: hyphens apart, as they stand and folded. `kept` numbers those words."""

    def __init__(self, spelled: Sequence[str]) -> None:
        if HYPHENS.isdisjoint(spelled):
            self.kept: Sequence[int] = range(len(spelled))
            self.exact = spelled
        else:
            self.kept = [i for i, word in enumerate(spelled) if word not in HYPHENS]
            self.exact = [spelled[i] for i in self.kept]
        self.folded = [*map(FOLDED.__getitem__, self.exact)]
        self._lines: dict[str, str] = {}

    def line(self, form: str) -> str:
        """The words with a space around each: `exact`, `folded`, or `lower` case."""
        if form not in self._lines:
            line = f" {' '.join(self.folded if form == 'folded' else self.exact)} "
            self._lines[form] = line.lower() if form == "lower" else line
        return self._lines[form]


class Sentence(Spelled):
    """A text with its words and their offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words, self.starts, self.ends = locate_words(text)
        super().__init__(self.words)
