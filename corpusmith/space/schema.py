"""What goes into the Space and comes out of it: the limits, the checks, the answers."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import TypedDict

MAX_CHARACTERS = 20_000  # of one text
MAX_BATCH = 1_000  # texts in one call of /batch
MAX_BATCH_CHARACTERS = 1_000_000  # of all of them together
MAX_PAIRS = 300  # judged in one text
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class InputError(ValueError):
    """Something in a visitor's input; the message says what to do and repeats nothing of it."""


class Mention(TypedDict):
    """`text` is what stands at `[start, end)`, in Unicode code points; `concept_id` is what the lexicon knows of it."""

    start: int
    end: int
    label: str
    text: str
    score: float
    concept_id: str | None
    concept_url: str | None


class Annotated(TypedDict):
    """A text with what was found in it."""

    id: str
    text: str
    mentions: list[Mention]


class ScoredPair(TypedDict):
    """Two mentions, the probability that the text relates them, and their sentence as the classifier saw it."""

    head: Mention
    tail: Mention
    label: str
    score: float
    masked_text: str


def above(mentions: Iterable[Mention], threshold: float) -> list[Mention]:
    return [mention for mention in mentions if mention["score"] >= threshold]


def without_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions in order of appearance; of those that share a character, the likelier one, or else the longer."""
    kept: list[Mention] = []  # by their start
    for mention in sorted(mentions, key=lambda m: (-m["score"], m["start"] - m["end"])):
        at = bisect_left(kept, mention["start"], key=lambda m: m["start"])
        behind = at == 0 or kept[at - 1]["end"] <= mention["start"]
        before = at == len(kept) or mention["end"] <= kept[at]["start"]
        if behind and before:
            kept.insert(at, mention)
    return kept


def readable(text: str) -> str:
    """Half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes U+FFFD; offsets stay."""
    return LONE_SURROGATE.sub("\ufffd", text)


def checked_text(text: object) -> str:
    if not isinstance(text, str):
        raise InputError("The text must be a string.")
    if not text.strip():
        raise InputError("There is no text yet. Type or paste a sentence, or choose an example.")
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"The text has {len(text):,} characters; {MAX_CHARACTERS:,} are read at once. Split it or upload a file."
        )
    return readable(text)


def checked_texts(texts: object) -> list[str]:
    if (
        not isinstance(texts, list)
        or not all(isinstance(text, str) for text in texts)
        or len(texts) > MAX_BATCH
    ):
        raise InputError(f"`texts` must be a list of up to {MAX_BATCH:,} strings.")
    if (
        max(map(len, texts), default=0) > MAX_CHARACTERS
        or sum(map(len, texts)) > MAX_BATCH_CHARACTERS
    ):
        raise InputError(
            f"{MAX_CHARACTERS:,} characters a text and {MAX_BATCH_CHARACTERS:,} in all are read at once."
        )
    return [readable(text) for text in texts]


def checked_threshold(threshold: object) -> float:
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, (int, float))
        or not 0 <= threshold <= 1
    ):
        raise InputError("The threshold must be a number from 0 to 1.")
    return float(threshold)


def one_of(name: object, known: Collection[str]) -> str:
    if not isinstance(name, str) or name not in known:
        raise InputError(f"There is no such model here. Choose one of: {', '.join(known)}.")
    return name
