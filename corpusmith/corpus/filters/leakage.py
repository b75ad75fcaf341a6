"""Rows that share an n-gram with a benchmark."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from corpusmith.corpus.benchmarks import benchmark_splits, benchmark_texts
from corpusmith.corpus.filters.ngrams import comparable_words, ngram_hashes
from corpusmith.files import shipped
from corpusmith.recipe.schema import Recipe


class Leakage:
    """An index of the word n-grams of benchmark sentences. It holds 64-bit hashes and no text."""

    def __init__(self, sentences: Iterable[tuple[str, str]], n: int = 8) -> None:
        """`sentences` are (name of the benchmark split, text); at most 64 names."""
        names: dict[str, int] = {}
        keys, masks = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
        for name, text in sentences:
            hashes = ngram_hashes(comparable_words(text), n)
            keys.append(hashes)
            masks.append(np.full(len(hashes), 1 << names.setdefault(name, len(names)), np.uint64))
        self._index(n, list(names), np.concatenate(keys), np.concatenate(masks))

    @classmethod
    def from_benchmarks(cls, root: Path, n: int = 8) -> "Leakage":
        """Index every split below `root`: train, dev and test alike."""
        splits = benchmark_splits(root).items()
        return cls(
            ((name, row["text"]) for name, path in splits for row in benchmark_texts(path)), n
        )

    @classmethod
    def from_hashes(cls, sources: Mapping[int, Sequence[str]], n: int) -> "Leakage":
        """Index the hashes that `shared` returned, each with its splits."""
        leakage = cls((), n)
        names = sorted({name for splits in sources.values() for name in splits})
        masks = [sum(1 << names.index(name) for name in splits) for splits in sources.values()]
        leakage._index(n, names, np.array([*sources], np.uint64), np.array(masks, np.uint64))
        return leakage

    def _index(self, n: int, names: list[str], keys: np.ndarray, masks: np.ndarray) -> None:
        """Keep each key once, with the splits that hold it as the bits of a mask."""
        self.n, self.names = n, names
        self._hashes, places = np.unique(keys, return_inverse=True)
        self._masks = np.zeros(len(self._hashes), dtype=np.uint64)
        np.bitwise_or.at(self._masks, places, masks)

    def check(self, text: str) -> str | None:
        """The first benchmark split that shares an n-gram with `text`, or None.

        A text of fewer than n words matches only a whole benchmark sentence.
        """
        return next(iter(self.sources(comparable_words(text))), None)

    def sources(self, sentence: Sequence[str]) -> list[str]:
        """Every benchmark split that shares an n-gram with a sentence of normalised words."""
        _, masks = self._known(sentence)
        return self._names(int(np.bitwise_or.reduce(masks)))

    def shared(self, text: str) -> dict[int, list[str]]:
        """The hashes of the n-grams of `text` that are in a benchmark, each with its splits."""
        keys, masks = self._known(comparable_words(text))
        return {
            key: self._names(mask) for key, mask in zip(keys.tolist(), masks.tolist(), strict=True)
        }

    def _known(self, sentence: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The n-gram hashes of the sentence that are indexed, and their masks."""
        keys = ngram_hashes(sentence, self.n)
        places = np.searchsorted(self._hashes, keys)
        places[places == len(self._hashes)] = 0
        known = self._hashes[places] == keys if len(self._hashes) else np.zeros(len(keys), bool)
        return keys[known], self._masks[places[known]]

    def _names(self, mask: int) -> list[str]:
        return [name for number, name in enumerate(self.names) if mask >> number & 1]


KNOWN = shipped("builders", "transcripts", "leakage.json")


def shipped_leakage(n: int) -> Leakage | None:
    """The index that ships with the transcripts; None for another n."""
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    return (
        Leakage.from_hashes({int(key, 16): splits for key, splits in known["hashes"].items()}, n)
        if n == known["n"]
        else None
    )


def leakage_of(recipe: Recipe, root: Path | None) -> Leakage | None:
    """Index the benchmarks given; without any, load the n-grams that the shipped answers share.

    That index knows no n-gram that only other answers share with a benchmark.
    """
    if not recipe.filters.leakage:
        return None
    return (
        Leakage.from_benchmarks(root, recipe.filters.leakage)
        if root
        else shipped_leakage(recipe.filters.leakage)
    )
