"""Exact and near duplicates, by MinHash over word trigrams.

Results depend only on the texts and their order, so the number of processes doesn't matter.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from rensa import RMinHash

from corpusmith.corpus.filters.ngrams import (
    SEED,
    comparable_words,
    multipliers,
    text_hash,
    word_ngrams,
)
from corpusmith.files import batches

PERMUTATIONS = 128
TEXTS_AT_ONCE = 1000  # texts whose signatures are in memory together
SHINGLE = 3  # words; one changed word of 25 leaves a Jaccard similarity of 0.77


class Banding(NamedTuple):
    """Locality-sensitive hashing: rows whose signatures agree in one band are near duplicates."""

    bands: int
    width: int

    @classmethod
    def for_threshold(cls, threshold: float) -> "Banding":
        """The banding that finds half of the pairs with a Jaccard similarity of `threshold`."""
        cuts = [cls(PERMUTATIONS // width, width) for width in range(2, 33)]
        return min(
            cuts, key=lambda cut: abs((1 - 0.5 ** (1 / cut.bands)) ** (1 / cut.width) - threshold)
        )


def band_hashes(texts: Sequence[str], banding: Banding) -> np.ndarray:
    """One row per text: the hash of its normalised words, then a hash per band.

    60-bit values in uint64: datatrove's signature files hold numbers below 2^61 - 1.
    """
    sentences = [comparable_words(text) for text in texts]
    shingles = [word_ngrams(sentence, SHINGLE) for sentence in sentences]
    signatures = np.array(
        RMinHash.digests_from_token_sets(shingles, PERMUTATIONS, SEED), dtype=np.uint64
    ).reshape(len(texts), PERMUTATIONS)
    cut = signatures[:, : banding.bands * banding.width].reshape(len(texts), *banding)
    bands = (cut @ multipliers(banding.width)) >> np.uint64(4)
    exact = [text_hash(" ".join(sentence)) >> 4 for sentence in sentences]
    return np.column_stack([np.array(exact, dtype=np.uint64), bands])


class Duplicates(NamedTuple):
    """For each row, the earlier row that it duplicates, or -1; and whether it is an exact
    duplicate."""

    earlier: np.ndarray
    exact: np.ndarray

    def reasons(self) -> Iterator[str | None]:
        """The reason to filter out each row, or None."""
        for earlier, exact in zip(self.earlier, self.exact, strict=True):
            yield None if earlier < 0 else "duplicate" if exact else "near duplicate"


def find_duplicates(
    texts: Iterable[str], threshold: float = 0.7, batch: int = TEXTS_AT_ONCE
) -> Duplicates:
    """Find each row that repeats an earlier one, exactly or nearly (Jaccard of word trigrams).

    The result for a row depends only on earlier rows, so a growing corpus keeps its rows. The
    hashes of each band are in a temporary file, so memory holds one band at a time.
    """
    banding = Banding.for_threshold(threshold)
    with ExitStack() as stack:
        columns = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1 + banding.bands)]
        count = 0
        for chunk in batches(texts, batch):
            count += len(chunk)
            for column, hashes in zip(columns, band_hashes(chunk, banding).T, strict=True):
                column.write(hashes.tobytes())
        earlier = np.full(count, -1, dtype=np.int32)
        exact = np.zeros(count, dtype=bool)
        for number, column in enumerate(columns):
            column.seek(0)
            hashes = np.frombuffer(column.read(), dtype=np.uint64)
            order = np.argsort(hashes, kind="stable")
            repeats = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
            later, before = order[repeats + 1], order[repeats]
            known = earlier[later]
            earlier[later] = np.where(known < 0, before, np.minimum(known, before))
            if number == 0:
                exact[later] = True
    return Duplicates(earlier, exact)
