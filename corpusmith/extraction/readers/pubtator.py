"""PubTator: `id|t|title`, `id|a|abstract` and a line for each entity."""

import re
from collections.abc import Iterator

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, checked
from corpusmith.text_files import Bad, TextFile, each_readable

TEXT = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
COUNT = re.compile(r"\d+")


Lines = list[tuple[str, str]]
"""Lines with their places."""


def read_pubtator(file: TextFile, bad: Bad | None = None) -> Iterator[Document]:
    """One document after the other; a title line begins one. Offsets count title, one space and
    abstract.

    `bad` takes the error of a document; without it the first error ends the reading.

    Raises:
        UserError: when a line is neither text, entity nor relation, or an entity is not the text at
            its offsets.
    """
    return each_readable(lines_of_documents(file), pubtator_document, bad)


def lines_of_documents(file: TextFile) -> Iterator[Lines]:
    """The lines of each document, from its title on, without blank ones."""
    lines: Lines = []
    for number, line in enumerate(file.lines(), 1):
        found = TEXT.fullmatch(line)
        if found and found[2] == "t" and lines:
            yield lines
            lines = []
        if line.strip():
            lines.append((f"{file.name}, line {number}", line))
    if lines:
        yield lines


def pubtator_document(lines: Lines) -> Document:
    id_, where = "", lines[0][0]
    texts: list[str] = []
    mentions: list[Mention] = []
    relations = 0
    wrong: str | None = None  # the line of the first entity that does not fit, for the error
    for place, line in lines:
        if found := TEXT.fullmatch(line):
            if found[2] == "t":
                id_, texts = found[1], [found[3]]
            elif found[1] != id_ or len(texts) != 1:
                raise UserError(
                    f"{place}: an abstract without its title; write {found[1]}|t|… above"
                )
            else:
                texts.append(found[3])
            continue
        if not texts:
            raise UserError(f"{place}: no title before it; PubTator begins with id|t|title")
        mention = mention_of(line, id_, place)
        mentions += [mention] if mention else []
        relations += mention is None
        if mention and wrong is None and not stands(mention, " ".join(texts)):
            wrong = place
    return checked(
        Document(
            id_,
            " ".join(texts),
            tuple(mentions),
            concept_relations=relations,
            where=wrong or where,
        )
    )


def stands(mention: Mention, text: str) -> bool:
    return text[mention.start : mention.end] == mention.text != ""


def mention_of(line: str, document: str, place: str) -> Mention | None:
    """The entity of a line; None of a relation between concepts."""
    cells = line.split("\t")
    if len(cells) == 1:
        raise UserError(
            f"{place}: no tabs; write id, start, end, text, type and concept with tabs between"
        )
    if cells[0] != document:
        raise UserError(f"{place}: belongs to document {cells[0]}, but stands below {document}")
    if len(cells) in (4, 5) and re.match("[A-Za-z]", cells[1]) and cells[1] != document:
        return None  # a relation: id, type, concept, concept
    if len(cells) < 5 or not (COUNT.fullmatch(cells[1]) and COUNT.fullmatch(cells[2])):
        raise UserError(
            f"{place}: no entity; write id, start, end, text, type and concept, with offsets in "
            "whole numbers"
        )
    if not cells[4].strip():
        raise UserError(f"{place}: the entity has no type; write it after its text")
    concept = cells[5].strip().removeprefix("-") if len(cells) > 5 else ""
    return Mention(
        int(cells[1]), int(cells[2]), cells[4].strip(), cells[3], concept_id=concept or None
    )
