"""Strict span scores over tags: a span counts when its type and both of its ends are right."""

import re
from collections import Counter
from collections.abc import Sequence

TAG = re.compile(r"O|[BIELSUMW](-.+)?", re.DOTALL)
SCHEMES = str.maketrans("LUMW", "ESIS")
"""The letters of BILOU and BMES, mapped to those of BIOES."""


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """The (type, start, end) of every span, end exclusive, of tags in BIO, IOB1, IO, BIOES, BILOU
    or BMES.

    A malformed inside tag (after `O`, or after another type) starts a span, as in seqeval's default
    mode and conlleval; the type of a bare `B` is `_`.

    Raises:
        ValueError: when a tag is in none of these schemes.
    """
    found: list[tuple[str, int, int]] = []
    open_type, start = "", 0
    for i, tag in enumerate([*tags, "O"]):
        if not TAG.fullmatch(tag):
            raise ValueError(
                f"{tag!r} is no tag: write O, or a prefix and a type such as B-Disease"
            )
        letter, type_ = tag[0].translate(SCHEMES), tag[2:] or "_"
        if open_type and not (letter in "IE" and type_ == open_type):
            found.append((open_type, start, i))
            open_type = ""
        if letter != "O" and not open_type:
            open_type, start = type_, i
        if letter in "ES":
            found.append((open_type, start, i + 1))
            open_type = ""
    return found


def counts(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, Counter]:
    """By type, how many spans of one sentence are `right`, `predicted` and `gold`.

    Raises:
        ValueError: when the two do not tag the same number of words.
    """
    if len(gold) != len(predicted):
        raise ValueError(
            f"a sentence of {len(gold)} gold tags has {len(predicted)} predicted: tag each word"
        )
    truth, guess = set(spans(gold)), set(spans(predicted))
    by_type: dict[str, Counter] = {}
    for column, found in (("right", truth & guess), ("predicted", guess), ("gold", truth)):
        for type_, _, _ in found:
            by_type.setdefault(type_, Counter())[column] += 1
    return by_type


def prf(right: int, predicted: int, gold: int) -> dict[str, float]:
    """Precision, recall and F1 in percent; 0 where the denominator is 0, as seqeval has it."""
    return {
        "precision": 100 * right / predicted if predicted else 0.0,
        "recall": 100 * right / gold if gold else 0.0,
        "f1": 200 * right / (predicted + gold) if predicted + gold else 0.0,
    }


def span_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict:
    """Micro-averaged `strict_f1`, `precision`, `recall` in percent, and the same `by_type` with the
    `support`.

    Raises:
        ValueError: when the two hold different numbers of sentences, or of words in a sentence.
    """
    if len(gold) != len(predicted):
        raise ValueError(
            f"{len(gold)} gold sentences, {len(predicted)} predicted ones: score the same sentences"
        )
    by_type: dict[str, Counter] = {}
    for truth, guess in zip(gold, predicted, strict=True):
        for type_, count in counts(truth, guess).items():
            by_type.setdefault(type_, Counter()).update(count)
    total = sum(by_type.values(), Counter())
    overall = prf(total["right"], total["predicted"], total["gold"])
    return {
        "strict_f1": overall["f1"],
        "precision": overall["precision"],
        "recall": overall["recall"],
        "by_type": {
            type_: prf(count["right"], count["predicted"], count["gold"])
            | {"support": count["gold"]}
            for type_, count in sorted(by_type.items())
        },
    }
