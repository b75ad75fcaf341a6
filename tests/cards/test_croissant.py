"""Read croissant.json with mlcroissant, the reference reader."""

import json
from pathlib import Path

import mlcroissant
import pytest

from corpusmith.cards import croissant
from corpusmith.cards.dataset import CorpusFacts, DatasetFacts, Split

URL = "https://huggingface.co/datasets/local/corpusmith-ner"
SPAN = [{"name": "start", "dtype": "int32"}, {"name": "text", "dtype": "string"}]


def read(text: str, folder: Path, data: Path | None = None) -> mlcroissant.Dataset:
    (folder / "croissant.json").write_text(text)
    return mlcroissant.Dataset(folder / "croissant.json", mapping={"repo": data} if data else None)


def test_full_card_is_valid_without_warning(dataset_facts: DatasetFacts, tmp_path: Path) -> None:
    metadata = read(croissant.render(dataset_facts, URL), tmp_path).metadata
    assert not metadata.issues.report()
    assert metadata.version == "0.2.0" and {record.id for record in metadata.record_sets} == {
        "demo-disease",
        "demo-gad",
        "rejected",
    }


@pytest.mark.parametrize("columns", [("id", "string"), ("score", "float64")])
def test_rows_are_read_with_their_types(tmp_path: Path, columns: tuple[str, str]) -> None:
    """One row with a list, a list of structures and a structure, from Parquet."""
    import pyarrow
    from pyarrow import parquet

    name, kind = columns
    row = {
        name: "x" if kind == "string" else 0.5,
        "tags": [0, 1],
        "entities": [{"start": 3, "text": "abc"}],
        "head": {"start": 1, "text": "h"},
    }
    (tmp_path / "data" / "words").mkdir(parents=True)
    parquet.write_table(
        pyarrow.Table.from_pylist([row]), tmp_path / "data/words/train-00000-of-00001.parquet"
    )
    features = (
        {"name": name, "dtype": kind},
        {"name": "tags", "list": {"class_label": {"names": {"0": "O", "1": "B"}}}},
        {"name": "entities", "list": SPAN},
        {"name": "head", "struct": SPAN},
    )
    facts = DatasetFacts(
        "you/c",
        "v0.1.0",
        (CorpusFacts("words", "ner", splits=(Split("train", 1),), features=features),),
    )
    (record,) = read(croissant.render(facts, URL), tmp_path, tmp_path).records("words")
    assert record["words/split"] == b"train"
    assert record[f"words/{name}"] == (b"x" if kind == "string" else 0.5)
    assert list(record["words/tags"]) == [0, 1]
    assert [
        (int(e["words/entities/start"]), e["words/entities/text"]) for e in record["words/entities"]
    ] == [(3, b"abc")]
    assert record["words/head"]["words/head/text"] == b"h"


def test_unknown_facts_are_left_out(tmp_path: Path) -> None:
    document = json.loads(
        croissant.render(DatasetFacts("you/c", "v0.1.0", (CorpusFacts("words", "ner"),)), URL)
    )
    assert not {"license", "recordSet", "datePublished"} & document.keys()
    assert [part["@id"] for part in document["distribution"]] == ["repo"]
