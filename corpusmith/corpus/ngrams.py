"""Words and word n-grams of a text, and their hashes."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
from xxhash import xxh3_64_intdigest

from corpusmith.lexicon.words import Memo

SEED = 20230304  # of the hash functions
ENDINGS = np.uint64(
    1 << 22
)  # last digits of a hash that are told apart in 4 MB, before it is searched for


_WORD = re.compile(r"\w+")


_ASCII = "".join(
    chr(code).lower() if _WORD.match(chr(code)) else " " for code in range(128)
)  # the same, faster


def words(text: str) -> list[str]:
    """Words for comparison: case, punctuation, spacing and Unicode spelling (NFKC) make no difference."""
    if text.isascii():
        return text.translate(_ASCII).split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def word_ngrams(sentence: Sequence[str], n: int) -> list[str]:
    """All word n-grams; a sentence shorter than n counts as one n-gram, so that it matches only as a whole."""
    if len(sentence) <= n:
        return [" ".join(sentence)]
    return [*map(" ".join, zip(*[sentence[i:] for i in range(n)], strict=False))]


def text_hash(text: str) -> int:
    """64 bits, the same on every machine and in every process (Python's own hash is not)."""
    return xxh3_64_intdigest(text.encode())


WORD_HASHES = Memo(text_hash)


@lru_cache(maxsize=64)
def multipliers(count: int) -> np.ndarray:
    """Odd 64-bit numbers, the first ones the same whatever the count."""
    return np.random.default_rng(SEED).integers(1, 2**63, count, dtype=np.uint64) * 2 + 1


def ngram_hashes(sentences: Sequence[Sequence[str]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """64-bit hashes of the n-grams of `word_ngrams`, and for each the number of its sentence; none for an empty one.

    A sum of the words' hashes, each times the number of its place: a word is hashed once, not once an n-gram.
    """
    padded = [
        [*sentence, *[""] * (n - len(sentence))] if 0 < len(sentence) < n else sentence
        for sentence in sentences
    ]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    hashes = np.fromiter(
        map(WORD_HASHES.__getitem__, chain.from_iterable(padded)), np.uint64, lengths.sum()
    )
    owners = np.repeat(np.arange(len(padded)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(
        len(hashes)
    )  # words up to the end of the sentence
    first = np.flatnonzero(left >= n)
    keys = np.zeros(max(0, len(hashes) - n + 1), dtype=np.uint64)
    for place, multiplier in enumerate(multipliers(n)):
        keys += hashes[place : place + len(keys)] * multiplier
    return keys[first], owners[first]
