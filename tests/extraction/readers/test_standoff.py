"""BRAT, PubTator and BioC: offsets beside a text."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.readers.bioc import read_bioc
from corpusmith.extraction.readers.brat import read_brat
from corpusmith.extraction.readers.pubtator import read_pubtator
from corpusmith.text_files import TextFile

TEXT = "Ague rose.\nThen mumps fell.\n"
ANN = "T1\tD 0 4\tAgue\nT2\tD 16 21\tmumps\n"


def brat(folder: Path, text: str | bytes, annotations: str):
    (folder / "a.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "a.ann").write_bytes(annotations.encode())
    (document,) = read_brat(folder)
    return document


def found(document) -> list[tuple[str, str]]:
    return [(m.label, document.text[m.start : m.end]) for m in document.mentions]


@pytest.mark.parametrize(
    ("text", "annotations"),
    [
        (TEXT, ANN),
        (TEXT, "\ufeff" + ANN.replace("\n", "\r\n")),
        ("\ufeff" + TEXT, ANN),
        (TEXT.replace("\n", "\r\n"), ANN),  # a line end counted as one character
        (TEXT.replace("\n", "\r\n"), ANN.replace("16 21", "17 22")),
        (TEXT, ANN.replace("D 16", "D  16")),
        (TEXT, ANN.replace("D 16", "D\t16")),
        (
            TEXT,
            ANN + "#1\tAnnotatorNotes T1\tsee chart\nE1\tD:T1\n*\tEquiv T1 T2\nA1\tNegated T2\n",
        ),
    ],
)
def test_brat_offsets_match_mention_text(tmp_path, text, annotations):
    assert found(brat(tmp_path, text, annotations)) == [("D", "Ague"), ("D", "mumps")]


@pytest.mark.parametrize("start", [3, 5])
def test_utf16_and_byte_offsets_are_converted(tmp_path, start):
    """After an emoji of two UTF-16 units and four bytes."""
    document = brat(tmp_path, "\U0001f9ea ague", f"T1\tD {start} {start + 4}\tague\n")
    assert found(document) == [("D", "ague")]


def test_brat_label_with_space_keeps_its_name(tmp_path):
    assert found(brat(tmp_path, TEXT, "T1\tRare D 0 4\tAgue\n")) == [("Rare D", "Ague")]


def test_brat_pieces_across_line_end_are_one_mention(tmp_path):
    (mention,) = brat(tmp_path, "ague of\nchildren", "T1\tD 0 7;8 16\tague of children\n").mentions
    assert (mention.start, mention.end, mention.fragments) == (0, 16, ())


def test_brat_discontinuous_mention_keeps_its_pieces(tmp_path):
    (mention,) = brat(tmp_path, "hay or spring fever", "T1\tD 0 3;14 19\thay fever\n").mentions
    assert mention.fragments == ((0, 3), (14, 19))


def test_brat_relations_attributes_and_concepts(tmp_path):
    lines = "R1\tCauses Arg1:T1 Arg2:T2\nA1\tNegated T2\nN1\tReference T1 MESH:D1\tague\n"
    document = brat(tmp_path, TEXT, ANN + lines)
    assert [(p.head, p.tail, p.label) for p in document.relations] == [(0, 1, "Causes")]
    assert document.mentions[0].concept_id == "MESH:D1"
    assert document.mentions[1].attributes == ("Negated",)


@pytest.mark.parametrize(
    ("annotations", "problem"),
    [
        ("T1\tD 0 4\tgout\n", "line 1: 'gout' is not the text from 0 to 4, which is 'Ague'"),
        ("T1\tD 0 4\n", "line 1: no text after the offsets"),
        ("T1\tD 4 0\tAgue\n", "line 1: the offsets 4 0 hold no text"),
        ("T1\tD 0 0\t\n", "line 1"),
        ("T1\tD 90 94\tAgue\n", "line 1: an entity from 90 to 94 is outside the text"),
        ("t1\tD 0 4\tAgue\n", "line 1: 't1.* is no line of BRAT"),
        ("T1 D 0 4 Ague\n", "line 1: .*is no line of BRAT"),
        ("T1\tD 0 4\tAgue\nT1\tD 16 21\tmumps\n", "line 2: T1 is there already"),
        (ANN + "R1\tCauses Arg1:T1 Arg2:T9\n", "line 3: relates T1 and T9"),
    ],
)
def test_invalid_brat_line_is_refused(tmp_path, annotations, problem):
    with pytest.raises(UserError, match=f"a.ann, {problem}"):
        brat(tmp_path, TEXT, annotations)


def test_brat_file_without_its_partner_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    with pytest.raises(UserError, match=r"a\.txt has no a\.ann beside it"):
        list(read_brat(tmp_path))
    (tmp_path / "a.txt").rename(tmp_path / "a.ann")
    with pytest.raises(UserError, match=r"a\.ann has no a\.txt beside it"):
        list(read_brat(tmp_path))


def test_brat_lines_of_events_are_counted(tmp_path):
    """And a clinical remark is no score."""
    events = (
        "E1\tRise:T1\nE2\tFall:T2\nR1\tCause Arg1:E1 Arg2:E2\nR2\tCause Arg1:T1 Arg2:E2\n"
        "N1\tReference E1 X:1\trise\n#1\tAnnotatorNotes T1\tscore 3-4\n"
    )
    document = brat(tmp_path, TEXT, ANN + events)
    assert (document.event_lines, document.relations, len(document.mentions)) == (5, (), 2)
    assert document.mentions[0].score is None


PUBTATOR = (
    "p-7|t|Ague rose.\np-7|a|Then mumps.\np-7\t0\t4\tAgue\tD\tX1\np-7\t16\t21\tmumps\tD\tX2\n"
)


def pubtator(path: Path, content: str):
    path.write_bytes(content.encode())
    return list(read_pubtator(TextFile.of(path)))


@pytest.mark.parametrize(
    "content",
    [
        PUBTATOR,
        "\ufeff" + PUBTATOR.replace("\n", "\r\n"),
        PUBTATOR.replace("p-7\t0", "\np-7\t0"),
        PUBTATOR.replace("\tX1", "").replace("\tX2", ""),
        PUBTATOR + "p-7\tCID\tX1\tX2\n",
    ],
)
def test_pubtator_offsets_match_mention_text(tmp_path, content):
    (document,) = pubtator(tmp_path / "a.pubtator", content)
    assert found(document) == [("D", "Ague"), ("D", "mumps")]
    assert document.id == "p-7"


def test_pubtator_title_begins_document_without_blank_line(tmp_path):
    second = PUBTATOR.replace("p-7", "8")
    first, other = pubtator(tmp_path / "a.pubtator", PUBTATOR + second)
    assert (first.id, other.id, found(first)) == ("p-7", "8", found(other))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("\t0\t4\t", "\t1\t5\t", "line 3: 'Ague' is not the text from 1 to 5"),
        ("\t0\t4\t", "\t0.0\t4.0\t", "line 3: no entity"),
        ("\t0\t4\t", "\t-1\t4\t", "line 3: no entity"),
        ("\t0\t4\t", "\tp-7\t4\t", "line 3: no entity"),
        ("p-7\t0", "9\t0", "line 3: belongs to document 9"),
        ("p-7\t0\t4\tAgue\tD\tX1", "p-7 0 4 Ague D X1", "line 3: no tabs"),
        ("\tD\tX1", "", "line 3: no entity"),
        ("p-7|a", "p-8|a", "line 2: an abstract without its title"),
        ("\t0\t4\tAgue", "\t0\t0\t", "line 3: an entity from 0 to 0 holds no text"),
    ],
)
def test_invalid_pubtator_line_is_refused(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=f"a.pubtator, {problem}"):
        pubtator(tmp_path / "a.pubtator", PUBTATOR.replace(old, new))


def test_error_names_unicode_form_of_mention(tmp_path):
    with pytest.raises(UserError, match="NFC, NFD"):
        pubtator(
            tmp_path / "a.pubtator",
            "1|t|Me\u0301nie\u0300re rose\n1\t0\t7\tM\u00e9ni\u00e8re\tD\tX\n",
        )


BIOC = """<?xml version="1.0" encoding="UTF-8"?>
<collection><document><id>4</id>
<passage><offset>0</offset><text>Ague rose.</text>
<annotation id="a"><infon key="type">D</infon><infon key="identifier">X1</infon>
<location offset="0" length="4"/><text>Ague</text></annotation></passage>
<passage><offset>12</offset><text>Then mumps.</text>
<annotation id="b"><infon key="type">D</infon><location offset="17" length="5"/>
<text>mumps</text></annotation></passage>
<relation id="r"><infon key="type">Causes</infon><node refid="a" role=""/>
<node refid="b" role=""/></relation>
</document></collection>"""


def bioc(path: Path, content: str):
    path.write_text(content)
    return list(read_bioc(TextFile.of(path)))


def test_bioc_passages_are_placed_at_their_offsets(tmp_path):
    (document,) = bioc(tmp_path / "a.xml", BIOC)
    assert document.text == "Ague rose.  Then mumps."
    assert found(document) == [("D", "Ague"), ("D", "mumps")]
    assert (document.mentions[0].concept_id, document.relations[0].label) == ("X1", "Causes")


@pytest.mark.parametrize("empty", ["<text></text>", "<text>\n</text>", ""])
def test_bioc_passage_without_text_is_its_sentences(tmp_path, empty):
    sentence = (
        "<sentence><offset>0</offset><text>Ague rose.</text><annotation id='a'><infon key='type'>"
        "D</infon><location offset='0' length='4'/><text>Ague</text></annotation></sentence>"
    )
    passage = f"<passage><offset>0</offset>{empty}{sentence}</passage>"
    (document,) = bioc(tmp_path / "a.xml", f"<document><id>1</id>{passage}</document>")
    assert (document.text, found(document)) == ("Ague rose.", [("D", "Ague")])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('offset="17"', 'offset="18"', "document 4: 'mumps' is not the text from 18 to 23"),
        ("<offset>12<", "<offset>5<", "document 4: the passage at offset 5 begins inside"),
        ("<offset>12<", "<offset>x<", "document 4: 'x' is no offset"),
        ("</passage>", "", "not XML"),
        ("<collection>", '<!DOCTYPE c [<!ENTITY a "b">]><collection>', "XML entities are not read"),
        ('<infon key="type">D</infon>', "", "annotation a: needs"),
        ("<infon", '<infon key="score">high</infon><infon', "annotation a: the score 'high' is no"),
    ],
)
def test_invalid_bioc_is_refused(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=f"a.xml.*{problem}"):
        bioc(tmp_path / "a.xml", BIOC.replace(old, new))
