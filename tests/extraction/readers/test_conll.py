from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.readers.conll import read_conll
from corpusmith.text_files import TextFile


def read(path: Path, content: str | bytes, columns=None):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(document.tokens, document.tags) for document in read_conll(TextFile.of(path), columns)]


MUMPS = [(("Acute", "mumps"), ("B-D", "I-D"))]


@pytest.mark.parametrize(
    "content",
    [
        "Acute\tB-D\nmumps\tI-D\n",
        "Acute\tB-D\r\nmumps\tI-D\r\n",
        "Acute\tB-D\rmumps\tI-D\r",
        "\ufeff-DOCSTART- -X- O\n\nAcute B-D\nmumps I-D\n",
        "# text = Acute mumps\nAcute\tB-D\nmumps\tI-D\n",
        "###MEDLINE:7\n\nAcute\tB-D\nmumps\tI-D\n",
        "Acute\tB-D\t\nmumps\tI-D\t\n",
        "Acute\tB-D \nmumps\tI-D\n",
        "1\tAcute\tJJ\tB-D\n2\tmumps\tNN\tI-D\n",
        "1\tAcute\tJJ\tB-D\n4\tmumps\tNN\tI-D\n",  # words 2 and 3 were taken out
        "1\tAcute\tJJ\tB-D\n2-3\tmumpsis\t_\t_\n2\tmumps\tNN\tI-D\n",  # CoNLL-U: a range,
        "1\tAcute\tJJ\tB-D\n1.1\tis\t_\tO\n2\tmumps\tNN\tI-D\n",  # and an empty node
        "Acute JJ B-NP B-D\nmumps NN I-NP I-D\n",
        "token\ttag\nAcute\tB-D\nmumps\tI-D\n",
        "Acute\tB-D\nmumps\tE-D\n",
        "Acute\tB-D\nmumps\tL-D\n",
        "Acute\tI-D\nmumps\tI-D\n",
        "Acute\tB-D\nmumps\tI-D\n".encode("utf-16"),
    ],
)
def test_words_and_tags_are_read(tmp_path, content):
    assert read(tmp_path / "a.conll", content) == MUMPS


def test_document_mark_ends_sentence(tmp_path):
    found = read(tmp_path / "a.conll", "Acute\tB-D\nmumps\tI-D\n-DOCSTART-\tO\nRest\tO\n")
    assert found == [*MUMPS, (("Rest",), ("O",))]


def test_line_of_white_space_ends_sentence(tmp_path):
    assert len(read(tmp_path / "a.conll", "Rest\tO\n \t \nmumps\tB-D\n\u00a0\nmore\tO\n")) == 3


def test_no_break_space_belongs_to_word(tmp_path):
    assert read(tmp_path / "a.conll", "5\u00a0mg O\nmumps B-D\n")[0][0] == ("5\u00a0mg", "mumps")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("Acute\tB-D\tO\nmumps\tI-D\tB-V\n", "columns 2 and 3 both hold tags"),
        ("Acute O B-D\nmumps O I-D\n", "columns 2 and 3 both hold tags"),
        ("B-D\tAcute\nI-D\tmumps\n", "column 1 of 2 holds tags"),
        ("Acute B-Rare D\nmumps I-Rare D\n", "column 2 of 3 holds tags"),
        ("d1 Acute B-D\nd1 mumps I-D\nd1 . O\n", "column 1 repeats itself"),
        ("7 Acute B-D\n3 mumps I-D\n5 . O\n", "column 1 holds numbers alone, no words; choose"),
        ("1-1 Acute B-D\n1-2 mumps I-D\n", "column 1 holds numbers alone"),
        ("Acute\tb-d\n", "line 1 ends in no BIO tag"),
        ("Acute\tD\n", "line 1 ends in no BIO tag"),
        ("Acute\tB-D\nmumps\tI-D\tx\nrest\tO\n", "line 2: 3 columns"),
        ("\tO\nmumps\tB-D\n", "line 1: no word"),
        ("Acute\tB-D\nmumps\tE-D\nand\tO\nsepsis\tU-D\n", "tags of no one scheme"),
        ("Acute\tB-D\nmumps\tI\n", "tags with a type at .*line 1.* without at .*line 2"),
        ("caf\xe9\tO\n".encode("latin-1"), "line 1: not UTF-8"),
    ],
)
def test_ambiguous_or_broken_file_is_refused(tmp_path, content, problem):
    with pytest.raises(UserError, match=problem) as refused:
        read(tmp_path / "a.conll", content)
    assert "a.conll" in str(refused.value)


def test_named_columns_leave_ranges_of_conllu_out_too(tmp_path):
    content = "1-2\tI'm\tO\tO\n1\tI\tO\tO\n2\tam\tO\tB-D\n"
    found = read(tmp_path / "a.conll", content, {"word": "2", "tag": "4"})
    assert found == [(("I", "am"), ("O", "B-D"))]


def test_numbers_in_a_first_column_of_words_stay_words(tmp_path):
    assert read(tmp_path / "a.conll", "5\tO\n2-3\tO\n")[0][0] == ("5", "2-3")


def test_named_columns_select_words_and_tags(tmp_path):
    content = "1\tAcute\tB-D\tO\n2\tmumps\tI-D\tB-V\n"
    assert read(tmp_path / "a.conll", content, {"word": "2", "tag": "3"}) == MUMPS
    assert read(tmp_path / "a.conll", content, {"word": "2", "tag": "4"})[0][1] == ("O", "B-V")
