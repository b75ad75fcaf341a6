"""Words and word n-grams of a text, and their hashes."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from xxhash import xxh3_64_intdigest

SEED = 20230304  # of the hash functions
WORD = re.compile(r"\w+")


def comparable_words(text: str) -> list[str]:
    """Words for comparison, without case, punctuation, spacing and Unicode form (NFKC)."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def word_ngrams(sentence: Sequence[str], n: int) -> list[str]:
    """All word n-grams. A sentence of fewer than n words is one n-gram: it matches as a whole."""
    last = max(1, len(sentence) - n + 1)
    return [" ".join(sentence[start : start + n]) for start in range(last)]


def text_hash(text: str) -> int:
    """A 64-bit hash that is stable across machines and processes, unlike Python's `hash`."""
    return xxh3_64_intdigest(text.encode())


@lru_cache
def multipliers(count: int) -> np.ndarray:
    """Odd 64-bit numbers. A larger count begins with the same numbers."""
    return np.random.default_rng(SEED).integers(1, 2**63, count, dtype=np.uint64) * 2 + 1


def ngram_hashes(sentence: Sequence[str], n: int) -> np.ndarray:
    """One 64-bit hash for each n-gram of `word_ngrams`; none for a sentence without a word.

    The hash is the sum of the words' hashes, each times the multiplier of its place.
    """
    if not sentence:
        return np.empty(0, dtype=np.uint64)
    padded = [*sentence, *[""] * (n - len(sentence))]
    hashes = np.array([text_hash(word) for word in padded], dtype=np.uint64)
    count = len(hashes) - n + 1
    shifted = (hashes[place : place + count] for place in range(n))
    return sum(part * factor for part, factor in zip(shifted, multipliers(n), strict=True))
