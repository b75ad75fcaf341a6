"""A folder of sentences for a person to correct, and the corrected ones.

The sample is random, so that the corrected sentences measure the model without bias; the hardest
sentences would not. All files hold sentences of the documents, so only their owner can read them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.files import read_json, write_json
from corpusmith.inference import LONE_SURROGATE, WORDS, EntityExtractor
from corpusmith.training.adapt.documents import Sample
from corpusmith.training.adapt.private import private_files
from corpusmith.training.review.label_studio import labelling, tasks

SENTENCES, CORRECTED = "sentences.json", "corrected.jsonl"

Span = tuple[int, int, str]
"""First word, one past the last, label."""


@dataclass(frozen=True)
class ReviewSentence:
    """A text, the offsets of its words, and the mentions that the model found."""

    id: str
    text: str
    words: list[tuple[int, int]]
    found: list[Span] = field(default_factory=list)

    def span(self, start: int, end: int, label: str) -> Span:
        """The span of words between two characters. Raises KeyError where it would cut a word."""
        starts = {word: at for at, (word, _) in enumerate(self.words)}
        ends = {word: at + 1 for at, (_, word) in enumerate(self.words)}
        return starts[start], ends[end], label


@dataclass
class Review:
    """The sentences of a folder; `corrected` has the mentions of those that a person has seen."""

    folder: Path
    labels: list[str]
    sentences: list[ReviewSentence]
    corrected: dict[str, list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Review":
        """Open a folder that `write_review` wrote, with what was corrected there so far."""
        known = read_json(folder / SENTENCES)
        if known is None:
            raise UserError(f"{folder} holds no sentences to review: give --documents to draw some")
        sentences = [
            ReviewSentence(
                str(number), text, word_places(text), [(a, b, label) for a, b, label in found]
            )
            for number, (text, found) in enumerate(known["sentences"], 1)
        ]
        review = cls(folder, known["labels"], sentences)
        by_id = {sentence.id: sentence for sentence in sentences}
        file = folder / CORRECTED
        lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
        for line in filter(None, lines):  # splitlines would also cut at U+2028, which JSON may hold
            row = json.loads(line)
            sentence = by_id[row["id"]]
            review.corrected[sentence.id] = [
                sentence.span(e["start"], e["end"], e["label"]) for e in row["entities"]
            ]
        return review

    def save(self, name: str, spans: Sequence[Any]) -> None:
        """Keep the corrected mentions of a sentence.

        Raises:
            ValueError: there is no such sentence, or the spans overlap or don't fit it.
        """
        sentence = next((s for s in self.sentences if s.id == name), None)
        if sentence is None:
            raise ValueError("there is no such sentence")
        self.corrected[name] = checked_spans(spans, len(sentence.words), self.labels)
        with private_files():
            partial = self.folder / f"{CORRECTED}.partial"
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows()]
            partial.write_text("".join(lines), encoding="utf-8")
            partial.replace(self.folder / CORRECTED)

    def rows(self) -> list[dict[str, Any]]:
        """The corrected sentences, in a form that `evaluate` reads."""
        return [
            {
                "id": sentence.id,
                "text": sentence.text,
                "entities": [entity(sentence, span) for span in self.corrected[sentence.id]],
            }
            for sentence in self.sentences
            if sentence.id in self.corrected
        ]


def entity(sentence: ReviewSentence, span: Span) -> dict[str, Any]:
    start, end = sentence.words[span[0]][0], sentence.words[span[1] - 1][1]
    return {"start": start, "end": end, "label": span[2], "text": sentence.text[start:end]}


def checked_spans(spans: Sequence[Any], words: int, labels: Sequence[str]) -> list[Span]:
    """Spans in order. Raises ValueError unless each fits the sentence and none overlap."""
    found: list[Span] = []
    for span in spans if isinstance(spans, list) else [None]:
        if not (
            isinstance(span, list)
            and len(span) == 3
            and all(type(at) is int for at in span[:2])
            and 0 <= span[0] < span[1] <= words
            and span[2] in labels
        ):
            raise ValueError("a mention is [first word, one past the last, label]")
        found.append((span[0], span[1], span[2]))
    found.sort()
    if any(first[1] > second[0] for first, second in pairwise(found)):
        raise ValueError("two mentions overlap")
    return found


def word_places(text: str) -> list[tuple[int, int]]:
    split = WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text))
    return [at for _, at in split]


def write_review(model: str, sample: Sample, out: Path) -> int:
    """Write the sentences with the model's mentions to `out`; returns the number of sentences.

    `tasks.json` and `labels.xml` are the same for Label Studio.

    Raises:
        UserError: when the model cannot be loaded, or `out` holds sentences already.
    """
    if (out / SENTENCES).exists():
        raise UserError(f"{out} holds sentences already: write to another folder")
    try:
        extractor = EntityExtractor.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load {model}: {error}") from error
    texts = [" ".join(words) for words in sample.sentences]
    found = extractor.extract(texts)
    known = {"labels": extractor.labels, "sentences": []}
    for number, (text, entities) in enumerate(zip(texts, found, strict=True), 1):
        sentence = ReviewSentence(str(number), text, word_places(text))
        spans = [sentence.span(e.start, e.end, e.label) for e in entities]
        known["sentences"].append([text, spans])
    with private_files():
        out.mkdir(parents=True, exist_ok=True)
        write_json(tasks(texts, found), out / "tasks.json")
        (out / "labels.xml").write_text(labelling(extractor.labels), encoding="utf-8")
        write_json(known, out / SENTENCES, indent=None)
    return len(texts)


def page_content(review: Review) -> Mapping[str, Any]:
    """What the page shows: each sentence as words with the white space before them."""
    return {
        "labels": review.labels,
        "sentences": [
            {
                "id": sentence.id,
                "words": [
                    [sentence.text[last:start], sentence.text[start:end]]
                    for (start, end), last in zip(
                        sentence.words, [0, *(end for _, end in sentence.words)], strict=False
                    )
                ],
                "spans": review.corrected.get(sentence.id, sentence.found),
                "done": sentence.id in review.corrected,
            }
            for sentence in review.sentences
        ],
    }
