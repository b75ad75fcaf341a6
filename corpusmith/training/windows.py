"""Cut tokenised rows into windows of subwords, with the label of each word at its first subword."""

import hashlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, List, Value

from corpusmith.inference import around_pair
from corpusmith.training.data import Corpus

IGNORED = -100
"""The label of a position outside the loss: special tokens, later subwords of a word, padding."""


def windows(length: int, room: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut `length` subwords into windows of at most `room`: (start, stop, first owned, owned end).

    Neighbouring windows overlap by a quarter, and each owns half of the overlap. So each subword is
    owned once, by the window with more context around it.
    """
    overlap = room // 4 if length > room else 0
    step = room - overlap
    for start in range(0, max(length - overlap, 1), step):
        stop = min(start + room, length)
        yield (
            start,
            stop,
            start + overlap // 2 if start else 0,
            length if stop == length else start + step + overlap // 2,
        )


def tokenise_words(
    tokenizer: Any, sentences: Sequence[Sequence[str]], max_length: int
) -> list[dict]:
    """Windows of `sentences`, each with `row` (the sentence), `input_ids` and `words`.

    `words` is the index of a word at its first subword, in the window that owns it, and -1
    elsewhere. A word without subwords becomes the unknown token, so every word has one label.
    """
    found = []
    encoded = tokenizer(
        list(map(list, sentences)), is_split_into_words=True, add_special_tokens=True, verbose=False
    )
    for row, sentence in enumerate(sentences):
        ids, word_ids = encoded["input_ids"][row], encoded.word_ids(row)
        pieces = [(word, id_) for word, id_ in zip(word_ids, ids, strict=True) if word is not None]
        if bare := set(range(len(sentence))) - {word for word, _ in pieces}:
            pieces = sorted(
                [*pieces, *((word, tokenizer.unk_token_id) for word in bare)],
                key=lambda piece: piece[0],
            )
        prefix = ids[: next((i for i, word in enumerate(word_ids) if word is not None), 1)]
        suffix = ids[
            len(ids)
            - next((i for i, word in enumerate(reversed(word_ids)) if word is not None), 1) :
        ]
        first = [i == 0 or pieces[i - 1][0] != word for i, (word, _) in enumerate(pieces)]
        for start, stop, own_start, own_stop in windows(
            len(pieces), max_length - len(prefix) - len(suffix)
        ):
            words = [
                pieces[i][0] if first[i] and own_start <= i < own_stop else -1
                for i in range(start, stop)
            ]
            found.append(
                {
                    "row": row,
                    "input_ids": [*prefix, *(id_ for _, id_ in pieces[start:stop]), *suffix],
                    "words": [-1] * len(prefix) + words + [-1] * len(suffix),
                }
            )
    return found


@dataclass(frozen=True)
class Encoded:
    """A split as windows: the subwords, labels, words and row of each, as views of Arrow data."""

    ids: list[np.ndarray]
    labels: list[np.ndarray]
    words: list[np.ndarray]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> np.ndarray:
        """Subwords of each window."""
        return np.fromiter(map(len, self.ids), dtype=np.int64, count=len(self))

    def renumbered(self, used: np.ndarray) -> "Encoded":
        """The same windows with subword `used[i]` written `i`. `used` is sorted."""
        return replace(self, ids=[np.searchsorted(used, ids) for ids in self.ids])


def encode(corpus: Corpus, split: str, tokenizer: Any, max_length: int) -> Encoded:
    """Tokenise a split. The result is cached by rows, tokenizer and length.

    A tag of -1, which means "no label" in a ClassLabel column, is left out of the loss.
    """
    dataset = corpus.splits[split]

    def encode_words(batch: dict, indices: list[int]) -> dict:
        found = tokenise_words(tokenizer, batch["tokens"], max_length)
        tags = [batch["ner_tags"][window["row"]] for window in found]
        return {
            "row": [indices[window["row"]] for window in found],
            "input_ids": [window["input_ids"] for window in found],
            "words": [window["words"] for window in found],
            "labels": [
                [tag[word] if word >= 0 and tag[word] >= 0 else IGNORED for word in window["words"]]
                for window, tag in zip(found, tags, strict=True)
            ],
        }

    def encode_texts(batch: dict, indices: list[int]) -> dict:
        bare = tokenizer(
            batch["text"], add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        room = max_length - tokenizer.num_special_tokens_to_add()
        pairs = zip(batch["text"], bare["offset_mapping"], strict=True)
        texts = [around_pair(text, offsets, room) for text, offsets in pairs]
        ids = tokenizer(texts, truncation=True, max_length=max_length)["input_ids"]
        return {
            "row": indices,
            "input_ids": ids,
            "words": [[]] * len(ids),
            "labels": [[y] for y in batch["label"]],
        }

    # The key holds the code too: changed code must not read the cache of old code.
    key = [
        dataset._fingerprint,
        tokenizer.backend_tokenizer.to_str(),
        str(max_length),
        Path(__file__).read_text(),
    ]
    key.append(inspect.getsource(around_pair))
    small = List(Value("int32"))
    encoded = dataset.map(
        encode_words if corpus.task == "ner" else encode_texts,
        batched=True,
        with_indices=True,
        remove_columns=dataset.column_names,
        features=Features(
            {"row": Value("int64"), "input_ids": small, "words": small, "labels": small}
        ),
        new_fingerprint=hashlib.sha256("\n".join(key).encode()).hexdigest()[:16],
        desc=f"tokenise {split}",
    )
    return Encoded(
        ids=_views(encoded, "input_ids"),
        labels=_views(encoded, "labels"),
        words=_views(encoded, "words"),
        rows=encoded.data.column("row").to_numpy(),
    )


def vocabulary(splits: Sequence[Encoded], pad_id: int) -> np.ndarray:
    """The subwords that occur, sorted, and all ids up to padding, so that padding keeps its id."""
    return np.unique(
        np.concatenate([np.arange(pad_id + 1), *(ids for split in splits for ids in split.ids)])
    )


def _views(dataset: Dataset, column: str) -> list[np.ndarray]:
    lists = dataset.data.column(column).combine_chunks()
    offsets = lists.offsets.to_numpy()
    return np.split(lists.flatten().to_numpy(), offsets[1:-1] - offsets[0])


def count_mentions(labels: list[np.ndarray], names: list[str]) -> int:
    """Mentions in the labels of encoded windows: the number of B- tags."""
    begins = [i for i, name in enumerate(names) if name.startswith("B-")]
    counts = [np.isin(window[window != IGNORED], begins).sum() for window in labels]
    return int(sum(counts))
