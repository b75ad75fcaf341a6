"""What is left out of a corpus although it is well formed: duplicates, near duplicates and benchmark text.

Every function is a pure function of texts and their order, so that one process and a hundred give the same rows.
"""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, NamedTuple

import numpy as np
from rensa import RMinHash

from corpusmith.corpus.ngrams import (
    SEED,
    multipliers,
    text_hash,
    word_ngrams,
    words,
)
from corpusmith.files import batches

PERMUTATIONS = 128
TEXTS_AT_ONCE = 256  # as many as stay in the processor's cache from words to hashes
ROWS_AT_ONCE = 1 << 18  # whose hashes are compared in memory
SHINGLE = 3  # words; in a sentence of 25 words one changed word leaves a Jaccard similarity of 0.77


class Banding(NamedTuple):
    """How a MinHash signature is cut: rows alike in all `width` values of any of the `bands` are near duplicates."""

    bands: int
    width: int

    @classmethod
    def for_threshold(cls, threshold: float) -> "Banding":
        """The cut at which a pair of Jaccard similarity `threshold` is found as often as missed."""
        cuts = [cls(PERMUTATIONS // width, width) for width in range(2, 33)]
        return min(
            cuts, key=lambda cut: abs((1 - 0.5 ** (1 / cut.bands)) ** (1 / cut.width) - threshold)
        )


def band_hashes(texts: Sequence[str], banding: Banding) -> np.ndarray:
    """One row a text: the hash of its normalised whole, then one hash for each band of its MinHash signature.

    60-bit values in uint64 (datatrove's signature files hold numbers below 2^61 - 1).
    """
    sentences = [words(text) for text in texts]
    values = array(
        "I"
    )  # as the values have 32 bits, this takes them out of their lists the fastest
    for signature in RMinHash.digests_from_token_sets(
        [word_ngrams(s, SHINGLE) for s in sentences], PERMUTATIONS, SEED
    ):
        values.fromlist(signature)
    signatures = np.frombuffer(values, dtype=np.uint32).reshape(len(texts), PERMUTATIONS)
    cut = signatures[:, : banding.bands * banding.width].reshape(len(texts), *banding)
    bands = (cut.astype(np.uint64) @ multipliers(banding.width)) >> np.uint64(4)
    exact = np.fromiter((text_hash(" ".join(s)) >> 4 for s in sentences), np.uint64, len(sentences))
    return np.column_stack([exact, bands])


class Duplicates(NamedTuple):
    """For each row the number of the earliest row it was found to repeat, or -1; and whether it repeats it exactly."""

    earlier: np.ndarray
    exact: np.ndarray

    def reasons(self) -> Iterator[str | None]:
        """Why each row is left out, or None."""
        for start in range(0, len(self.earlier), TEXTS_AT_ONCE):
            part = slice(start, start + TEXTS_AT_ONCE)
            for earlier, exact in zip(
                self.earlier[part].tolist(), self.exact[part].tolist(), strict=True
            ):
                yield None if earlier < 0 else "duplicate" if exact else "near duplicate"


def find_duplicates(
    texts: Iterable[str], threshold: float = 0.7, batch: int = TEXTS_AT_ONCE
) -> Duplicates:
    """Find each row that repeats an earlier one, word for word or nearly (Jaccard of word trigrams, by MinHash).

    A row's fate depends on the rows before it alone, so a corpus that is extended keeps the rows it had. Band hashes
    lie in temporary files and are compared band by band, a part of their values at a time: memory is 5 bytes a row.
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
            for rows, hashes in _parts(column, count):
                rows, hashes = _repeated(rows, hashes)
                order = np.argsort(hashes, kind="stable")
                repeats = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
                later, before = rows[order[repeats + 1]], rows[order[repeats]]
                known = earlier[later]
                earlier[later] = np.where(known < 0, before, np.minimum(known, before))
                if number == 0:
                    exact[later] = True
    return Duplicates(earlier, exact)


def _parts(column: IO[bytes], count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`(rows, their hashes)` of a file of hashes, equal hashes together: as many parts as keep each one small."""
    parts = 1 + count // ROWS_AT_ONCE
    for part in range(parts):
        column.seek(0)
        rows, found = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        for start in range(0, count, ROWS_AT_ONCE):
            hashes = np.frombuffer(column.read(8 * ROWS_AT_ONCE), dtype=np.uint64)
            chosen = np.flatnonzero(hashes % np.uint64(parts) == part)
            rows.append(start + chosen)
            found.append(hashes[chosen])
        yield np.concatenate(rows), np.concatenate(found)


def _repeated(rows: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What has a hash that stands there more than once: a few rows, which may then be sorted with care."""
    in_order = np.sort(hashes)
    twice = in_order[1:][in_order[1:] == in_order[:-1]]
    if not len(twice):
        return rows[:0], hashes[:0]
    places = np.searchsorted(twice, hashes)
    places[places == len(twice)] = 0
    chosen = twice[places] == hashes
    return rows[chosen], hashes[chosen]
