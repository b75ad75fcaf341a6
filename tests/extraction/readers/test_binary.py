"""Parquet files and Excel workbooks. DocBin is in tests/extraction/test_spacy.py."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from corpusmith.errors import UserError
from corpusmith.extraction.readers.read import Reading, read_documents


def documents(path: Path, **columns: str):
    return list(read_documents(path, Reading(columns=columns)))


def test_parquet_of_texts_and_of_spans(tmp_path):
    rows = [
        {"id": 7, "text": "Mild gout.", "entities": [{"start": 5, "end": 9, "label": "D"}]},
        {"id": 8, "text": "Nothing.", "entities": []},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    first, second = documents(tmp_path / "a.parquet")
    assert (first.id, [(m.text, m.label) for m in first.mentions]) == ("7", [("gout", "D")])
    assert (second.id, second.mentions) == ("8", ())
    pq.write_table(pa.table({"Note": ["one", "two"]}), tmp_path / "b.parquet")
    assert [d.text for d in documents(tmp_path / "b.parquet", text="Note")] == ["one", "two"]


def test_class_numbers_get_the_names_in_the_file(tmp_path):
    tags = List(ClassLabel(names=["O", "I-D", "B-D"]))
    features = Features({"tokens": List(Value("string")), "ner_tags": tags})
    data = {"tokens": [["Mild", "gout"]], "ner_tags": [[0, 2]]}
    Dataset.from_dict(data, features).to_parquet(tmp_path / "a.parquet")
    (found,) = documents(tmp_path / "a.parquet")
    assert found.tags == ("O", "B-D")


def test_class_numbers_in_lists_of_older_datasets_get_their_names(tmp_path):
    """`datasets` before 4 writes the feature of a list of spans as a list."""
    kinds = {"label": {"names": ["D", "G"], "_type": "ClassLabel"}}
    info = {"info": {"features": {"entities": [kinds], "text": {"_type": "Value"}}}}
    rows = [{"text": "Mild gout", "entities": [{"start": 5, "end": 9, "label": 1}]}]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": json.dumps(info)})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [m.label for m in documents(tmp_path / "a.parquet")[0].mentions] == ["G"]


def test_wrong_parquet_is_refused_with_its_row(tmp_path):
    rows = [{"text": "gout", "entities": [{"start": 0, "end": 9, "label": "D"}]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet, row 1: an entity from 0 to 9"):
        documents(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"not Parquet")
    with pytest.raises(UserError, match=r"b\.parquet can't be read as Parquet"):
        documents(tmp_path / "b.parquet")


def workbook(path: Path, *sheets: list[list]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl comes with corpusmith[documents]")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_workbook_of_mentions(tmp_path):
    rows = [
        ["id", "start", "end", "label", "text", "document"],
        ["n1", 5, 9, "D", "gout", 'Mild gout, "acute".\nSecond line.'],
        ["n1", 12, 17, "D", "acute", None],
        ["n2", None, None, None, None, "Caf\u00e9, nothing."],
        [None, None, None, None, None, ""],  # a row that was emptied is no document
    ]
    first, second = documents(workbook(tmp_path / "a.xlsx", rows, []))
    assert first.text == 'Mild gout, "acute".\nSecond line.'
    assert [(m.start, m.end, m.text) for m in first.mentions] == [(5, 9, "gout"), (12, 17, "acute")]
    assert (second.id, second.text, second.mentions) == ("n2", "Caf\u00e9, nothing.", ())


def test_workbook_with_wrong_offsets_or_several_sheets_is_refused(tmp_path):
    rows = [
        ["id", "start", "end", "label", "text", "document"],
        ["1", 4, 8, "D", "gout", "Mild gout"],
    ]
    with pytest.raises(UserError, match=r"a\.xlsx, row 2: 'gout' is not the text from 4 to 8"):
        documents(workbook(tmp_path / "a.xlsx", rows))
    with pytest.raises(UserError, match="several sheets"):
        documents(workbook(tmp_path / "b.xlsx", rows, rows))
    (tmp_path / "c.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(UserError, match=r"c\.xlsx is no Excel workbook"):
        documents(tmp_path / "c.xlsx")
