"""A text with its entities as character spans and as BIO tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpusmith.evaluation.metrics import spans
from corpusmith.extraction.words import Span, tags_of
from corpusmith.inference import WORDS, bio


@dataclass(frozen=True)
class TaggedText:
    """A text with its entities as character spans and as BIO tags of its words."""

    id: str
    text: str
    entities: tuple[Span, ...]
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def tagged_tokens(name: str, tokens: Sequence[str], tags: Sequence[str]) -> TaggedText:
    """Build from words. The text is the words joined by spaces: the real text is unknown."""
    if len(tokens) != len(tags):
        raise ValueError(f"row {name} has {len(tokens)} tokens and {len(tags)} tags")
    tags = tuple(bio(tags))
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    entities = tuple((starts[first], starts[last] - 1, type_) for type_, first, last in spans(tags))
    return TaggedText(name, " ".join(tokens), entities, tuple(tokens), tags)


def tagged_text(
    name: str, text: str, entities: Sequence[Span], notes: Counter | None = None
) -> TaggedText:
    """Build from character spans.

    Of overlapping entities only the longest is kept. A word partly inside an entity is tagged as
    inside. `notes` counts both cases.
    """
    kept: list[Span] = []
    for start, end, type_ in sorted(
        set(entities), key=lambda entity: (entity[0] - entity[1], entity)
    ):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, type_))
    words = WORDS.pre_tokenize_str(text)
    tags = tags_of([place for _, place in words], kept)
    if notes is not None:
        edges = {edge for _, place in words for edge in place}
        notes["nested or overlapping mentions, not scored (the longest one is)"] += len(
            set(entities)
        ) - len(kept)
        notes["mentions that begin or end inside a word, scored as whole words"] += sum(
            not {start, end} <= edges for start, end, _ in kept
        )
        notes += Counter()  # drops zeros
    return TaggedText(
        name, text, tuple(sorted(kept)), tuple(word for word, _ in words), tuple(tags)
    )


def renamed(row: TaggedText, types: Mapping[str, str]) -> TaggedText:
    """The row with its types renamed, and without types that are not in `types`."""
    entities = tuple(
        (start, end, types[type_]) for start, end, type_ in row.entities if type_ in types
    )
    return replace(row, entities=entities, tags=tuple(renamed_tags(row.tags, types)))


def renamed_tags(tags: Sequence[str], types: Mapping[str, str]) -> list[str]:
    """BIO tags with their types renamed; types that are not in `types` become O."""
    found = ["O"] * len(tags)
    for type_, first, last in spans(tags):
        if type_ in types:
            found[first:last] = [f"B-{types[type_]}"] + [f"I-{types[type_]}"] * (last - first - 1)
    return found
