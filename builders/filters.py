"""What is left out of a corpus although it is well formed: duplicates, near duplicates and benchmark text.

Every function is a pure function of texts and their order, so that one process and a hundred give the same rows.
"""

import re
import tempfile
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from rensa import RMinHash
from xxhash import xxh3_64_intdigest

from builders.benchmarks import benchmark_rows, benchmark_splits
from builders.ledger import batches
from builders.text import Memo

PERMUTATIONS = 128
SEED = 20230304
TEXTS_AT_ONCE = 256  # as many as stay in the processor's cache from words to hashes
ROWS_AT_ONCE = 1 << 18  # whose hashes are compared in memory
ENDINGS = np.uint64(1 << 22)  # last digits of a hash that are told apart in 4 MB, before it is searched for
SHINGLE = 3  # words; in a sentence of 25 words one changed word leaves a Jaccard similarity of 0.77
_WORD = re.compile(r"\w+")
_ASCII = "".join(chr(code).lower() if _WORD.match(chr(code)) else " " for code in range(128))  # the same, faster


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
    padded = [[*sentence, *[""] * (n - len(sentence))] if 0 < len(sentence) < n else sentence for sentence in sentences]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    hashes = np.fromiter(map(WORD_HASHES.__getitem__, chain.from_iterable(padded)), np.uint64, lengths.sum())
    owners = np.repeat(np.arange(len(padded)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(hashes))  # words up to the end of the sentence
    first = np.flatnonzero(left >= n)
    keys = np.zeros(max(0, len(hashes) - n + 1), dtype=np.uint64)
    for place, multiplier in enumerate(multipliers(n)):
        keys += hashes[place : place + len(keys)] * multiplier
    return keys[first], owners[first]


class Banding(NamedTuple):
    """How a MinHash signature is cut: rows alike in all `width` values of any of the `bands` are near duplicates."""

    bands: int
    width: int

    @classmethod
    def for_threshold(cls, threshold: float) -> "Banding":
        """The cut at which a pair of Jaccard similarity `threshold` is found as often as missed."""
        cuts = [cls(PERMUTATIONS // width, width) for width in range(2, 33)]
        return min(cuts, key=lambda cut: abs((1 - 0.5 ** (1 / cut.bands)) ** (1 / cut.width) - threshold))


def band_hashes(texts: Sequence[str], banding: Banding) -> np.ndarray:
    """One row a text: the hash of its normalised whole, then one hash for each band of its MinHash signature.

    60-bit values in uint64 (datatrove's signature files hold numbers below 2^61 - 1).
    """
    sentences = [words(text) for text in texts]
    values = array("I")  # as the values have 32 bits, this takes them out of their lists the fastest
    for signature in RMinHash.digests_from_token_sets([word_ngrams(s, SHINGLE) for s in sentences], PERMUTATIONS, SEED):
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
            for earlier, exact in zip(self.earlier[part].tolist(), self.exact[part].tolist(), strict=True):
                yield None if earlier < 0 else "duplicate" if exact else "near duplicate"


def find_duplicates(texts: Iterable[str], threshold: float = 0.7, batch: int = TEXTS_AT_ONCE) -> Duplicates:
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


class Leakage:
    """Word n-grams of benchmark sentences: sorted 64-bit hashes, each with the splits it is from; 16 bytes, no text."""

    def __init__(self, sentences: Iterable[tuple[str, str]], n: int = 8) -> None:
        """`sentences` are (name of the benchmark split, text); at most 64 names."""
        self.n = n
        numbers: dict[str, int] = {}
        bits, texts = [], []
        for name, text in sentences:
            bits.append(1 << numbers.setdefault(name, len(numbers)))
            texts.append(words(text))
        keys, owners = ngram_hashes(texts, n)
        self._index(list(numbers), keys, np.array(bits, dtype=np.uint64)[owners])

    @classmethod
    def from_benchmarks(cls, root: Path, n: int = 8) -> "Leakage":
        """Index every split below `root`: train, dev and test alike."""
        splits = benchmark_splits(root).items()
        return cls(((name, row["text"]) for name, path in splits for row in benchmark_rows(path)), n)

    @classmethod
    def from_hashes(cls, sources: Mapping[int, Sequence[str]], n: int) -> "Leakage":
        """Index hashes of n-grams that `shared` told, each with the splits it stands in."""
        leakage = cls((), n)
        names = sorted({name for splits in sources.values() for name in splits})
        masks = [sum(1 << names.index(name) for name in splits) for splits in sources.values()]
        leakage._index(names, np.array([*sources], dtype=np.uint64), np.array(masks, dtype=np.uint64))
        return leakage

    def _index(self, names: list[str], keys: np.ndarray, masks: np.ndarray) -> None:
        self.names = names
        self._hashes, places = np.unique(keys, return_inverse=True)
        self._masks = np.zeros(len(self._hashes), dtype=np.uint64)
        np.bitwise_or.at(self._masks, places, masks)
        self._endings = np.zeros(ENDINGS, dtype=bool)  # which a hash has: a search through all of them is rarely needed
        self._endings[self._hashes % ENDINGS] = True

    def check(self, text: str) -> str | None:
        """The first benchmark split that shares an n-gram with `text`, or None.

        Text of fewer than n words leaks only where a benchmark sentence is the same as a whole.
        """
        return self.check_all([text])[0]

    def check_all(self, texts: Sequence[str]) -> list[str | None]:
        """`check` of each text; all are looked up at once, which costs a fraction of asking one by one."""
        return [names[0] if names else None for names in self.sources([words(text) for text in texts])]

    def sources(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """For each sentence, as normalised words, every benchmark split that shares an n-gram with it."""
        keys, owners = ngram_hashes(sentences, self.n)
        places, known = self._find(keys)
        masks = np.zeros(len(sentences), dtype=np.uint64)
        np.bitwise_or.at(masks, owners[known], self._masks[places])
        return [self._names(mask) if mask else [] for mask in masks.tolist()]

    def shared(self, text: str) -> dict[int, list[str]]:
        """The hashes of those n-grams of `text` that stand in a benchmark, each with its splits."""
        places, _ = self._find(ngram_hashes([words(text)], self.n)[0])
        return {int(self._hashes[place]): self._names(int(self._masks[place])) for place in places}

    def _find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the keys that are known stand in the index, and which of `keys` they are."""
        likely = np.flatnonzero(self._endings[keys % ENDINGS])
        if not len(likely):
            return likely, likely
        places = np.searchsorted(self._hashes, keys[likely])
        places[places == len(self._hashes)] = 0
        known = self._hashes[places] == keys[likely]
        return places[known], likely[known]

    def _names(self, mask: int) -> list[str]:
        return [name for number, name in enumerate(self.names) if mask >> number & 1]
