"""Rows that share an n-gram with a benchmark."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from corpusmith.corpus.benchmarks import benchmark_rows, benchmark_splits
from corpusmith.corpus.ngrams import (
    ENDINGS,
    ngram_hashes,
    words,
)
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.transcript import TRANSCRIPTS


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
        return cls(
            ((name, row["text"]) for name, path in splits for row in benchmark_rows(path)), n
        )

    @classmethod
    def from_hashes(cls, sources: Mapping[int, Sequence[str]], n: int) -> "Leakage":
        """Index hashes of n-grams that `shared` told, each with the splits it stands in."""
        leakage = cls((), n)
        names = sorted({name for splits in sources.values() for name in splits})
        masks = [sum(1 << names.index(name) for name in splits) for splits in sources.values()]
        leakage._index(
            names, np.array([*sources], dtype=np.uint64), np.array(masks, dtype=np.uint64)
        )
        return leakage

    def _index(self, names: list[str], keys: np.ndarray, masks: np.ndarray) -> None:
        self.names = names
        self._hashes, places = np.unique(keys, return_inverse=True)
        self._masks = np.zeros(len(self._hashes), dtype=np.uint64)
        np.bitwise_or.at(self._masks, places, masks)
        self._endings = np.zeros(
            ENDINGS, dtype=bool
        )  # which a hash has: a search through all of them is rarely needed
        self._endings[self._hashes % ENDINGS] = True

    def check(self, text: str) -> str | None:
        """The first benchmark split that shares an n-gram with `text`, or None.

        Text of fewer than n words leaks only where a benchmark sentence is the same as a whole.
        """
        return self.check_all([text])[0]

    def check_all(self, texts: Sequence[str]) -> list[str | None]:
        """`check` of each text; all are looked up at once, which costs a fraction of asking one by one."""
        return [
            names[0] if names else None for names in self.sources([words(text) for text in texts])
        ]

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


KNOWN = TRANSCRIPTS / "leakage.json"


def shipped_leakage(n: int) -> Leakage | None:
    """The known n-grams; None for an n that was not looked for."""
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    return (
        Leakage.from_hashes({int(key, 16): splits for key, splits in known["hashes"].items()}, n)
        if n == known["n"]
        else None
    )


def leakage_of(recipe: Recipe, root: Path | None) -> Leakage | None:
    """What rows are checked against: the benchmarks at hand, else what is known of the shipped transcripts."""
    if not recipe.filters.leakage:
        return None
    return (
        Leakage.from_benchmarks(root, recipe.filters.leakage)
        if root
        else shipped_leakage(recipe.filters.leakage)
    )
