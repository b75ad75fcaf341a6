"""Each reader reads its writer's output back unchanged."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, MentionPair
from corpusmith.extraction.readers.read import Reading, read_documents
from corpusmith.extraction.writers.formats import STREAMED, WHOLE, format_of_output

# A combining mark, an emoji, quotes, formulas, markup, white space of every kind, no control codes.
TEXT = st.text(
    alphabet="ab E\u0301\U0001f9ea\u2028\u00a0\"'=+-,;|<>&[]{}#\t\r\n.", min_size=1, max_size=40
)
WORD = st.text(alphabet="abcE\u0301\U0001f9ea<&'\"=", min_size=1, max_size=6)
MENTION = st.tuples(
    st.sampled_from(["Disease", "Cell-line"]),
    st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    st.none() | st.just("MESH:D1"),
    st.sampled_from([(), ("negated",), ("negated", "historical")]),
)


@st.composite
def documents(draw):
    """Documents with mentions of words between texts, and a relation between the first two."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        text, mentions = "", []
        for before, word, facts in draw(st.lists(st.tuples(TEXT, WORD, MENTION), max_size=3)):
            text += before + " "
            label, score, concept, attributes = facts
            mentions.append(
                Mention(
                    len(text), len(text) + len(word), label, word, score, concept, (), attributes
                )
            )
            text += word + " "
        text += draw(TEXT)
        pairs = (MentionPair(1, 0, "Causes", 0.5),) if len(mentions) > 1 else ()
        found.append(Document(f"d{number}", text, tuple(mentions), pairs))
    return found


def written(found, to: str):
    """Write and read again, without the fields that the reader sets: where, tokens and tags."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / f"documents.{to}"
        if to in STREAMED:
            with path.open("w", encoding="utf-8", newline="") as file:
                STREAMED[to](iter(found), file)
        else:
            WHOLE[to](iter(found), path)
        formats = {"jsonl": "json", "csv": "table", "label-studio": "json"}
        again = list(read_documents(path, Reading(formats.get(to, to))))
    return [replace(d, where="", tokens=None, tags=None) for d in again]


@settings(deadline=None, max_examples=60)
@given(documents())
@pytest.mark.parametrize("to", ["jsonl", "csv", "brat", "parquet"])
def test_everything_is_read_back(to, found):
    assert written(found, to) == found


@settings(deadline=None, max_examples=60)
@given(documents())
def test_bioc_keeps_everything(found):
    assert written(found, "bioc") == found


@settings(deadline=None, max_examples=60)
@given(documents())
def test_label_studio_keeps_everything(found):
    assert written(found, "label-studio") == found


@settings(deadline=None, max_examples=60)
@given(documents())
def test_pubtator_keeps_places_labels_and_concepts(found):
    expected = [
        replace(
            d,
            text=re.sub(r"[\t\r\n]", " ", d.text),
            relations=(),
            mentions=tuple(replace(m, score=None, attributes=()) for m in d.mentions),
        )
        for d in found
    ]
    assert written(found, "pubtator") == expected


@settings(deadline=None, max_examples=30)
@given(documents())
def test_docbin_keeps_places_labels_concepts_and_attributes(found):
    pytest.importorskip("spacy")
    expected = [
        replace(d, relations=(), mentions=tuple(replace(m, score=None) for m in d.mentions))
        for d in found
    ]
    assert written(found, "docbin") == expected


@settings(deadline=None, max_examples=60)
@given(documents())
def test_conll_keeps_words_and_tags(found):
    """Its text has one space between two words; documents without a word are left out."""

    def spelled(documents):
        texts = ["".join(d.text.split()) for d in documents]
        said = [[(m.label, "".join(m.text.split())) for m in d.mentions] for d in documents]
        return [pair for pair in zip(texts, said, strict=True) if pair[0]]

    again = written(found, "conll")
    assert spelled(again) == spelled(found)


class Page(HTMLParser):
    """The texts of the articles, and the marked texts with their notes."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.texts: list[str] = []
        self.marks: list[list[str]] = []

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        if tag == "article":
            self.texts.append("")
        if tag == "mark":
            self.marks.append(["", ""])

    def handle_endtag(self, tag):
        self.inside.remove(tag)

    def handle_data(self, data):
        if "article" not in self.inside:
            return
        note = "small" in self.inside
        if "mark" in self.inside:
            self.marks[-1][note] += data
        if not note:
            self.texts[-1] += data


@settings(deadline=None, max_examples=60)
@given(documents())
def test_html_shows_every_text_and_mention(found):
    file = io.StringIO()
    STREAMED["html"](iter(found), file)
    page = Page()
    page.feed(file.getvalue())
    mentions = [m for d in found for m in d.mentions]
    assert page.texts == [d.text for d in found]
    assert [text for text, _ in page.marks] == [m.text for m in mentions]
    for (_, note), m in zip(page.marks, mentions, strict=True):
        assert note.split()[0] == m.label and set(m.attributes) <= set(note.split())


def test_discontinuous_mention_is_read_back_in_pieces():
    mention = Mention(0, 19, "D", "hay fever", fragments=((0, 3), (14, 19)))
    found = [Document("1", "hay or spring fever", (mention,))]
    for to in ("jsonl", "brat", "bioc", "parquet"):
        assert written(found, to) == found


def test_html_shows_markup_as_text():
    found = [Document("<1>", "a <b> & c", (Mention(2, 5, "D", "<b>"),))]
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "a.html"
        with path.open("w") as file:
            STREAMED["html"](iter(found), file)
        page = path.read_text()
    assert "a <mark>&lt;b&gt;<small>D</small></mark> &amp; c" in page
    assert "&lt;1&gt;" in page


@pytest.mark.parametrize(
    ("ids", "problem"),
    [(["../a"], "can't be a file name"), (["a", "a"], "two documents have the id a")],
)
def test_brat_refuses_ids_that_are_not_file_names(tmp_path, ids, problem):
    with pytest.raises(UserError, match=problem):
        WHOLE["brat"]((Document(name, "x", ()) for name in ids), tmp_path)


def test_output_without_a_known_suffix_needs_a_format():
    assert format_of_output(Path("a.csv"), None) == "csv"
    assert format_of_output(None, None) == "jsonl"
    with pytest.raises(UserError, match="names no format"):
        format_of_output(Path("a"), None)
    with pytest.raises(UserError, match="no format 'doc'"):
        format_of_output(None, "doc")
