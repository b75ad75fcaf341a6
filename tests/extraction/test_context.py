"""What English text says of mentions. The sentences are our own."""

import pytest
import yaml

from corpusmith.extraction.context import PHRASES, Context
from corpusmith.extraction.document import Document, Mention

pytest.importorskip("negspacy", reason="negspacy comes with corpusmith[documents]")

NEGATED, POSSIBLE, HYPOTHETICAL = ("negated",), ("possible",), ("hypothetical",)
HISTORICAL, OTHER, NOTHING = ("historical",), ("other_person",), ()


@pytest.fixture(scope="module")
def context():
    return Context()


def mentioned(text: str, *names: str) -> Document:
    places = [(text.index(name), text.index(name) + len(name), name) for name in names]
    return Document("1", text, tuple(Mention(a, b, "D", name) for a, b, name in places))


def said(context: Context, text: str, *names: str) -> dict[str, tuple[str, ...]]:
    return {m.text: m.attributes for m in context(mentioned(text, *names)).mentions}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is no evidence of deep vein thrombosis.", {"deep vein thrombosis": NEGATED}),
        ("Her mother had breast cancer at 50.", {"breast cancer": OTHER}),
        ("Colon cancer in her father.", {"Colon cancer": OTHER}),
        ("Family history of gout in two uncles.", {"gout": OTHER}),
        ("A history of asthma since 1990.", {"asthma": HISTORICAL}),
        ("Myocardial infarction five years ago.", {"Myocardial infarction": HISTORICAL}),
        ("If you develop chest pain, call us.", {"chest pain": HYPOTHETICAL}),
        ("Return if bleeding occurs.", {"bleeding": HYPOTHETICAL}),
        ("CT to rule out pulmonary embolism.", {"pulmonary embolism": POSSIBLE}),
        ("Pulmonary embolism was ruled out.", {"Pulmonary embolism": NEGATED}),
        ("Pulmonary embolism cannot be ruled out.", {"Pulmonary embolism": POSSIBLE}),
        ("No history of stroke.", {"stroke": (*NEGATED, *HISTORICAL)}),
        ("He doesn't have diabetes.", {"diabetes": NEGATED}),
        ("Hepatitis B: negative.", {"Hepatitis B": NEGATED}),
        ("Mutations in CFTR cause cystic fibrosis.", {"cystic fibrosis": NOTHING}),
    ],
)
def test_phrase_marks_mention(context, text, expected):
    assert said(context, text, *expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever, chills or cough.", dict.fromkeys(["fever", "chills", "cough"], NEGATED)),
        ("No fever but cough.", {"fever": NEGATED, "cough": NOTHING}),
        ("She denies mumps. Ague came back.", {"mumps": NEGATED, "Ague": NOTHING}),
        ("Mumps came back. She denies ague.", {"Mumps": NOTHING, "ague": NEGATED}),
        ("Gout was ruled out, but mumps was found.", {"Gout": NEGATED, "mumps": NOTHING}),
        (
            "History of asthma, presents with pneumonia.",
            {"asthma": HISTORICAL, "pneumonia": NOTHING},
        ),
        ("Her mother had gout and she has asthma.", {"gout": OTHER, "asthma": NOTHING}),
        ("- no mass\n- cysts on the right", {"mass": NEGATED, "cysts": NOTHING}),
    ],
)
def test_scope_ends(context, text, expected):
    assert said(context, text, *expected) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mother reports fever for three days.", "fever"),
        ("History of present illness: cough for a week.", "cough"),
        ("No change in the known angioma.", "angioma"),
        ("A 45-year old man with hypertension.", "hypertension"),
    ],
)
def test_phrase_that_only_contains_a_trigger_marks_nothing(context, text, name):
    assert said(context, text, name) == {name: NOTHING}


def test_phrase_matches_over_line_ends_and_spaces(context):
    assert said(context, "No evidence\n  of gout.", "gout") == {"gout": NEGATED}


def test_nested_mentions_are_marked_alike(context):
    found = mentioned("He denies breast cancer.", "breast cancer", "cancer")
    kept = context(found).mentions
    assert [m.attributes for m in kept] == [NEGATED, NEGATED]
    assert [(m.start, m.end) for m in kept] == [(m.start, m.end) for m in found.mentions]


def test_heading_does_not_reach_the_next_line(context):
    """Documented: sections are not known."""
    text = "FAMILY HISTORY:\nDiabetes."
    assert said(context, text, "Diabetes") == {"Diabetes": NOTHING}


def test_every_phrase_is_a_text_of_its_own():
    """YAML reads a bare `no` as false; a phrase in two lists of one attribute is an error."""
    given = yaml.safe_load(PHRASES.read_text())
    for attribute, parts in given["attributes"].items():
        for part, phrases in parts.items():
            assert all(isinstance(phrase, str) for phrase in phrases), (attribute, part)
            assert len(phrases) == len(set(phrases)), (attribute, part)
