"""What `export-corpus` writes has the mentions of the corpus; what it leaves out, it says."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import corpusmith as cs
from corpusmith.cli.main import app
from corpusmith.errors import UserError
from corpusmith.extraction.export_corpus import WRITERS, export_corpus
from corpusmith.extraction.readers.read import Reading, read_documents

ROWS = [
    {"id": "a", "tokens": ["Mild", "hay", "fever", "."], "ner_tags": ["O", "B-D", "I-D", "O"]},
    {"id": "b", "tokens": ["gout", "asthma"], "ner_tags": ["B-D", "B-D"]},
    {"id": "c", "tokens": ["Nothing"], "ner_tags": ["O"]},
]
MASKED = "train: rows with masked words (tag -1), left out: 4"
MENTIONS = [["hay fever"], ["gout", "asthma"], []]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


@pytest.mark.parametrize("to", WRITERS)
def test_export_is_read_back(corpus, tmp_path, to):
    if to == "spacy":
        pytest.importorskip("spacy", reason="spaCy comes with corpusmith[documents]")
    written = export_corpus(str(corpus), to, tmp_path / "out", ["train", "validation", "test"])
    assert list(written.rows.values()) == [3, 3], "a split that is not there is left out"
    for path in written.rows:
        reading = Reading("conll") if to == "flair" else Reading()
        found = list(read_documents(path, reading))
        assert [[m.text for m in d.mentions] for d in found] == MENTIONS
        assert {m.label for d in found for m in d.mentions} == {"D"}


def test_flair_gets_two_columns_and_an_empty_line_after_each_sentence(corpus, tmp_path):
    (path,) = export_corpus(str(corpus), "flair", tmp_path / "out", ["train"]).rows
    lines = path.read_text().split("\n")
    assert lines[:6] == ["Mild\tO", "hay\tB-D", "fever\tI-D", ".\tO", "", "gout\tB-D"]


def test_full_folder_and_unknown_format_are_refused(corpus, tmp_path):
    with pytest.raises(UserError, match="holds files already"):
        export_corpus(str(corpus), "conll", corpus, ["train"])
    with pytest.raises(UserError, match="no format 'bert'"):
        export_corpus(str(corpus), "bert", tmp_path / "out", ["train"])


def test_masked_rows_and_missing_splits_are_counted(masked_dataset: Path, tmp_path: Path) -> None:
    done = export_corpus(str(masked_dataset), "conll", tmp_path / "out", ["train", "test"])
    assert done.rows == {tmp_path / "out" / "train.conll": 4}
    assert done.warnings[0] == MASKED and "has no test split" in done.warnings[1]
    words = (tmp_path / "out" / "train.conll").read_text().split()
    assert {word for word in words if word.startswith("x")} == {"x2", "x4", "x6", "x8"}


def test_command_and_function_warn(masked_dataset: Path, tmp_path: Path) -> None:
    line = ["export-corpus", str(masked_dataset), "--to", "gliner", "--out"]
    done = CliRunner().invoke(app, [*line, str(tmp_path / "a"), "--splits", "train,test"])
    assert done.exit_code == 0 and f"warning: {MASKED}\n" in done.stderr
    assert "has no test split" in done.stderr and "train.json: 4 rows" in done.stdout
    with pytest.warns(UserWarning, match="masked words") as caught:
        cs.export_corpus(masked_dataset, "gliner", tmp_path / "b", splits=["train"])
    assert [str(warning.message) for warning in caught] == [MASKED]


def test_damaged_split_is_an_error(tmp_path: Path) -> None:
    good = '{"id": "1", "tokens": ["gout"], "ner_tags": ["B-Disease"]}\n'
    (tmp_path / "train.jsonl").write_text(good)
    (tmp_path / "test.jsonl").write_text('{"id": "1", "tokens": ["gout"], "ner_tags": []}\n')
    with pytest.raises(UserError, match="1 tokens and 0 tags"):
        export_corpus(str(tmp_path), "conll", tmp_path / "out", ["train", "test"])


def test_dataset_without_any_of_the_splits_is_an_error(
    masked_dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="has no test split"):
        export_corpus(str(masked_dataset), "conll", tmp_path / "out", ["test"])
