"""CSV and TSV with named columns: documents, mentions, words with tags, or masked texts with a
class.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, MentionPair, checked, tagged_document
from corpusmith.extraction.schemes import to_bio
from corpusmith.text_files import Bad, TextFile

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

OUR_COLUMNS = (
    *("id", "start", "end", "label", "text", "score", "concept_id", "attributes", "relations"),
    "document",
)
"""The header of `extract --to csv`. Cells that look like formulas have a leading apostrophe."""
QUOTED = re.compile(r'"[^"]*"')
FORMULA = re.compile(r"'+\s*[-=+@\t\r]")

Cells = dict[str, str]
Row = tuple[str, Cells]
"""The place of a row, and its cells by role."""


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
        yield from mention_rows(named, roles, file.name)
    elif "id" in roles and "text" not in roles and {"label", "score"} & set(roles):
        for where, cells in named:  # predictions of relations
            label, score = cells.get("label"), cells.get("score")
            yield Document(cells["id"], "", label=label, score=score, where=where)
    elif "text" in roles or "document" in roles:
        text = "text" if "text" in roles else "document"
        for where, cells in named:
            label = cells.get("label")
            if label is not None and not cells[text].strip():
                raise UserError(f"{where}: no text; write the masked sentence")
            yield Document(
                cells.get("id") or None,
                cells[text],
                label=label,
                score=cells.get("score"),
                where=where,
            )
    else:
        raise UserError(
            f"{file.name} has the columns {', '.join(header[1])}, none of which is known "
            "as a text column: name it with --columns text=NAME"
        )


def table_rows(file: TextFile, bad: Bad | None = None) -> Iterator[Row]:
    """The header, as names by name, and then each row with all of its cells.

    The delimiter is the tab in a .tsv, else whichever of , ; and tab the header holds most of. A
    header of one column means that every line is one cell.
    """
    lines = file.lines(ends=True)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return
    tabs = file.name.lower().endswith((".tsv", ".tab")) or "\t" in first
    bare = QUOTED.sub("", first)
    delimiter = "\t" if tabs else max(",;", key=bare.count)
    if delimiter not in bare:
        delimiter = "\x1f"  # a control character that separates nothing here
    try:
        header, *_ = list(csv.reader([first], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UserError(
            f"{file.name}, line 1: not CSV ({error}); put a name with quotes in quotes"
        ) from error
    names = [name.strip() for name in header]
    if len(set(names)) < len(names) or not all(names):
        twice = next((name for name in names if names.count(name) > 1), "")
        raise UserError(f"{file.name}, line 1: the column {twice!r} is there twice; name each once")
    yield f"{file.name}, line 1", dict(zip(names, names, strict=True))
    ours = tuple(names) == OUR_COLUMNS
    csv.field_size_limit(1 << 30)  # a cell may be a whole document
    # By convention a TSV file has no quoting. Writers that quote every cell quote the header too.
    table: Iterator[list[str]] = (
        tab_rows(lines, len(names))
        if delimiter == "\t" and not first.startswith('"')
        else csv.reader(lines, delimiter=delimiter, strict=True)
    )
    number = 1
    while True:
        number += 1
        where = f"{file.name}, row {number}"
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"{where}: not CSV ({error}); put a cell with quotes in quotes"
            ) from error
        if not row or row == [""]:
            continue
        if len(row) != len(names):
            wrong = UserError(
                f"{where}: {len(row)} cells for {len(names)} columns; put a cell that holds "
                f"{delimiter!r} in quotes"
            )
            if bad is None:
                raise wrong
            bad(wrong)
            continue
        cells = [cell.removeprefix("'") if FORMULA.match(cell) else cell for cell in row]
        yield where, dict(zip(names, cells if ours else row, strict=True))


def tab_rows(lines: Iterator[str], columns: int) -> Iterator[list[str]]:
    """The cells of each line of a TSV file; spreadsheets quote cells that hold tabs or quotes.

    Raises:
        csv.Error: a quotation mark opens in one line and may close in another: the lines are one
            row or several.
    """
    open_ = False
    for line in lines:
        line = line.rstrip("\r\n")
        cells = line.split("\t")
        if len(cells) != columns and '"' in line:
            with suppress(csv.Error):  # a tab inside quotes separates nothing
                (quoted,) = csv.reader([line], delimiter="\t", strict=True)
                if len(quoted) == columns:
                    yield quoted
                    continue
        for cell in cells:
            if cell.count('"') % 2 and open_ and cell.endswith('"'):
                raise csv.Error("a quotation mark opens in one line and closes in another")
            open_ = open_ or (cell.startswith('"') and cell.count('"') % 2 == 1)
        yield [unquoted(cell) for cell in cells]


def unquoted(cell: str) -> str:
    """A TSV cell without the quotes of a CSV writer, which doubles the quotes inside."""
    wrapped = len(cell) > 1 and cell[0] == cell[-1] == '"'
    if wrapped and '""' in cell[1:-1] and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell


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
    for where, cells in rows:
        number = cells["sentence_id"]
        if not sentences or (number and number != sentences[-1][1]):
            sentences.append((where, number, [], []))
        sentences[-1][2].append(cells["word"])
        sentences[-1][3].append(cells["tag"])
    schemes = to_bio([(where, tags) for where, _, _, tags in sentences])
    for (where, number, words, _), bio in zip(sentences, schemes, strict=True):
        yield tagged_document(number or None, words, bio, where)


def mention_rows(rows: Iterator[Row], roles: dict[str, str], name: str) -> Iterator[Document]:
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
    open_: list[Row] = []
    for where, cells in rows:
        if open_ and cells["id"] != open_[0][1]["id"]:
            yield mentions_document(open_, text, mention)
            open_ = []
        if not open_:
            if cells["id"] in seen:
                raise UserError(
                    f"{where}: document {cells['id']} appears again; sort the rows by id"
                )
            seen.add(cells["id"])
        open_.append((where, cells))
    if open_:
        yield mentions_document(open_, text, mention)


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
            pairs += [MentionPair(*pair) for pair in json.loads(relations)]
    return checked(Document(first["id"], first[text], tuple(mentions), tuple(pairs), where=where))


def mention_of(cells: dict[str, Any], mention: str, where: str) -> Mention:
    ends = [cells["start"].strip(), cells["end"].strip()]
    if not all(re.fullmatch("[0-9]+(\\.0)?", end) for end in ends) or not cells["label"].strip():
        raise UserError(
            f"{where}: needs a label and whole numbers for start and end, not {ends[0]!r} and "
            f"{ends[1]!r}"
        )
    start, end = (int(float(end)) for end in ends)
    score = cells.get("score")
    return Mention(
        start,
        end,
        cells["label"].strip(),
        cells[mention],
        float(score) if score else None,
        cells.get("concept_id") or None,
        attributes=tuple((cells.get("attributes") or "").split()),
    )
