"""Classify the relation of two entities in a sentence."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.inference.encoder import LONE_SURROGATE, Encoder, softmax
from corpusmith.inference.sentences import around_pair, by_sentence, mask
from corpusmith.inference.spans import Entity, Relation


class RelationClassifier:
    """Classifies pairs of entities in a sentence, one of type `head` and one of type `tail`."""

    def __init__(self, encoder: "Encoder") -> None:
        facts = encoder.config.get("corpusmith", {})
        names = encoder.config.get("id2label", {})
        if "head" not in facts or "tail" not in facts or len(names) < 2:
            raise ValueError(
                f"config.json of the model at {encoder.source} names no `head` and `tail` under "
                "`corpusmith`, or no two classes: it is no relation model"
            )
        self.encoder = encoder
        self.head: str = facts["head"]
        self.tail: str = facts["tail"]
        self.threshold: float = facts.get("threshold", 0.5)
        self.labels = [names[str(i)] for i in range(len(names))]  # "no relation" first
        self.thresholds: dict[str, float] = facts.get("thresholds", {})  # by type
        self.symmetric: frozenset[str] = frozenset(facts.get("symmetric", ()))

    @classmethod
    def from_pretrained(
        cls, model: str | Path, revision: str | None = None, **options: Any
    ) -> "RelationClassifier":
        """Load a model; `options` are those of `Encoder.from_pretrained`."""
        return cls(Encoder.from_pretrained(model, revision, **options))

    def probabilities(self, masked_texts: Sequence[str]) -> list[float]:
        """The probability of each text that its pair is related, by any type."""
        return [float(related) for related in 1 - self.distributions(masked_texts)[:, 0]]

    def distributions(self, masked_texts: Sequence[str]) -> np.ndarray:
        """Texts x classes: the probability of each class. A text too long is cut by "
        "`around_pair`."""
        found = np.zeros((len(masked_texts), len(self.labels)))
        clean = [LONE_SURROGATE.sub("\ufffd", text) for text in masked_texts]
        room = self.encoder.room
        for row, text in enumerate(clean):
            if len(text.encode()) > room:  # a subword takes a byte at least
                whole = self.encoder.whole.encode(text, add_special_tokens=False)
                clean[row] = around_pair(text, whole.offsets, room)
        for row, _, logits in self.encoder.run(clean, pretokenized=False):
            found[row] = softmax(logits)
        return found

    def classify(self, masked_texts: Sequence[str]) -> list[tuple[str, float]]:
        """The class of each text at the threshold of its best type, and the probability of that
        type.
        """
        chances = self.distributions(masked_texts)
        best = 1 + chances[:, 1:].argmax(-1) if len(chances) else []
        needed = [self.thresholds.get(name, self.threshold) for name in self.labels]
        return [
            (self.labels[type_ if 1 - row[0] >= needed[type_] else 0], float(row[type_]))
            for row, type_ in zip(chances, best, strict=True)
        ]

    def extract(
        self, text: str, entities: Sequence[Entity], neighbours: bool = False
    ) -> list[Relation]:
        """Every pair of a head and a tail in the same sentence; types are compared without case.

        Overlapping entities are no pair. Two entities of one kind are a pair in both directions,
        unless the relation is symmetric. With `neighbours` also pairs of two sentences that follow
        each other; the model was trained on single sentences.
        """
        pairs = []
        for start, end, inside, across in self._passages(text, entities, neighbours):
            for head, tail in self._pairs(inside):
                if across and (head.start < across) == (tail.start < across):
                    continue  # a pair of one sentence
                masked = mask(text, head, tail)
                shown = masked[start : end + len(masked) - len(text)].strip()
                pairs.append((head, tail, shown, bool(across)))
        judged = self.classify([masked for _, _, masked, _ in pairs])
        return [
            Relation(head, tail, label, score, masked, label in self.symmetric, across)
            for (head, tail, masked, across), (label, score) in zip(pairs, judged, strict=True)
        ]

    def _passages(
        self, text: str, entities: Sequence[Entity], neighbours: bool
    ) -> Iterator[tuple[int, int, Sequence[Entity], int]]:
        """(start, end, entities, 0) of each sentence; with `neighbours` also of each two, with the
        place where the second begins.
        """
        before: tuple[int, Sequence[Entity]] | None = None
        for start, end, inside in by_sentence(text, entities):
            yield start, end, inside, 0
            if neighbours and before is not None:
                yield before[0], end, [*before[1], *inside], start
            before = start, inside

    def _pairs(self, entities: Sequence[Entity]) -> Iterator[tuple[Entity, Entity]]:
        one_kind = self.head.upper() == self.tail.upper()
        undirected = one_kind and self.symmetric.issuperset(self.labels[1:])
        heads, tails = (
            [e for e in entities if e.label.upper() == side.upper()]
            for side in (self.head, self.tail)
        )
        for head, tail in product(heads, tails):
            apart = head.end <= tail.start or tail.end <= head.start
            if apart and not (undirected and tail.start < head.start):
                yield head, tail
