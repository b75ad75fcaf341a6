"""CSV and TSV: rows of words, mentions and texts."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.readers.table import read_table
from corpusmith.text_files import TextFile


def read(folder: Path, content: str, bad=None, name: str = "a.csv"):
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return list(read_table(TextFile.of(path), None, bad))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("doc_id,sentence_id,word,tag\nA,1,Gout,B-D\nB,1,Ague,I-D\n", [("Gout",), ("Ague",)]),
        (
            "id,sentence_id,word,tag\nA,1,Bad,B-D\n,,gout,I-D\nB,1,Ague,I-D\nB,2,rose,O\n",
            [("Bad", "gout"), ("Ague",), ("rose",)],
        ),
        (
            "id,sentence_id,word,tag\n1,1,Bad,B-D\n2,1,gout,I-D\n3,2,rose,O\n",
            [("Bad", "gout"), ("rose",)],
        ),
    ],
)
def test_equal_sentence_numbers_of_two_documents_are_two_sentences(tmp_path, content, words):
    """An id that differs in each row numbers the words."""
    assert [document.tokens for document in read(tmp_path, content)] == words


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("id;text\n1;Gout rose\n;\n2;Ague fell\n;;;\n", ["Gout rose", "Ague fell"]),
        (",text\n0,Gout rose\n1,Ague fell\n", ["Gout rose", "Ague fell"]),
        ("sep=;\r\nid;text\r\n1;Gout, mild\r\n", ["Gout, mild"]),
        ("SEP=|\nid|text\n1|Gout, mild; or not\n", ["Gout, mild; or not"]),
        ("\ttext\n0\tGout rose\n", ["Gout rose"]),
    ],
)
def test_tables_of_spreadsheets_and_pandas_are_read(tmp_path, content, texts):
    assert [document.text for document in read(tmp_path, content)] == texts


def test_decimal_comma_of_a_score_is_read(tmp_path):
    content = "id;start;end;label;mention;score;text\n1;0;4;D;Gout;0,95;Gout rose\n"
    assert read(tmp_path, content)[0].mentions[0].score == 0.95


HEAD = "id,start,end,label,mention,text"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("text,,label\na,b,c\n", "line 1: a column has no name; name each"),
        ("text,text\na,b\n", "line 1: the column 'text' is there twice"),
        (f"{HEAD},score\n1,0,4,D,Gout,Gout,n/a\n", "row 2: the score 'n/a' is no number; write"),
        (f"{HEAD},relations\n1,0,4,D,Gout,Gout,cousin\n", "row 2: relations holds 'cousin', not"),
        (
            f'{HEAD},relations\n1,0,4,D,Gout,Gout,"[[0,1,""R""]]"\n',
            "row 2: relations name entities",
        ),
        ("sep=;\nid;text\n1\n", "row 3: 1 cells for 2 columns"),
    ],
)
def test_wrong_tables_are_refused(tmp_path, content, problem):
    with pytest.raises(UserError, match=f"a.csv, {problem}"):
        read(tmp_path, content)
