"""The sources of labels: the list's lookup, students, and abbreviations in a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpusmith.inference import spans
from corpusmith.lexicon.matcher import Matcher, exact_key, folded_key, is_acronym

FORMS = ("acronym", "word", "phrase")
"""Forms of a name. The precision of lists and students differs by form."""

Words = Sequence[str]
Span = tuple[int, int]


@dataclass(frozen=True)
class Candidate:
    """Words [start, end) of a sentence that a source proposes as a mention of `label`."""

    sentence: int
    start: int
    end: int
    label: str
    name: str
    """The words as a key: mentions with the same key are occurrences of one name."""
    form: str
    listed: bool
    support: float
    """Mean probability of the type over the words, by the students."""
    found: bool
    """Whether the students' best tags mark it."""


@dataclass(frozen=True)
class Views:
    """The output of all sources for each sentence."""

    sentences: Sequence[Words]
    labels: tuple[str, ...]
    chances: list[np.ndarray]
    """Words x labels: the students' mean probability that a word is inside a mention."""
    tags: list[list[str]]
    """Best tags of the students' mean probabilities."""
    listed: list[list[tuple[str, Span]]]
    """The list's names in each sentence, with their label."""


def views_of(
    sentences: Sequence[Words],
    tags: Sequence[str],
    means: Sequence[np.ndarray],
    lookup: Mapping[str, Matcher],
) -> Views:
    """Join the students' mean probabilities (words x `tags` of each sentence) and the lookup."""
    labels = tuple(sorted({tag[2:] for tag in tags if tag != "O"}))
    columns = [[i for i, tag in enumerate(tags) if tag[2:] == label] for label in labels]
    return Views(
        sentences=sentences,
        labels=labels,
        chances=[np.stack([mean[:, of].sum(-1) for of in columns], axis=-1) for mean in means],
        tags=[[tags[i] for i in mean.argmax(-1)] for mean in means],
        listed=[list(listed_spans(words, lookup)) for words in sentences],
    )


def listed_spans(words: Words, lookup: Mapping[str, Matcher]) -> Iterator[tuple[str, Span]]:
    """Each label's listed names, and the abbreviations that the sentence defines for them."""
    for label, matcher in lookup.items():
        found = [(match.start, match.end) for match in matcher.matches(words)]
        yield from ((label, span) for span in found)
        yield from ((label, span) for span in defined(words, found))


def defined(words: Words, found: Sequence[Span]) -> Iterator[Span]:
    """`(XYZ)` right behind a mention that begins with the same letter.

    Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation definitions in
    biomedical text", cut down to the case where the long form is known.
    """
    covered = set(found)
    for start, end in found:
        behind = words[end : end + 3]
        if len(behind) < 3 or behind[0] != "(" or behind[2] != ")" or not is_acronym(behind[1]):
            continue
        span = (end + 1, end + 2)
        if behind[1][0].lower() == words[start][0].lower() and span not in covered:
            yield span


def candidates(views: Views, weakest: float) -> list[Candidate]:
    """All proposed spans, each once. They include runs of uncertain words."""
    listed_names = {
        (label, key(views.sentences[i][start:end]))
        for i, of_sentence in enumerate(views.listed)
        for label, (start, end) in of_sentence
    }
    found = []
    for i, words in enumerate(views.sentences):
        marked = {(label, (start, end)) for label, start, end in spans(views.tags[i])}
        proposed = dict.fromkeys([*views.listed[i], *sorted(marked)])
        for at, label in enumerate(views.labels):
            taken = {n for one, (a, b) in proposed if one == label for n in range(a, b)}
            free = [n not in taken for n in range(len(words))]
            weak = (views.chances[i][:, at] >= weakest) & np.array(free)
            for span in runs(weak):
                proposed[label, span] = None
        for label, (start, end) in proposed:
            at = views.labels.index(label)
            name = key(words[start:end])
            found.append(
                Candidate(
                    sentence=i,
                    start=start,
                    end=end,
                    label=label,
                    name=name,
                    form=spelling_of(words[start:end]),
                    listed=(label, name) in listed_names,
                    support=float(views.chances[i][start:end, at].mean()),
                    found=(label, (start, end)) in marked,
                )
            )
    return found


def runs(marked: np.ndarray) -> Iterator[Span]:
    """[start, end) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    yield from ((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def key(words: Words) -> str:
    """The name without case, number and hyphens; an acronym keeps its case."""
    name = " ".join(words)
    return exact_key(name) if is_acronym(name) else folded_key(name)


def spelling_of(words: Words) -> str:
    if is_acronym(" ".join(words)):
        return "acronym"
    return "word" if len(words) == 1 else "phrase"
