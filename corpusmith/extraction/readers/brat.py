"""BRAT standoff: a folder of `name.txt` with `name.ann`. Offsets count code points."""

import re
from collections.abc import Iterator
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, MentionPair, checked
from corpusmith.text_files import TextFile, split_lines

ENTITY = re.compile(
    r"(T\w+)[\t ]+([^\t]+?)[\t ]+(-?\d+ -?\d+(?:;-?\d+ -?\d+)*)(?:\t(.*))?", re.DOTALL
)
RELATION = re.compile(r"(R\w+)\t(\S+) \w+:(T\w+) \w+:(T\w+)\s*")
NORMALISATION = re.compile(
    r"N\w+\tReference (?P<entity>T\w+) (?P<concept>[^\t]+?)(?:\t.*)?", re.DOTALL
)
ATTRIBUTE = re.compile(r"([AM]\w+)\t(\S+) ([TER]\w+)(?: (.*))?\s*")
CONCEPT_NOTE = re.compile(r"#\w+\tAnnotatorNotes (?P<entity>T\w+)\tconcept (?P<concept>\S+) *")
SCORE_NOTE = re.compile(r"#\w+\tAnnotatorNotes ([TR]\w+)\tscore (\d*\.?\d+(?:e[+-]?\d+)?) *")
EVENT = re.compile(
    r"E\w+\t.*|R\w+\t\S+ \w+:[TE]\w+ \w+:[TE]\w+\s*|N\w+\tReference E\w+ .*", re.DOTALL
)
"""An event, or a relation or concept of one."""
OTHER = re.compile(r"(\*|#\w*)\t.*", re.DOTALL)


def read_brat(folder: Path, encoding: str | None = None) -> Iterator[Document]:
    """A document for each text.

    Raises:
        UserError: when one of the two files is missing, a line is not BRAT's, or an entity is not
            its text.
    """
    texts = {path.with_suffix("") for path in folder.rglob("*.txt")}
    annotations = {path.with_suffix("") for path in folder.rglob("*.ann")}
    for name in sorted(texts | annotations):
        id_ = name.relative_to(folder).as_posix()
        if name not in texts:
            raise UserError(f"{name}.ann has no {name.name}.txt beside it: put the text there")
        if name not in annotations:
            raise UserError(
                f"{name}.txt has no {name.name}.ann beside it: write an empty one if it holds no "
                "entity"
            )
        text = TextFile.of(name.with_name(f"{name.name}.txt"), encoding).text()
        notes = TextFile.of(name.with_name(f"{name.name}.ann"), encoding)
        yield brat_document(id_, text, notes.text(), notes.name)


def brat_document(id_: str, text: str, annotations: str, name: str) -> Document:
    """A text with the lines of its .ann file."""
    entities: dict[str, tuple[Mention, str]] = {}
    links: list[tuple[str, str, str, str, str]] = []
    concepts: dict[str, str] = {}
    scores: dict[str, float] = {}
    attributes: dict[str, list[str]] = {}
    events = 0
    for number, line in enumerate(split_lines(annotations), 1):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        if found := ENTITY.fullmatch(line):
            if found[1] in entities:
                raise UserError(
                    f"{where}: {found[1]} is there already; give each entity its own id"
                )
            entities[found[1]] = (brat_entity(found, where), where)
        elif found := RELATION.fullmatch(line):
            links.append((found[1], found[2], found[3], found[4], where))
        elif found := NORMALISATION.fullmatch(line) or CONCEPT_NOTE.fullmatch(line):
            concepts[found["entity"]] = found["concept"]
        elif found := SCORE_NOTE.fullmatch(line):
            scores[found[1]] = float(found[2])
        elif found := ATTRIBUTE.fullmatch(line):
            attributes.setdefault(found[3], []).append(found[2])
        elif EVENT.fullmatch(line):
            events += 1
        elif not OTHER.fullmatch(line):
            raise UserError(
                f"{where}: {line[:60]!r} is no line of BRAT; write T1, a tab, type start end, a "
                "tab and the text"
            )
    order = {key: n for n, key in enumerate(entities)}
    for _, _, head, tail, where in links:
        if not {head, tail} <= set(order):
            raise UserError(f"{where}: relates {head} and {tail}, which are not both entities here")
    mentions = tuple(
        Mention(
            m.start,
            m.end,
            m.label,
            m.text,
            scores.get(key),
            concepts.get(key),
            m.fragments,
            tuple(attributes.get(key, ())),
        )
        for key, (m, _) in entities.items()
    )
    pairs = tuple(
        MentionPair(order[h], order[t], label, scores.get(key)) for key, label, h, t, _ in links
    )
    place = next((where for m, where in entities.values() if text[m.start : m.end] != m.text), name)
    return checked(Document(id_, text, mentions, pairs, event_lines=events, where=place))


def brat_entity(found: re.Match, where: str) -> Mention:
    """An entity of a line; BRAT cuts one at line ends, which `checked` joins again."""
    numbers = [int(number) for number in re.findall(r"-?\d+", found[3])]
    pieces = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not found[4]:
        raise UserError(
            f"{where}: no text after the offsets, so they can't be checked; write it there"
        )
    if any(first >= last or first < 0 for first, last in pieces) or pieces != sorted(pieces):
        raise UserError(
            f"{where}: the offsets {found[3]} hold no text; write start and end, end exclusive"
        )
    fragments = tuple(pieces) if len(pieces) > 1 else ()
    return Mention(pieces[0][0], pieces[-1][1], found[2], found[4], fragments=fragments)
