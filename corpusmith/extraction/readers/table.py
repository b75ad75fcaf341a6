"""CSV and TSV with named columns: documents, mentions, words with tags, or masked texts with a
class.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import (
    Document,
    Mention,
    MentionPair,
    checked,
    read_score,
    tagged_document,
)
from corpusmith.extraction.readers.json_formats.spans import is_count
from corpusmith.extraction.readers.table_rows import Cells, Row, table_rows
from corpusmith.extraction.schemes import to_bio
from corpusmith.text_files import Bad, TextFile, each_readable, strict_json

NAMES = {
    "id": ("id", "doc_id", "document_id", "docid", "pmid", "index"),
    "document": ("document", "document_text", "full_text"),
    "text": ("text", "sentence", "abstract", "note", "content", "body"),
    "start": ("start", "begin", "start_offset", "start_char"),
    "end": ("end", "end_offset", "end_char"),
    "label": ("label", "type", "entity_type", "class", "category"),
    "mention": ("mention", "entity", "span", "surface"),
    "word": ("word", "token"),
    "tag": ("tag", "ner_tag", "ner", "bio"),
    "sentence_id": ("sentence_id", "sentence #", "sentence_number", "sent_id"),
    "score": ("score", "probability"),
    "concept_id": ("concept_id", "concept", "kb_id"),
    "attributes": ("attributes",),
    "relations": ("relations",),
}
"""Known column names, in any case; --columns names others."""


def read_table(
    file: TextFile, columns: Mapping[str, str] | None = None, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of a table, by what its columns are called.

    `bad` takes the error of a row; without it the first error ends the reading.

    - `word` and `tag`: a word a row, sentences by `sentence_id`;
    - `start`, `end`, `label` and the `document` (or `text` with `mention`): a mention a row;
    - `text` and `label`: a masked text with its class;
    - `text`: documents without annotations.

    Raises:
        UserError: when a row has other cells than the header names, or no column holds text.
    """
    rows = table_rows(file, bad)
    header = next(rows, None)
    if header is None:
        return
    roles = roles_of(list(header[1]), columns or {}, file.name)
    named = ((where, {role: cells[name] for role, name in roles.items()}) for where, cells in rows)
    if {"word", "tag"} <= set(roles):
        yield from word_rows(named, "sentence_id" in roles, file.name)
    elif {"start", "end", "label"} <= set(roles):
        yield from mention_rows(named, roles, file.name, bad)
    elif "id" in roles and "text" not in roles and {"label", "score"} & set(roles):
        for where, cells in named:  # predictions of relations
            label, score = cells.get("label"), cells.get("score")
            yield Document(cells["id"], "", label=label, score=score, where=where)
    elif "text" in roles or "document" in roles:
        text = "text" if "text" in roles else "document"
        yield from each_readable(named, lambda row: row_document(row, text), bad)
    else:
        raise UserError(
            f"{file.name} has the columns {', '.join(header[1])}, none of which is known "
            "as a text column: name it with --columns text=NAME"
        )


def row_document(row: Row, text: str) -> Document:
    """The document of a row, with the class of a masked text if there is one."""
    where, cells = row
    label = cells.get("label")
    if label is not None and not cells[text].strip():
        raise UserError(f"{where}: no text; write the masked sentence")
    return Document(
        cells.get("id") or None, cells[text], label=label, score=cells.get("score"), where=where
    )


def roles_of(names: Sequence[str], columns: Mapping[str, str], file: str) -> dict[str, str]:
    """Maps the role of a column (`text`, `label`) to its name."""
    for role, name in columns.items():
        if role not in NAMES:
            raise UserError(f"--columns {role}={name}: choose of {', '.join(NAMES)}")
        if name not in names:
            raise UserError(f"--columns {role}={name}: {file} has the columns {', '.join(names)}")
    roles = dict(columns)
    for role, known in NAMES.items():
        found = [name for name in names if name.lower() in known and name not in columns.values()]
        if role not in roles and found:
            best = min(found, key=lambda name: known.index(name.lower()))
            roles[role] = best
    return roles


