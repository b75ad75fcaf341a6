"""Turn candidates and their probabilities into tags: mentions, O, and masked uncertain words."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from corpusmith.extraction.assist.candidates import Candidate, Views
from corpusmith.extraction.assist.settings import LabelSettings
from corpusmith.lexicon.words import fold

MASKED = "?"
"""A word that is left out of the loss."""

Side = tuple[str, str, int]
"""Label, folded word, and -1 or 1: the side of a mention that the word is on."""


def label_sentences(
    views: Views, found: Sequence[Candidate], chances: np.ndarray, settings: LabelSettings
) -> list[list[str]]:
    """A BIO tag or `MASKED` for every word; `chances` are the candidates' probabilities."""
    by_sentence: dict[int, list[tuple[Candidate, float]]] = defaultdict(list)
    for candidate, chance in zip(found, chances, strict=True):
        by_sentence[candidate.sentence].append((candidate, float(chance)))
    usual = usual_support(views, found, chances)
    tagged = []
    for i, words in enumerate(views.sentences):
        tags = ["O"] * len(words)
        for cluster in clusters(by_sentence[i]):
            tag_cluster(tags, cluster, views, usual, settings)
        tagged.append(tags)
    return tagged


def clusters(found: Sequence[tuple[Candidate, float]]) -> list[list[tuple[Candidate, float]]]:
    """Group overlapping candidates, from left to right."""
    together: list[list[tuple[Candidate, float]]] = []
    end = -1
    for candidate, chance in sorted(found, key=lambda pair: (pair[0].start, -pair[0].end)):
        if candidate.start < end:
            together[-1].append((candidate, chance))
        else:
            together.append([(candidate, chance)])
        end = max(end, candidate.end)
    return together


def tag_cluster(
    tags: list[str],
    cluster: Sequence[tuple[Candidate, float]],
    views: Views,
    usual: dict[Side, float],
    settings: LabelSettings,
) -> None:
    """Tag the words of overlapping candidates: one mention, none, or masked."""
    best, chance = max(cluster, key=lambda pair: (pair[1], pair[0].end - pair[0].start))
    start, end = min(c.start for c, _ in cluster), max(c.end for c, _ in cluster)
    if chance <= 1 - settings.confident:
        return
    if chance < settings.confident:
        tags[start:end] = [MASKED] * (end - start)
        return
    accepted = [c for c, p in cluster if p >= settings.confident and c.label == best.label]
    core = [c for c in accepted if c.listed] or [c for c in accepted if c.found] or [best]
    first, last = min(c.start for c in core), max(c.end for c in core)
    masked = []
    for side, beside in ((-1, range(first - 1, start - 1, -1)), (1, range(last, end))):
        for at in beside:
            support = word_support(views, best, at, side, usual)
            if abs(support - settings.boundary) < settings.boundary_margin:
                # On the left, the next word is B or I, depending on this one.
                masked += [at, at + 1] if side < 0 else [at]
            if support < settings.boundary:
                break
            first, last = min(first, at), max(last, at + 1)
    tags[first] = f"B-{best.label}"
    tags[first + 1 : last] = [f"I-{best.label}"] * (last - first - 1)
    for at in masked:
        tags[at] = MASKED


def word_support(
    views: Views, best: Candidate, at: int, side: int, usual: dict[Side, float]
) -> float:
    """The support for a word next to a mention: here, and on average next to others."""
    here = views.chances[best.sentence][at, views.labels.index(best.label)]
    word = fold(views.sentences[best.sentence][at])
    return (float(here) + usual.get((best.label, word, side), float(here))) / 2


def usual_support(
    views: Views, found: Sequence[Candidate], chances: np.ndarray
) -> dict[Side, float]:
    """The mean support of each word right beside a listed mention, over all sentences."""
    seen: dict[Side, list[float]] = defaultdict(list)
    for candidate, chance in zip(found, chances, strict=True):
        if not candidate.listed or chance < 0.5:
            continue
        words, column = views.sentences[candidate.sentence], views.labels.index(candidate.label)
        for at, side in ((candidate.start - 1, -1), (candidate.end, 1)):
            if 0 <= at < len(words):
                support = float(views.chances[candidate.sentence][at, column])
                seen[candidate.label, fold(words[at]), side].append(support)
    return {side: float(np.mean(values)) for side, values in seen.items()}
