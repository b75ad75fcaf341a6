"""JSON and JSON Lines: corpusmith, Doccano, Prodigy, Label Studio, spaCy, BioC, GLiNER and Hugging
Face exports.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, tagged_document
from corpusmith.extraction.readers.bioc import bioc_json_document
from corpusmith.extraction.readers.json_formats.spans import id_of, spans_document
from corpusmith.extraction.readers.json_formats.tools import gliner, label_studio, spacy_training
from corpusmith.extraction.schemes import to_bio
from corpusmith.text_files import ROWS, Bad, TextFile, checked_row, each_readable, json_rows

Row = dict[str, Any]
TAG_COLUMNS = ("ner_tags", "tags", "ner", "labels")


def read_json_documents(
    file: TextFile, columns: Mapping[str, str] | None = None, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of a file. `columns` names the keys that hold `id`, `text`, `tokens` and
    `tags`.
    """
    return row_documents(partial(json_rows, file), columns, bad)


def row_documents(
    rows: Callable[[Bad | None], Iterable[tuple[str, Row]]],
    columns: Mapping[str, str] | None,
    bad: Bad | None,
) -> Iterator[Document]:
    """The documents of rows with their places. `rows` is given what takes the error of a row.

    Rows with words and tags are all read before the first is returned, because the tag scheme is
    that of the whole file. The errors between them keep their places.
    """
    names = dict(columns or {})
    held: list[tuple[int, UserError]] = []  # with the number of tagged rows before each

    def hold(error: UserError) -> None:
        held.append((len(tagged), error))

    def tell(until: int) -> None:
        while bad and held and held[0][0] <= until:
            bad(held.pop(0)[1])

    tagged: list[tuple[str, str | None, Any, list]] = []
    whole: list[Row] = []
    for where, given in rows(hold if bad else None):
        tell(0)
        row = given | {ours: given[theirs] for ours, theirs in names.items() if theirs in given}
        try:
            if not is_tagged(row):
                yield from documents_of(row, where, bad)
                continue
            name, tokens, tags = row_words_and_tags(row, where)
            if bad:
                to_bio([(where, tags)])  # a row in no scheme is left out alone
        except UserError as error:
            if bad is None:
                raise
            hold(error)
            tell(0)
            continue
        tagged.append((where, name, tokens, tags))
        whole.append(row)
    try:
        schemes = to_bio([(where, tags) for where, _, _, tags in tagged])
    except UserError:
        tell(len(tagged))
        raise

    def document(number: int) -> Document:
        tell(number)
        where, name, tokens, _ = tagged[number]
        return with_text(tagged_row(name, tokens, schemes[number], where), whole[number])

    yield from each_readable(range(len(tagged)), document, bad)
    tell(len(tagged))


def is_tagged(row: Row) -> bool:
    """Words with tags, or the tags of predictions; Prodigy's tokens are objects."""
    tokens = row.get("tokens")
    if isinstance(tokens, list) and tokens and isinstance(tokens[0], dict):
        return False
    return tag_column(row) is not None and ("tokens" in row or "ner_tags" in row)


def tag_column(row: Row) -> str | None:
    return next((name for name in TAG_COLUMNS if name in row), None)


def row_words_and_tags(row: Row, where: str) -> tuple[str | None, list[str] | None, list]:
    """Id, words (None in predictions) and tags, of equal length."""
    tags = row[str(tag_column(row))]
    if not isinstance(tags, list):
        raise UserError(f"{where}: tags must be a list with one for each word, not {tags!r:.60}")
    if "tokens" not in row:
        return id_of(row), None, tags
    tokens = checked_row(row, where)["tokens"]
    if tokens is None:
        raise UserError(f"{where}: tokens is null; write {ROWS}")
    if len(tokens) != len(tags):
        raise UserError(f"{where}: {len(tokens)} tokens and {len(tags)} tags; write a tag for each")
    return id_of(row), tokens, tags


def tagged_row(
    name: str | None, tokens: list[str] | None, tags: tuple[str, ...], where: str
) -> Document:
    if tokens is None:
        return Document(name, "", tags=tags, where=where)
    return tagged_document(name, tokens, tags, where)


def with_text(document: Document, row: Row) -> Document:
    """With the row's own text and character offsets, where it has both."""
    if not (isinstance(row.get("text"), str) and isinstance(row.get("entities"), list)):
        return document
    if document.tokens is None:
        raise UserError(f"{document.where}: tags without tokens; write {ROWS}")
    spelled = spans_document(row, row["entities"], document.where)
    return Document(**{**vars(document), "text": spelled.text, "mentions": spelled.mentions})


def documents_of(row: Row, where: str, bad: Bad | None) -> Iterator[Document]:
    """The documents of a row without word tags, by the keys that each tool writes.

    `bad` takes the error of one document of several.
    """
    if isinstance(row.get("documents"), list):
        yield from each_readable(row["documents"], lambda one: bioc_json_document(one, where), bad)
    elif isinstance(row.get("passages"), list):
        yield bioc_json_document(row, where)
    elif isinstance(row.get("paragraphs"), list):
        yield from spacy_training(row, where)
    elif isinstance(row.get("data"), dict):
        yield label_studio(row, where)
    elif isinstance(row.get("tokenized_text"), list):
        yield gliner(row, where)
    elif row.get("answer") in ("reject", "ignore"):
        return  # Prodigy: the annotator rejected or skipped the text
    elif (spans := spans_of(row)) is not None:
        yield spans_document(row, spans, where)
    elif "label" in row or "score" in row:
        yield labelled_document(row, where)
    else:
        benchmark_row = checked_row(row, where)
        tokens = tuple(row["tokens"]) if row.get("tokens") else None
        yield Document(id_of(row), benchmark_row["text"], tokens=tokens, where=where)


def spans_of(row: Row) -> list | None:
    """The character spans of a row; Doccano once wrote them as `label`, where relations have a
    class. Prodigy leaves `spans` out where there are none.
    """
    tokens = row.get("tokens")
    split = isinstance(tokens, list) and any(isinstance(token, dict) for token in tokens)
    unlabelled = isinstance(row.get("text"), str) and not {"label", "score"} & set(row)
    named = ["entities", "spans", "ents", *(["label", "labels"] if "text" in row else [])]
    return next(
        (row[key] for key in named if isinstance(row.get(key), list)),
        [] if split and unlabelled else None,
    )


def labelled_document(row: Row, where: str) -> Document:
    """A masked text with its class, or the prediction of one."""
    text = row.get("text", "")
    if not isinstance(text, str) or ("text" in row and not text.strip()):
        raise UserError(f"{where}: text is {text!r:.60}; write the masked sentence")
    return Document(id_of(row), text, label=row.get("label"), score=row.get("score"), where=where)
