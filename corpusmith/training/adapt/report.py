"""Figures on an adapted student without labels. Numbers only, except in `new_names`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from corpusmith.evaluation.metrics import span_counts
from corpusmith.evaluation.significance import f1, interval
from corpusmith.extraction.assist.candidates import Words
from corpusmith.extraction.assist.labels import MASKED
from corpusmith.training.adapt.choice import Tags, compared, predicted, without_masked
from corpusmith.training.adapt.rounds import Labelled, Rounds

OUTSIDE, MOST_NAMES, PROBABLE = 0, 200, 0.5


def figures(rounds: Rounds, labelled: Labelled, bias: float, chosen: int) -> dict[str, Any]:
    """Agreement of each source with the label model on held-out sentences, and the drift.

    Precision, recall and F1 are percent, with 95% intervals over sentences. They are estimates: the
    reference is the label model, which was fitted on the same sources. `between_sources` is the F1
    of the sources with each other, all words counted.
    """
    at = [int(i) for i in np.flatnonzero(rounds.held_out())]
    truth = [labelled.tags[i] for i in at]
    lists = [listed_tags(labelled, i) for i in at]
    sources = {"lookup": lists}
    agreement = {"lookup": compared(OUTSIDE, 0.0, lists, truth).facts()}
    for number, of_student in enumerate(rounds.probabilities):
        moved = bias if number == chosen else 0.0
        tags = predicted([of_student[i] for i in at], rounds.tags, moved)
        sources[f"round {number}"] = tags
        agreement[f"round {number}"] = compared(number, moved, tags, truth).facts()
    for name, tags in sources.items():
        agreement[name] |= intervals(tags, truth)
    words = [word for row in labelled.tags for word in row]
    return {
        "held_out_sentences": len(at),
        "agreement": agreement,
        "between_sources": source_agreement(sources),
        "masked_words": sum(word == MASKED for word in words) / max(len(words), 1),
        "mentions": sum(word.startswith("B-") for word in words),
        "estimated_precision": precisions(labelled),
        "membership": membership(rounds, labelled, chosen),
        "label_model": labelled.estimates.model.facts(),
        "drift": drift(rounds),
    }


def intervals(tags: Tags, truth: Tags) -> dict[str, list[float]]:
    """95% intervals of precision and recall over sentences."""
    counts = span_counts(*without_masked(truth, tags))
    if not len(counts):
        return {}
    return {
        "precision_interval": interval(counts, share_of(1)),
        "recall_interval": interval(counts, share_of(2)),
    }


def share_of(column: int) -> Callable[[np.ndarray], np.ndarray]:
    """Right spans as a percentage of the predicted (1) or gold ones (2)."""
    return lambda counts: 100 * counts[..., 0] / np.maximum(counts[..., column], 1)


def source_agreement(sources: Mapping[str, Tags]) -> list[dict[str, Any]]:
    """F1 of each pair of sources, with its 95% interval over sentences."""
    found = []
    for (one, tags), (other, others) in combinations(sources.items(), 2):
        counts = span_counts(others, tags)
        if len(counts):
            score = float(f1(counts.sum(0)))
            found.append({"sources": [one, other], "f1": score, "interval": interval(counts, f1)})
    return found


def membership(rounds: Rounds, labelled: Labelled, chosen: int) -> dict[str, float]:
    """Loss-based membership inference (Yeom et al. 2018, arXiv 1709.01604).

    AUROC of the chosen student's loss per word, against the label model's tags, of training and
    held-out sentences. At 0.5 the loss does not reveal which sentences were trained on.
    """
    numbers = {tag: i for i, tag in enumerate(rounds.tags)}
    losses = np.full(len(rounds.sentences), np.nan)
    for i, (chances, tags) in enumerate(
        zip(rounds.probabilities[chosen], labelled.tags, strict=True)
    ):
        known = [(at, numbers[tag]) for at, tag in enumerate(tags) if tag != MASKED]
        if known:
            of_tags = np.array([chances[at, tag] for at, tag in known])
            losses[i] = -np.log(np.maximum(of_tags, 1e-9)).mean()
    held_out = rounds.held_out() & ~np.isnan(losses)
    unseen, seen = losses[held_out], losses[~rounds.held_out() & ~np.isnan(losses)]
    if not len(seen) or not len(unseen):
        return {}
    ordered = np.sort(seen)
    lower = np.searchsorted(ordered, unseen, "left").mean()  # seen sentences with a lower loss
    not_higher = np.searchsorted(ordered, unseen, "right").mean()
    return {
        "seen_loss": float(seen.mean()),
        "unseen_loss": float(unseen.mean()),
        "auroc": float((lower + not_higher) / 2 / len(seen)),
    }


def precisions(labelled: Labelled) -> list[dict[str, Any]]:
    """The label model's precision of each group of candidates: in the list or not, by form."""
    groups = labelled.estimates.model.groups
    return [
        {
            "label": label,
            "listed": listed,
            "form": form,
            "precision": 100 * share,
            "occurrences": labelled.estimates.sizes[label, listed, form],
        }
        for (label, listed, form), share in sorted(groups.items())
    ]


def listed_tags(labelled: Labelled, sentence: int) -> list[str]:
    """BIO tags of the lookup."""
    tags = ["O"] * len(labelled.views.sentences[sentence])
    for label, (start, end) in labelled.views.listed[sentence]:
        if all(tag == "O" for tag in tags[start:end]):
            tags[start] = f"B-{label}"
            tags[start + 1 : end] = [f"I-{label}"] * (end - start - 1)
    return tags


def new_names(labelled: Labelled) -> list[tuple[str, str, int]]:
    """(name, label, count) of the students' most frequent mentions that the list lacks.

    For the terminal of the person who owns the documents: these words come from them.
    """
    counts = Counter(
        (" ".join(labelled.views.sentences[c.sentence][c.start : c.end]), c.label)
        for c, chance in zip(labelled.found, labelled.estimates.chances, strict=True)
        if c.found and not c.listed and chance >= PROBABLE
    )
    return [(name, label, n) for (name, label), n in counts.most_common(MOST_NAMES)]


def drift(rounds: Rounds) -> dict[str, float]:
    """How far the documents lie from the synthetic rows."""
    if rounds.synthetic is None:
        return {}
    synthetic = list(rounds.synthetic.splits["train"]["tokens"])
    ours, theirs = word_shares(rounds.sentences), word_shares(synthetic)
    return {
        "unseen_words": 100 * sum(share for word, share in ours.items() if word not in theirs),
        "divergence": divergence(ours, theirs),
        "words_per_sentence": float(np.mean([*map(len, rounds.sentences)])),
        "words_per_synthetic_sentence": float(np.mean([*map(len, synthetic)])),
    }


def word_shares(sentences: Sequence[Words]) -> dict[str, float]:
    counts = Counter(word.lower() for words in sentences for word in words)
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items()}


def divergence(ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Jensen-Shannon divergence in bits: 0 for the same distribution, 1 without a common word."""
    total = 0.0
    for word in ours.keys() | theirs.keys():
        p, q = ours.get(word, 0.0), theirs.get(word, 0.0)
        middle = (p + q) / 2
        total += sum(share * np.log2(share / middle) / 2 for share in (p, q) if share)
    return float(total)
