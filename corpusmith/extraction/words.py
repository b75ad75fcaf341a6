"""Words of documents, and BIO tags for them."""

from collections.abc import Iterable, Sequence

from corpusmith.extraction.document import Document, Mention
from corpusmith.inference import WORDS

Span = tuple[int, int, str]
"""[start, end) in characters, and the type."""


def words_and_tags(document: Document) -> tuple[list[str], list[str]]:
    """The document's own words and tags, or else words by WORDS and tags by its mentions."""
    if document.tokens is not None and document.tags is not None:
        return list(document.tokens), list(document.tags)
    words = WORDS.pre_tokenize_str(document.text)
    spans = [(m.start, m.end, m.label) for m in without_overlaps(document.mentions or ())]
    return [word for word, _ in words], tags_of([place for _, place in words], spans)


def tags_of(places: Sequence[tuple[int, int]], entities: Iterable[Span]) -> list[str]:
    """BIO tags of words at [start, end) for entities that don't overlap."""
    tags = ["O"] * len(places)
    for start, end, type_ in sorted(entities):
        inside = words_in(places, start, end)
        for i in inside:
            tags[i] = f"{'B' if i == inside[0] else 'I'}-{type_}"
    return tags


def words_in(places: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    """The words at `places` that [start, end) touches."""
    return [i for i, (first, last) in enumerate(places) if first < end and start < last]


def without_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions in order of appearance; of overlapping ones, the longest."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start - m.end, m.start, m.label)):
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda m: m.start)