def word_rows(rows: Iterator[Row], numbered: bool, name: str) -> Iterator[Document]:
    """Sentences of words with tags; a sentence number may be in the first row only."""
    if not numbered:
        raise UserError(
            f"{name}: one word per row, but no column with sentence numbers; add sentence_id"
        )
    sentences: list[tuple[str, str, list[str], list[str]]] = []
    last = ["", ""]
    for where, cells, document in with_documents(list(rows)):
        key = [new or old for new, old in zip((document, cells["sentence_id"]), last, strict=True)]
        if not sentences or key != last:
            sentences.append((where, cells["sentence_id"], [], []))
        last = key
        sentences[-1][2].append(cells["word"])
        sentences[-1][3].append(cells["tag"])
    schemes = to_bio([(where, tags) for where, _, _, tags in sentences])
    for (where, number, words, _), bio in zip(sentences, schemes, strict=True):
        yield tagged_document(number or None, words, bio, where)


def with_documents(rows: Sequence[Row]) -> Iterator[tuple[str, Cells, str]]:
    """Rows of words with the document that each names, which is empty where it names none.

    Ids that end in a digit and differ in each row number the words, not documents.
    """
    ids = [cells.get("id", "") for _, cells in rows]
    numbers = all(re.search(r"\d$", one) for one in ids) and all(a != b for a, b in pairwise(ids))
    for (where, cells), one in zip(rows, ids, strict=True):
        yield where, cells, cells.get("document") or ("" if numbers else one)


def mention_rows(
    rows: Iterator[Row], roles: dict[str, str], name: str, bad: Bad | None
) -> Iterator[Document]:
    """Documents of mentions; the rows of a document follow one another.

    The text of the document is in `document`, in its first row or in each; a row without offsets is
    a document without a mention.
    """
    if "id" not in roles:
        raise UserError(f"{name}: one mention per row, but no column with document ids; add id")
    if "document" in roles:
        text, mention = "document", "mention" if "mention" in roles else "text"
    elif "mention" in roles and "text" in roles:
        text, mention = "text", "mention"
    else:
        raise UserError(
            f"{name}: no column with the documents; add `document` with the text of each document"
        )
    seen: set[str] = set()

    def document(rows: list[Row]) -> Document:
        where, cells = rows[0]
        if cells["id"] in seen:
            raise UserError(f"{where}: document {cells['id']} appears again; sort the rows by id")
        seen.add(cells["id"])
        return mentions_document(rows, text, mention)

    groups = (list(group) for _, group in groupby(rows, key=lambda row: row[1]["id"]))
    yield from each_readable(groups, document, bad)


def mentions_document(rows: list[Row], text: str, mention: str) -> Document:
    where, first = rows[0]
    mentions: list[Mention] = []
    pairs: list[MentionPair] = []
    for place, cells in rows:
        if cells[text] not in ("", first[text]):
            raise UserError(f"{place}: the document's text differs from that in its first row")
        if cells["start"] or cells["end"]:
            mentions.append(mention_of(cells, mention, place))
        if relations := cells.get("relations"):
            pairs += pairs_of(relations, place)
    if any(max(pair.head, pair.tail) >= len(mentions) for pair in pairs):
        raise UserError(f"{where}: relations name entities that the document has no rows for")
    return checked(Document(first["id"], first[text], tuple(mentions), tuple(pairs), where=where))


def pairs_of(relations: str, where: str) -> list[MentionPair]:
    try:
        pairs = [MentionPair(*pair) for pair in strict_json(relations)]
    except (ValueError, TypeError):
        pairs = [MentionPair(-1, -1, "")]
    if not all(is_count(n) for pair in pairs for n in (pair.head, pair.tail)):
        raise UserError(
            f"{where}: relations holds {relations[:40]!r}, not [[head, tail, label]] as "
            "`extract --to csv` writes it; give a column with another content another name"
        )
    return pairs


def mention_of(cells: dict[str, Any], mention: str, where: str) -> Mention:
    ends = [cells["start"].strip(), cells["end"].strip()]
    if not all(re.fullmatch("[0-9]+(\\.0)?", end) for end in ends) or not cells["label"].strip():
        raise UserError(
            f"{where}: needs a label and whole numbers for start and end, not {ends[0]!r} and "
            f"{ends[1]!r}"
        )
    start, end = (int(float(end)) for end in ends)
    return Mention(
        start,
        end,
        cells["label"].strip(),
        cells[mention],
        read_score(cells.get("score"), where),
        cells.get("concept_id") or None,
        attributes=tuple((cells.get("attributes") or "").split()),
    )
