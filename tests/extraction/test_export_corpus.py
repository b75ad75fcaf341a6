"""What `export-corpus` writes has the mentions of the corpus, in each format."""

import json
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.export_corpus import WRITERS, export_corpus
from corpusmith.extraction.readers.read import Reading, read_documents

ROWS = [
    {"id": "a", "tokens": ["Mild", "hay", "fever", "."], "ner_tags": ["O", "B-D", "I-D", "O"]},
    {"id": "b", "tokens": ["gout", "asthma"], "ner_tags": ["B-D", "B-D"]},
    {"id": "c", "tokens": ["Nothing"], "ner_tags": ["O"]},
]
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
    assert list(written.values()) == [3, 3], "a split that is not there is left out"
    for path in written:
        reading = Reading("conll") if to == "flair" else Reading()
        found = list(read_documents(path, reading))
        assert [[m.text for m in d.mentions] for d in found] == MENTIONS
        assert {m.label for d in found for m in d.mentions} == {"D"}


def test_flair_gets_two_columns_and_an_empty_line_after_each_sentence(corpus, tmp_path):
    (path,) = export_corpus(str(corpus), "flair", tmp_path / "out", ["train"])
    lines = path.read_text().split("\n")
    assert lines[:6] == ["Mild\tO", "hay\tB-D", "fever\tI-D", ".\tO", "", "gout\tB-D"]


def test_full_folder_and_unknown_format_are_refused(corpus, tmp_path):
    with pytest.raises(UserError, match="holds files already"):
        export_corpus(str(corpus), "conll", corpus, ["train"])
    with pytest.raises(UserError, match="no format 'bert'"):
        export_corpus(str(corpus), "bert", tmp_path / "out", ["train"])
