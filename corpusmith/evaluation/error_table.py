"""Errors of a tagger by kind, as a guide to what to generate next."""

from collections import Counter
from collections.abc import Collection, Sequence

from corpusmith.evaluation.metrics import prf, spans
from corpusmith.evaluation.tagged import TaggedText

KINDS = ("boundary", "type", "missed", "spurious")


def error_table(
    rows: Sequence[TaggedText], predicted: Sequence[Sequence[str]], examples: int = 10
) -> dict:
    """Per kind of error, its `count` and most frequent `examples`: {"gold", "predicted", "count",
    "id" of the first row}.

    `boundary`: the prediction overlaps an entity of its type but ends elsewhere. `type`: it
    overlaps one of another type. `spurious`: it overlaps none. `missed`: an entity that no
    prediction overlaps. Examples are mentions, without the sentence: evaluations are published with
    the model, and we may not publish the benchmark's text.
    """
    pairs: dict[str, Counter] = {kind: Counter() for kind in KINDS}
    first_row: dict[tuple, str] = {}
    for row, tags in zip(rows, predicted, strict=True):
        for kind, truth, guess in errors(spans(row.tags), spans(tags)):
            pair = tuple(
                " ".join(row.tokens[span[1] : span[2]]) if span else None for span in (truth, guess)
            )
            pairs[kind][pair] += 1
            first_row.setdefault((kind, pair), row.id)
    return {
        kind: {
            "count": counted.total(),
            "examples": [
                {"gold": pair[0], "predicted": pair[1], "count": count, "id": first_row[kind, pair]}
                for pair, count in counted.most_common(examples)
            ],
        }
        for kind, counted in pairs.items()
    }


def errors(gold: Sequence[tuple], predicted: Sequence[tuple]) -> list[tuple]:
    """The errors of one row: (kind, gold span or None, predicted span or None).

    Each wrong prediction is one error.
    """
    found: list[tuple] = []
    met = set()
    for guess in set(predicted) - set(gold):
        overlapped = [truth for truth in gold if truth[1] < guess[2] and guess[1] < truth[2]]
        met.update(overlapped)
        same_type = [truth for truth in overlapped if truth[0] == guess[0]]
        kind = "boundary" if same_type else "type" if overlapped else "spurious"
        found.append((kind, next(iter(same_type or overlapped), None), guess))
    return found + [("missed", truth, None) for truth in set(gold) - set(predicted) - met]


def seen_and_unseen(
    rows: Sequence[TaggedText], predicted: Sequence[Sequence[str]], seen: Collection[str]
) -> dict[str, dict]:
    """Scores of mentions that are in the training data (`seen`, lower case), and of the others.

    A prediction is seen or unseen by its own words, so a correct one agrees with its entity.
    """
    counts: dict[str, Counter] = {side: Counter() for side in ("seen", "unseen")}
    for row, tags in zip(rows, predicted, strict=True):
        gold, guessed = set(spans(row.tags)), set(spans(tags))
        for column, found in (("right", gold & guessed), ("predicted", guessed), ("gold", gold)):
            for _, first, last in found:
                side = "seen" if " ".join(row.tokens[first:last]).lower() in seen else "unseen"
                counts[side][column] += 1
    return {
        side: prf(count["right"], count["predicted"], count["gold"]) | {"support": count["gold"]}
        for side, count in counts.items()
    }


def mentions(rows: Sequence[TaggedText]) -> set[str]:
    """The entities of rows for `seen_and_unseen`: words joined by a space, in lower case."""
    return {
        " ".join(row.tokens[first:last]).lower()
        for row in rows
        for _, first, last in spans(row.tags)
    }
