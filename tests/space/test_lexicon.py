import gzip
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.space.lexicon import Lexicon, concept_url, key, lexicon_of, read_name_table

NAMES = Lexicon(
    "Disease",
    {"cystic fibrosis": "X:1", "fibrosis": "X:2", "breast cancer": "X:3"},
    frozenset({"cancer"}),
)


def test_lexicon_file_is_read_with_its_notes(lexicon: Path) -> None:
    read = lexicon_of("Disease", read_name_table(lexicon))
    assert read.concept_id("Bronchial  ASTHMA") == "MESH:D001249"
    assert read.attribution == "Written for this test."
    assert read.matches("A disease.") == []


def test_names_of_two_letters_are_left_out(lexicon: Path) -> None:
    assert lexicon_of("Disease", read_name_table(lexicon)).concept_id("CF") is None


def test_plural_is_matched_to_its_concept() -> None:
    assert NAMES.concept_id("breast cancers") == "X:3"


def test_longest_name_is_matched() -> None:
    text = "Cystic-fibrosis, not fibrosis."
    assert [(text[m.start : m.end], m.concept_id) for m in NAMES.matches(text)] == [
        ("Cystic-fibrosis", "X:1"),
        ("fibrosis", "X:2"),
    ]


def test_acronym_is_matched_in_capitals_only() -> None:
    genes = Lexicon("Gene", {"SET": "HGNC:1", "brain natriuretic peptide": "HGNC:2"})
    assert [m.concept_id for m in genes.matches("We set SET and Brain natriuretic peptide.")] == [
        "HGNC:1",
        "HGNC:2",
    ]
    assert (key("SET"), key("HbA1c"), key("Asthma"), key("NEUROFIBROMATOSIS")) == (
        "SET",
        "HbA1c",
        "asthma",
        "neurofibromatosis",
    )


@given(st.text(alphabet="cystic fibro-.,\n ") | st.text())
def test_matches_are_in_text_and_do_not_overlap(text: str) -> None:
    matches = NAMES.matches(text)
    assert all(0 <= m.start < m.end <= len(text) for m in matches)
    assert all(a.end <= b.start for a, b in pairwise(matches))


def test_concept_has_url() -> None:
    assert concept_url("MESH:D001249") == "https://identifiers.org/MESH:D001249"


@pytest.mark.parametrize(
    "content",
    [
        b"plain text",
        gzip.compress(b"a\tb\n1\t2\n"),
        gzip.compress("concept_id\tname\tsynonyms\nMESH:1\tMénière\t\n".encode("latin-1")),
        gzip.compress(b"concept_id\tname\tsynonyms\nMESH:1\tasthma\t\n" * 99)[:-20],
        gzip.compress(b"concept_id\tname\tsynonyms\nMESH:1\n"),
        b"",
    ],
    ids=["no gzip", "other columns", "Latin-1", "cut", "short line", "empty"],  # gzip has the time
)
def test_damaged_lexicon_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "disease.tsv.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"disease\.tsv\.gz is not a lexicon"):
        read_name_table(path)


@pytest.mark.parametrize("notes", ["[", "- a", "stop: 7", "\xff"])
def test_damaged_notes_of_lexicon_are_one_clear_error(tmp_path: Path, notes: str) -> None:
    path = tmp_path / "disease.tsv.gz"
    path.write_bytes(gzip.compress(b"concept_id\tname\tsynonyms\nMESH:1\tasthma\t\n"))
    path.with_name("disease.yaml").write_bytes(notes.encode("latin-1"))
    with pytest.raises(ValueError, match="is not a lexicon"):
        read_name_table(path)
