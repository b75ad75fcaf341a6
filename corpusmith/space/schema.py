"""Input limits, input checks and answer types of the Space."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from corpusmith.inference import Entity

MAX_CHARACTERS = 20_000  # of one text
MAX_BATCH = 1_000  # texts in one call of /batch
MAX_BATCH_CHARACTERS = 1_000_000  # of all of them together
MAX_PAIRS = 300  # classified in one text
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class InputError(ValueError):
    """A refused input. The message says what to do and never repeats the input."""


class Mention(TypedDict):
    """`text` is the input's `[start, end)`, in code points; `concept_id` is from the lexicon."""

    start: int
    end: int
    label: str
    text: str
    score: float
    concept_id: str | None
    concept_url: str | None


class Annotated(TypedDict):
    """A text with its mentions."""

    id: str
    text: str
    mentions: list[Mention]


class ScoredPair(TypedDict):
    """Two mentions, the probability of a relation, and the masked sentence."""

    head: Mention
    tail: Mention
    label: str
    score: float
    masked_text: str


def above(mentions: Iterable[Mention], threshold: float) -> list[Mention]:
    return [mention for mention in mentions if mention["score"] >= threshold]


def without_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions in order of appearance. Of overlaps, the likeliest, or else the longest, stays."""
    kept: list[Mention] = []  # by their start
    for mention in sorted(mentions, key=lambda m: (-m["score"], m["start"] - m["end"])):
        at = bisect_left(kept, mention["start"], key=lambda m: m["start"])
        behind = at == 0 or kept[at - 1]["end"] <= mention["start"]
        before = at == len(kept) or mention["end"] <= kept[at]["start"]
        if behind and before:
            kept.insert(at, mention)
    return kept


def readable(text: str) -> str:
    """Replace lone surrogates by U+FFFD: UTF-8 can't encode them. Offsets stay."""
    return LONE_SURROGATE.sub("\ufffd", text)


def checked_text(text: object) -> str:
    if not isinstance(text, str):
        raise InputError("The text must be a string.")
    if not text.strip():
        raise InputError("There is no text yet. Type or paste a sentence, or choose an example.")
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"The text has {len(text):,} characters; {MAX_CHARACTERS:,} are read at once. "
            "Split it or upload a file."
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
            f"A text may have {MAX_CHARACTERS:,} characters, and all together "
            f"{MAX_BATCH_CHARACTERS:,}. Send them in several calls."
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


def check_pairs(text: str, entities: Sequence["Entity"], one_kind: bool) -> None:
    if (count := pair_count(text, entities, one_kind)) > MAX_PAIRS:
        raise InputError(
            f"The text has {count:,} pairs; {MAX_PAIRS} are scored at once. Take a part of it."
        )


def pair_count(text: str, entities: Sequence["Entity"], one_kind: bool = False) -> int:
    """An upper bound on the pairs that share a sentence, of two types or of one kind."""
    from corpusmith.inference import by_sentence

    counts = [len(inside) for *_, inside in by_sentence(text, entities)]
    return sum(n * (n - 1) if one_kind else n * n // 4 for n in counts)
