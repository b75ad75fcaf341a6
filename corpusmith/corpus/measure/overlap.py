"""Memorisation audit: overlap of a corpus with benchmark text, as ids and numbers."""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpusmith.corpus.benchmarks import benchmark_splits, benchmark_texts
from corpusmith.corpus.filters.duplicates import SHINGLE
from corpusmith.corpus.filters.leakage import Leakage
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
    )  # (Jaccard, row, benchmark sentence)

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
    """Compares rows with every benchmark split below `root`. Memory doesn't grow with the rows."""

    def __init__(self, root: Path) -> None:
        self.splits: dict[str, Overlap] = {}
        self._sentences: list[tuple[str, str]] = []  # (split, text)
        self._ids: list[str] = []
        self._bounds = [0]
        for name, path in benchmark_splits(root).items():
            self.splits[name] = Overlap()
            for row in benchmark_texts(path):
                self._sentences.append((name, row["text"]))
                self._ids.append(str(row["id"]))
            self._bounds.append(len(self._ids))
        self._ngrams: dict[int, Leakage] = {}
        shingles = [
            np.unique(ngram_hashes(comparable_words(text), SHINGLE)) for _, text in self._sentences
        ]
        self._sizes = np.array([len(part) for part in shingles], dtype=np.int64)
        owners = np.repeat(np.arange(len(shingles)), self._sizes)
        keys = np.concatenate([*shingles, np.array([], dtype=np.uint64)])
        order = np.argsort(keys, kind="stable")
        self._owners = owners[order]
        self._keys, starts = np.unique(keys[order], return_index=True)
        self._starts = np.append(starts, len(keys))

    def add(self, row_id: str, text: str) -> None:
        """Compare one row with every split."""
        sentence = comparable_words(text)
        for overlap in self.splits.values():
            overlap.rows += 1
        for n in LEAKS:
            for name in self._sharing(sentence, n):
                self.splits[name].leaked[n] += 1
        self._lengthen(sentence)
        self._compare(row_id, np.unique(ngram_hashes(sentence, SHINGLE)))

    def _lengthen(self, sentence: list[str]) -> None:
        """Look for runs of words longer than the shortest of the splits' longest runs so far."""
        n = min((overlap.longest for overlap in self.splits.values()), default=0) + 1
        while n <= len(sentence) and (names := self._sharing(sentence, n)):
            for name in names:
                self.splits[name].longest = max(self.splits[name].longest, n)
            n += 1

    def figures(self) -> dict[str, dict]:
        return {name: overlap.figures() for name, overlap in self.splits.items()}

    def _sharing(self, sentence: list[str], n: int) -> list[str]:
        if n not in self._ngrams:
            self._ngrams[n] = Leakage(self._sentences, n)
        return self._ngrams[n].sources(sentence)

    def _compare(self, row_id: str, shingles: np.ndarray) -> None:
        """Jaccard similarity with every benchmark sentence that shares a shingle."""
        places = np.searchsorted(self._keys, shingles)
        known = places < len(self._keys)
        known[known] = self._keys[places[known]] == shingles[known]
        postings = [
            self._owners[self._starts[place] : self._starts[place + 1]] for place in places[known]
        ]
        others, shared = np.unique(
            np.concatenate([*postings, np.array([], dtype=np.int64)]), return_counts=True
        )
        similarity = shared / (len(shingles) + self._sizes[others] - shared)
        cuts = np.searchsorted(others, self._bounds)
        for overlap, (start, stop) in zip(self.splits.values(), pairwise(cuts), strict=True):
            best = start + int(similarity[start:stop].argmax()) if stop > start else None
            overlap.similarities[0 if best is None else round(BINS * float(similarity[best]))] += 1
            if best is not None and (
                len(overlap.nearest) < NEAREST or similarity[best] >= overlap.nearest[-1][0]
            ):
                pair = (float(similarity[best]), row_id, self._ids[others[best]])
                overlap.nearest = closest([*overlap.nearest, pair])


def audit(rows: Iterable[tuple[str, str]], root: Path) -> dict[str, dict]:
    """Compare the rows, (id, text) pairs, with each benchmark split below `root`.

    The rows are read once. Returns an entry for each split.

    Each entry holds `leaked_rows_8gram`, `leaked_rows_13gram` (rows sharing a word n-gram with the
    split), `longest_common_ngram` (words), `jaccard` (of word trigrams with the nearest benchmark
    sentence: mean, p99 and max over the rows) and the `nearest` pairs of ids.
    """
    measured = Audit(root)
    for row_id, text in rows:
        measured.add(row_id, text)
    return measured.figures()


def closest(pairs: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The most similar pairs, equally similar ones in the order of their ids."""
    return heapq.nsmallest(NEAREST, pairs, key=lambda pair: (-pair[0], *pair[1:]))
