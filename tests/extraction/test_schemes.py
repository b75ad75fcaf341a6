import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB2, IOBES

from corpusmith.errors import UserError
from corpusmith.evaluation.metrics import span_scores, spans
from corpusmith.extraction.schemes import to_bio

TYPES = st.sampled_from(["D", "Cell-line"])


@st.composite
def spanned(draw):
    """(length, spans) of a sentence; spans don't overlap, neighbours may touch."""
    length = draw(st.integers(1, 12))
    found, at = [], 0
    while at < length:
        size = draw(st.integers(1, 3))
        if draw(st.booleans()) and at + size <= length:
            found.append((draw(TYPES), at, at + size))
        at += size
    return length, found


def tagged(length, found, single, begin, inside, end):
    """Tags of a scheme, given by its letters."""
    tags = ["O"] * length
    for label, first, last in found:
        letters = [begin, *[inside] * (last - first - 2), end][: last - first]
        for at, letter in zip(
            range(first, last), [single] if last - first == 1 else letters, strict=True
        ):
            tags[at] = f"{letter}-{label}"
    return tags


SCHEMES = {"BIO": ("BBII", IOB2), "BIOES": ("SBIE", IOBES), "BILOU": ("UBIL", BILOU)}


@pytest.mark.parametrize("scheme", SCHEMES)
@given(gold=spanned(), data=st.data())
def test_scores_equal_seqeval_and_nervaluate_on_every_scheme(scheme, gold, data):
    letters, theirs = SCHEMES[scheme]
    length, truth = gold
    guessed = data.draw(spanned().filter(lambda s: s[0] == length) | st.just(gold))[1]
    one, other = (tagged(length, found, *letters) for found in (truth, guessed))
    ours = span_scores([one], [other])["strict_f1"]
    assert ours == span_scores(to_bio([("", one)]), to_bio([("", other)]))["strict_f1"]
    if truth or guessed:
        assert ours == pytest.approx(
            100 * f1_score([one], [other], mode="strict", scheme=theirs, zero_division=0)
        )
        sides = [
            [[{"label": t, "start": a, "end": b - 1} for t, a, b in found]]
            for found in (truth, guessed)
        ]
        names = ["D", "Cell-line"]
        strict = Evaluator(*sides, tags=names, loader="dict").evaluate()["overall"]["strict"]
        assert ours == pytest.approx(100 * strict.f1)


@given(st.lists(st.builds("{}-{}".format, st.sampled_from("BIES"), TYPES) | st.just("O")))
def test_malformed_tags_are_read_like_seqeval(tags):
    assert spans(tags) == [(label, first, last + 1) for label, first, last in get_entities(tags)]


def test_file_of_one_scheme_is_converted_whole():
    rows = [("a", ["B-D", "L-D", "O"]), ("b", ["U-D"])]
    assert to_bio(rows) == [("B-D", "I-D", "O"), ("B-D",)]
    assert to_bio([("a", ["B-D", "M-D", "E-D", "S-D"])]) == [("B-D", "I-D", "I-D", "B-D")]


def test_two_schemes_in_one_file_are_refused():
    with pytest.raises(UserError, match="E- at a, U- at b"):
        to_bio([("a", ["E-D"]), ("b", ["U-D"])])


def test_metric_refuses_tag_without_prefix():
    with pytest.raises(ValueError, match="'Disease' is no tag"):
        span_scores([["Disease"]], [["O"]])
