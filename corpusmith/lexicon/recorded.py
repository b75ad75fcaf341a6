"""The sentences of the shipped transcripts, for the spelling and frequency of names."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from corpusmith.files import shipped
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.matcher import Matcher
from corpusmith.lexicon.words import words

TRANSCRIPTS = shipped("builders", "transcripts")


def recorded_sentences() -> Iterator[str]:
    """Every recorded answer, unverified; some have several sentences."""
    for path in sorted(TRANSCRIPTS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            next(lines)  # the header
            for line in lines:
                yield json.loads(line)[2]


def mention_counts(names: Iterable[tuple[str, str]]) -> Counter[str]:
    """How often recorded sentences name each concept, from pairs of a name and a concept's id."""
    matcher = Matcher(names)
    return Counter(
        match.concept_id
        for sentence in recorded_sentences()
        for match in matcher.matches(words(sentence))
    )


def weighed_by_mentions(concepts: Sequence[Concept], share: float) -> tuple[Concept, ...]:
    """Give `share` of the total weight to the concepts that recorded sentences name.

    Counts are flattened by a square root, as a few names ("blood") are in very many sentences.
    """
    counts = mention_counts((name, concept.id) for concept in concepts for name in concept.names)
    total = sum(concept.weight for concept in concepts)
    named = sum(count**0.5 for count in counts.values())
    if not named:
        return tuple(concepts)
    return tuple(
        replace(
            concept,
            weight=round(
                (1 - share) * concept.weight + share * total * counts[concept.id] ** 0.5 / named, 3
            ),
        )
        for concept in concepts
    )
