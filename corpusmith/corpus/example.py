"""A verified answer: an example of one task, or a reject with its reason."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from corpusmith.lexicon.words import LocatedWords, locate_words


class Span(NamedTuple):
    """Characters `[start, end)` of a text and their label; `text` is the substring."""

    start: int
    end: int
    label: str
    text: str
    concept_id: str

    def shifted(self, at: int, by: int) -> "Span":
        """The span after `by` characters are inserted at `at`, which is outside the span."""
        return self if self.end <= at else self._replace(start=self.start + by, end=self.end + by)


@dataclass(frozen=True)
class Entities:
    """A sentence and its mentions, from left to right without overlaps. `context` has the requested
    names that are not mentions, with the lexicon as their label. `ignored` has uncertain mentions:
    their words have no label and don't count in the loss.
    """

    text: str
    spans: tuple[Span, ...]
    context: tuple[Span, ...] = ()
    ignored: tuple[Span, ...] = ()


@dataclass(frozen=True)
class PairSentence:
    """A sentence, two spans of it, and whether it relates them. `others` are further pairs of the
    sentence whose class is sure.
    """

    text: str
    head: Span
    tail: Span
    label: str
    others: tuple["PairSentence", ...] = ()

    @property
    def masked(self) -> str:
        """The sentence with `@HEAD$` and `@TAIL$` in place of the spans, as GAD and EU-ADR have
        them.

        Two spans of one kind are numbered to keep the direction: `@DRUG1$`, `@DRUG2$`.
        """
        numbers = ("1", "2") if self.head.label == self.tail.label else ("", "")
        spans = zip((self.head, self.tail), numbers, strict=True)
        text = self.text
        for span, number in sorted(spans, key=lambda numbered: -numbered[0].start):
            mask = f"@{span.label.upper()}{number}$"
            text = text[: span.start] + mask + text[span.end :]
        return text


@dataclass(frozen=True)
class Reject:
    """A rejected answer. Reasons are a few fixed phrases, so that they can be counted."""

    reason: str


NO_LABEL = -1  # in a ClassLabel column; training leaves such words out of the loss


def bio_ids(tokens: LocatedWords, spans: Sequence[Span], ids: dict[str, int]) -> list[int]:
    """BIO tag ids of the words. Raises ValueError where a span cuts a word."""
    words, starts, ends = tokens
    tags = [ids["O"]] * len(words)
    for span in spans:
        first, after = bisect_left(starts, span.start), bisect_left(starts, span.end)
        if not (first < after and starts[first] == span.start and ends[after - 1] == span.end):
            raise ValueError(f"{span} does not begin and end with a word")
        tags[first:after] = [
            ids[f"B-{span.label}"],
            *[ids[f"I-{span.label}"]] * (after - 1 - first),
        ]
    return tags


def entity_row(example: Entities, tag_ids: dict[str, int]) -> dict[str, Any]:
    """The columns of an NER row that come from the example itself."""
    tokens = locate_words(example.text)
    tags = bio_ids(tokens, example.spans, tag_ids)
    for place, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        if any(span.start < end and start < span.end for span in example.ignored):
            tags[place] = NO_LABEL
    return {
        "text": example.text,
        "tokens": tokens.words,
        "ner_tags": tags,
        "entities": [span._asdict() for span in example.spans],
    }


def pair_row(example: PairSentence, label_ids: dict[str, int]) -> dict[str, Any]:
    """The columns of a relation row that come from the example itself."""
    return {
        "text": example.masked,
        "source_text": example.text,
        "head": example.head._asdict(),
        "tail": example.tail._asdict(),
        "label": label_ids[example.label],
    }


def sentence_of(row: Mapping[str, Any]) -> str:
    """The unmasked text of a row."""
    text: str = row.get("source_text", row["text"])
    return text
