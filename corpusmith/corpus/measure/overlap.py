"""Memorisation audit: overlap of a corpus with benchmark text, as ids and numbers."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpusmith.corpus.benchmarks import benchmark_splits, benchmark_texts
from corpusmith.corpus.filters.duplicates import SHINGLE
from corpusmith.corpus.filters.ngrams import comparable_words, ngram_hashes

LEAKS = (8, 13)  # words; contamination reports of language models use 13
BINS = 1000  # of the histogram of similarities
NEAREST = 5  # pairs that are named


@dataclass
class Overlap:
    """Running figures of a corpus against one benchmark split. Those of several shards add up."""

    rows: int = 0
    leaked: Counter[int] = field(default_factory=Counter)
    longest: int = 0
    similarities: Counter[int] = field(default_factory=Counter)  # rows by BINS * Jaccard, rounded
    nearest: list[tuple[float, str, str]] = field(
        default_factory=list
    )  # (Jaccard, id of the row, id of the benchmark's sentence)

    def merge(self, other: "Overlap") -> None:
        self.rows += other.rows
        self.leaked += other.leaked
        self.longest = max(self.longest, other.longest)
        self.similarities += other.similarities
        self.nearest = closest([*self.nearest, *other.nearest])

    def figures(self) -> dict:
        values = (
            np.repeat(*map(np.array, zip(*sorted(self.similarities.items()), strict=True)))
            if self.rows
            else [0]
        )
        return {
            **{f"leaked_rows_{n}gram": self.leaked[n] for n in LEAKS},
            "longest_common_ngram": self.longest,
            "jaccard": {
                "mean": round(float(np.mean(values)) / BINS, 3),
                "p99": round(float(np.quantile(values, 0.99)) / BINS, 3),
                "max": round(float(np.max(values)) / BINS, 3),
            },
            "nearest": [
                {"id": row, "benchmark_id": other, "jaccard": round(similarity, 4)}
                for similarity, row, other in self.nearest
            ],
        }


class Audit:
    """Compares rows with every benchmark split below `root`.

    Memory grows with the benchmarks, not with the rows.
    """

    def __init__(self, root: Path) -> None:
        self.splits: dict[str, Overlap] = {}
        self._texts: list[str] = []
        self._ids: list[str] = []
        self._bounds = [0]  # of each split in the two lists
        for name, path in benchmark_splits(root).items():
            self.splits[name] = Overlap()
            for row in benchmark_texts(path):
                self._texts.append(row["text"])
                self._ids.append(str(row["id"]))
            self._bounds.append(len(self._ids))
        shingles = [np.unique(shingles_of(comparable_words(text))) for text in self._texts]
        self._sizes = np.array([len(part) for part in shingles], dtype=np.int64)
        owners = np.repeat(np.arange(len(shingles)), self._sizes)
        keys = np.concatenate([*shingles, np.array([], dtype=np.uint64)])
        order = np.argsort(keys, kind="stable")
        self._owners = owners[order]
        self._keys, starts = np.unique(keys[order], return_index=True)
        self._starts = np.append(starts, len(keys))

    def add(self, row_id: str, text: str) -> None:
        """Compare one row with every benchmark sentence that shares a shingle."""
        sentence = comparable_words(text)
        occurring = shingles_of(sentence)
        shingles = np.unique(occurring)
        others, shared = self._sharing(shingles)
        similarity = shared / (len(shingles) + self._sizes[others] - shared)
        # A shingle that the row repeats may be repeated in the run: the most that can be shared.
        repeated = len(occurring) - len(shingles)
        cuts = np.searchsorted(others, self._bounds)
        for overlap, (start, stop) in zip(self.splits.values(), pairwise(cuts), strict=True):
            overlap.rows += 1
            self._measure_runs(overlap, sentence, others[start:stop], shared[start:stop] + repeated)
            self._measure_similarity(overlap, row_id, others[start:stop], similarity[start:stop])

    def _sharing(self, shingles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The benchmark sentences that share one of the shingles, and how many each shares."""
        places = np.searchsorted(self._keys, shingles)
        known = places < len(self._keys)
        known[known] = self._keys[places[known]] == shingles[known]
        postings = [
            self._owners[self._starts[place] : self._starts[place + 1]] for place in places[known]
        ]
        return np.unique(
            np.concatenate([*postings, np.array([], dtype=np.int64)]), return_counts=True
        )

    def _measure_runs(
        self, overlap: Overlap, sentence: list[str], others: np.ndarray, shared: np.ndarray
    ) -> None:
        """Count the row as leaked if a sentence of the split shares a run of `LEAKS` words, and
        keep the longest run.

        A run of n words has n - SHINGLE + 1 shingles: sentences that share fewer cannot hold a run
        that would count, and are skipped.
        """
        counting = min(LEAKS[0], overlap.longest + 1, max(SHINGLE, len(sentence)))
        longest = 0
        for other in others[shared > counting - SHINGLE]:
            words = comparable_words(self._texts[other])
            longest = max(longest, longest_run(sentence, words))
            if words == sentence:  # an identical sentence leaks, however short
                longest = max(longest, LEAKS[-1])
        overlap.leaked += Counter(n for n in LEAKS if longest >= n)
        run = min(longest, len(sentence))
        overlap.longest = max(overlap.longest, run if run >= SHINGLE else 0)

    def _measure_similarity(
        self, overlap: Overlap, row_id: str, others: np.ndarray, similarity: np.ndarray
    ) -> None:
        """Note the Jaccard similarity of the row with the nearest sentence of the split."""
        best = int(similarity.argmax()) if len(similarity) else None
        overlap.similarities[0 if best is None else round(BINS * float(similarity[best]))] += 1
        if best is not None and (
            len(overlap.nearest) < NEAREST or similarity[best] >= overlap.nearest[-1][0]
        ):
            pair = (float(similarity[best]), row_id, self._ids[others[best]])
            overlap.nearest = closest([*overlap.nearest, pair])

    def figures(self) -> dict[str, dict]:
        return {name: overlap.figures() for name, overlap in self.splits.items()}


def audit(rows: Iterable[tuple[str, str]], root: Path) -> dict[str, dict]:
    """Compare the rows, (id, text) pairs, with each benchmark split below `root`.

    The rows are read once. Returns an entry for each split.

    Each entry holds `leaked_rows_8gram`, `leaked_rows_13gram` (rows sharing a word n-gram with the
    split), `longest_common_ngram` (words; 0 below three), `jaccard` (of word trigrams with the
    nearest benchmark sentence: mean, p99 and max over the rows) and the `nearest` pairs of ids.
    """
    measured = Audit(root)
    for row_id, text in rows:
        measured.add(row_id, text)
    return measured.figures()


def closest(pairs: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The most similar pairs, equally similar ones in the order of their ids."""
    return heapq.nsmallest(NEAREST, pairs, key=lambda pair: (-pair[0], *pair[1:]))


def shingles_of(sentence: Sequence[str]) -> np.ndarray:
    """The hashes of the word trigrams of a sentence, in their order."""
    return ngram_hashes(sentence, SHINGLE)


def longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest run of words that both sentences contain."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(second):
        places.setdefault(word, []).append(place)
    longest = 0
    ending: dict[int, int] = {}  # by place in `second`: length of the common run that ends there
    for word in first:
        ending = {place: ending.get(place - 1, 0) + 1 for place in places.get(word, ())}
        longest = max(longest, *ending.values(), 0)
    return longest
