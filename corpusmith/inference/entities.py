"""Extract entities from raw texts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, pre_tokenizers

from corpusmith.inference.encoder import LONE_SURROGATE, Encoder, softmax
from corpusmith.inference.spans import TAG, Entity, bio, spans

WORDS = pre_tokenizers.Sequence(
    [
        pre_tokenizers.BertPreTokenizer(),
        pre_tokenizers.Split(Regex(r"\p{Han}"), behavior="isolated"),
    ]
)

"""Splits at white space, around each punctuation mark and around each Chinese character: as BERT
does, and as the benchmarks and corpora of the field are tokenised.
"""

UNTYPED = "_"  # the type of tags without one: O, B, I


class EntityExtractor:
    """Finds the entities of raw texts of any length."""

    def __init__(self, encoder: "Encoder") -> None:
        tags = encoder.config.get("id2label") or {}
        self.encoder = encoder
        self.tags = [tags[str(i)] for i in range(len(tags))]
        wrong = next((tag for tag in self.tags if not TAG.fullmatch(tag)), None)
        if wrong is not None or "O" not in self.tags:
            raise ValueError(
                f"the model at {encoder.source} has the labels {', '.join(self.tags) or 'none'}, "
                "not O and tags such "
                "as B-Disease: it is no entity model"
            )
        self.labels = sorted({tag[2:] or UNTYPED for tag in self.tags if tag != "O"})

    @classmethod
    def from_pretrained(
        cls, model: str | Path, revision: str | None = None, **options: Any
    ) -> "EntityExtractor":
        """Load a model; `options` are those of `Encoder.from_pretrained`."""
        return cls(Encoder.from_pretrained(model, revision, **options))

    def extract(self, texts: str | Sequence[str], threshold: float = 0.0) -> list[list[Entity]]:
        """The entities of each text with a score of at least `threshold`, in order of appearance.

        The score is the mean probability of the entity's type over its words.
        """
        # UTF-8 can't encode a lone surrogate. U+FFFD has the same length, so offsets are kept.
        texts = [texts] if isinstance(texts, str) else texts
        split = [WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)) for text in texts]
        probabilities = self.probabilities([[word for word, _ in words] for words in split])
        return [
            [
                entity
                for entity in self._entities(text, [at for _, at in words], chances)
                if entity.score >= threshold
            ]
            for text, words, chances in zip(texts, split, probabilities, strict=True)
        ]

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A BIO tag for each given word, for texts that are already split into words."""
        return [
            bio([self.tags[i] for i in chances.argmax(-1)])
            for chances in self.probabilities(sentences)
        ]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Tag probabilities of each sentence, words x tags.

        A word's are those of its first subword, in the window with most context around it. A word
        without a subword (a lone control character) is `O`.
        """
        outside = np.eye(len(self.tags))[self.tags.index("O")]
        found = [np.tile(outside, (len(words), 1)) for words in sentences]
        margins = [np.full(len(words), -1) for words in sentences]
        for row, window, logits in self.encoder.run(sentences, pretokenized=True):
            chances = softmax(logits)
            seen = None
            for at, word in enumerate(window.word_ids):
                margin = min(at, len(window) - 1 - at)
                if word is not None and word != seen and margin > margins[row][word]:
                    margins[row][word], found[row][word] = margin, chances[at]
                seen = word
        return found

    def _entities(
        self, text: str, offsets: list[tuple[int, int]], chances: np.ndarray
    ) -> Iterator[Entity]:
        for label, first, last in spans([self.tags[i] for i in chances.argmax(-1)]):
            of_type = [i for i, tag in enumerate(self.tags) if tag != "O" and tag[2:] == label]
            start, end = offsets[first][0], offsets[last - 1][1]
            score = float(chances[first:last, of_type].sum(-1).mean())
            yield Entity(
                start, end, label or UNTYPED, text[start:end], min(score, 1.0)
            )  # float32 adds up to a little more
