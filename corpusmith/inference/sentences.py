"""Split texts into sentences, and mask a pair of entities."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from corpusmith.inference.encoder import LONE_SURROGATE
from corpusmith.inference.spans import Entity

MASK = re.compile(r"@[A-Z][A-Z0-9_-]*\$")

LONGEST_HEADING = 60  # characters


def sentences(text: str, entities: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    """[start, end) of each sentence, without gaps.

    Sentences end where the library sentencex ends them, and after a heading; never in an entity.
    """
    ordered = sorted(entities, key=lambda entity: entity.start)
    starts = [entity.start for entity in ordered]
    reach = list(
        accumulate((entity.end for entity in ordered), max)
    )  # of this entity and all before it
    start = 0
    for cut in ends(text):
        before = bisect_left(starts, cut)
        if not (before > 0 and reach[before - 1] > cut):
            yield start, cut
            start = cut
    yield start, len(text)


def ends(text: str) -> list[int]:
    """Where sentences end, except the last. White space belongs to the sentence before it."""
    from sentencex import get_sentence_boundaries

    # UTF-8 can't encode a lone surrogate. U+FFFD has the same length, so offsets are kept.
    found = get_sentence_boundaries("en", LONE_SURROGATE.sub("\ufffd", text))
    cuts = {part["start_index"] for part in found if not part["text"].isspace()}
    cuts |= set(heading_ends(text))
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    return sorted(cut for cut in cuts if first < cut < last)


def heading_ends(text: str) -> Iterator[int]:
    """The end of each short line that ends in a colon or is in capitals, such as "MEDICATIONS"."""
    end = 0
    for line in text.split("\n")[:-1]:
        end += len(line) + 1
        heading = line.strip()
        if len(heading) <= LONGEST_HEADING and (heading.endswith(":") or heading.isupper()):
            yield end


def by_sentence(
    text: str, entities: Sequence[Entity]
) -> Iterator[tuple[int, int, Sequence[Entity]]]:
    """(start, end, entities inside) of each sentence."""
    ordered = sorted(entities, key=lambda entity: entity.start)
    starts = [entity.start for entity in ordered]
    for start, end in sentences(text, ordered):
        begun = ordered[bisect_left(starts, start) : bisect_left(starts, end)]
        yield start, end, [entity for entity in begun if entity.end <= end]


def mask(text: str, head: Entity, tail: Entity) -> str:
    """`text` with the pair masked as in training: "@GENE$ mutations cause @DISEASE$".

    Two entities of one kind are numbered: "@DRUG1$ raises the level of @DRUG2$".

    Raises:
        ValueError: when the two overlap.
    """
    first, second = sorted((head, tail), key=lambda entity: entity.start)
    if first.end > second.start:
        raise ValueError(
            f"{first.text!r} and {second.text!r} overlap: a pair is masked side by side"
        )
    one_kind = head.label.upper() == tail.label.upper()
    numbers = {id(head): "1", id(tail): "2"} if one_kind else {}
    marks = [f"@{e.label.upper()}{numbers.get(id(e), '')}$" for e in (first, second)]
    return (
        text[: first.start]
        + marks[0]
        + text[first.end : second.start]
        + marks[1]
        + text[second.end :]
    )


def around_pair(text: str, offsets: Sequence[tuple[int, int]], room: int) -> str:
    """Cut a text to `room` subwords: its masked pair and as many words on either side.

    `offsets` are those of the text's subwords. If the pair is further apart than `room`, the words
    after the first mask and before the second are kept.
    """
    if len(offsets) <= room:
        return text
    # Cut only between words: a part of a word may have more subwords than the word.
    starts = [
        i
        for i, (at, _) in enumerate(offsets)
        if text[at : at + 1].isspace() or text[at - 1 : at].isspace()
    ]
    edge = [0, *starts, len(offsets)]

    def words(begin: int, end: int) -> str:
        first, last = min(i for i in edge if i >= begin), max(i for i in edge if i <= end)
        return text[offsets[first][0] : offsets[last - 1][1]].strip() if first < last else ""

    marks = [found.span() for found in MASK.finditer(text)] or [(0, 0)]
    first = next((i for i, (_, end) in enumerate(offsets) if end > marks[0][0]), 0)
    last = next((i for i, (start, _) in enumerate(offsets) if start >= marks[-1][1]), len(offsets))
    first, last = max(i for i in edge if i <= first), min(i for i in edge if i >= last)
    if last - first > room:
        return f"{words(first, first + room // 2)} {words(last - room // 2, last)}".strip() or text
    begin = min(max(first - (room - last + first) // 2, 0), len(offsets) - room)
    return words(begin, begin + room) or text
