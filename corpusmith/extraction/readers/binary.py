"""Files that are not text, read by their own libraries: spaCy's DocBin, Parquet, Excel."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.readers.json_formats.documents import row_documents
from corpusmith.extraction.readers.table import read_table
from corpusmith.text_files import Bad, TextFile

GROUP = "corpusmith"
"""The span group with all mentions, that `extract --to docbin` writes."""


def read_docbin(path: Path) -> Iterator[Document]:
    """The documents of a file with their entities; spans of span groups and tags are left out.

    Raises:
        UserError: when spaCy is not installed, or cannot read the file.
    """
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError as error:
        raise UserError(f"{path} needs spaCy: pip install 'corpusmith[documents]'") from error
    try:
        docs = list(DocBin().from_bytes(path.read_bytes()).get_docs(spacy.blank("en").vocab))
    except Exception as error:  # zlib, msgpack and spaCy each raise their own
        raise UserError(f"{path} is no DocBin that spaCy can read ({error})") from error
    for number, doc in enumerate(docs, 1):
        where = f"{path}, document {number}"
        words = [token for token in doc if not token.is_space]
        tags = [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_iob_ in ("B", "I") else "O" for t in words]
        known = doc.has_annotation("ENT_IOB")
        mentions = tuple(
            Mention(
                span.start_char,
                span.end_char,
                span.label_,
                span.text,
                concept_id=span.kb_id_ or None,
            )
            for span in doc.spans.get(GROUP, doc.ents)
        )
        said = doc.user_data.get("attributes", [])
        if len(said) == len(mentions):
            mentions = tuple(
                replace(m, attributes=tuple(of)) for m, of in zip(mentions, said, strict=True)
            )
        name = doc.user_data.get("id")
        yield Document(
            str(name) if name is not None else None,
            doc.text,
            mentions if known else None,
            tokens=tuple(token.text for token in words),
            tags=tuple(tags) if known else None,
            where=where,
        )


def read_parquet(
    file: TextFile, columns: Mapping[str, str] | None = None, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of a file whose rows have the keys of a JSON row; read as a stream.

    Tags that are numbers get the names that `datasets` wrote into the file.

    Raises:
        UserError: when the file is no Parquet, or as for a JSON row.
    """
    return row_documents(lambda _: parquet_rows(file), columns, bad)


def parquet_rows(file: TextFile) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with file.open_bytes() as stream:
        try:
            table = pq.ParquetFile(stream)
            features = stored_features(table.schema_arrow.metadata or {})
            number = 0
            for batch in table.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file.name}, row {number}", without_nulls(named_classes(row, features))
        except pa.ArrowException as error:
            raise UserError(f"{file.name} can't be read as Parquet: {error}") from error


def stored_features(metadata: Mapping[bytes, bytes]) -> Any:
    """The features by column, as `datasets` keeps them in a Parquet file."""
    return json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})


def named_classes(value: Any, feature: Any) -> Any:
    """A value with the names of classes instead of their numbers.

    The feature of a list is `{"feature": …, "_type": "List"}`, or `[…]` by `datasets` before 4.
    """
    if isinstance(feature, list):
        feature = feature[0] if feature else {}
    elif isinstance(feature, dict) and "_type" in feature:
        feature = feature.get("feature", feature)
    if isinstance(value, list):
        return [named_classes(one, feature) for one in value]
    known = feature if isinstance(feature, dict) else {}
    if isinstance(value, dict):
        return {key: named_classes(one, known.get(key)) for key, one in value.items()}
    names = known.get("names") if known.get("_type") == "ClassLabel" else None
    return names[value] if names and isinstance(value, int) and 0 <= value < len(names) else value


def without_nulls(value: Any) -> Any:
    """Parquet gives every row every key; a key without a value is as good as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def read_excel(
    file: TextFile, columns: Mapping[str, str] | None = None, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of a workbook with one sheet, which is a table as in CSV.

    Raises:
        UserError: when openpyxl is not installed or can't read the file, when several sheets hold
            something, or as for CSV.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UserError(
            f"{file.name} needs openpyxl: pip install 'corpusmith[documents]'"
        ) from error
    with file.open_bytes() as stream:
        try:
            book = load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
        except Exception as error:  # zipfile, lxml and openpyxl each raise their own
            raise UserError(f"{file.name} is no Excel workbook (.xlsx): {error}") from error
    filled = [
        sheet for sheet in book.worksheets if any(map(any, sheet.iter_rows(values_only=True)))
    ]
    if len(filled) > 1:
        names = ", ".join(sheet.title for sheet in filled)
        raise UserError(f"{file.name} has several sheets ({names}): keep one, or save it as CSV")
    text = io.StringIO()
    writer = csv.writer(text)
    for sheet in filled:
        for row in sheet.iter_rows(values_only=True):
            writer.writerow(["" if cell is None else cell for cell in row])
    content = text.getvalue().encode()
    return read_table(TextFile(file.name, lambda: io.BytesIO(content)), columns, bad)
