"""Context of mentions in English text: negated, possible, hypothetical, historical, other_person.

The algorithm is NegEx (Chapman et al. 2001) as negspacy implements it, run once per attribute with
the phrases of ConText (Harkema et al. 2009), which are in `builders/words/context.yaml`. A scope
ends with the sentence or list item at the latest, so a heading ("FAMILY HISTORY") doesn't affect
the sentences below it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import yaml

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention
from corpusmith.files import shipped
from corpusmith.inference import LONE_SURROGATE, WORDS, Entity, sentences

PHRASES = shipped("builders", "words", "context.yaml")
GROUP = "mentions"  # of spans, in the docs that negspacy gets
LIST_ITEM = re.compile(r"\n\s*(?=(?:[-*+\u2022]|\d{1,2}[.)])\s)")
"""Matches the white space before an item of a list; each item counts as a sentence."""
PARTS = {  # of an attribute in the file, as negspacy calls them
    "before": "preceding_negations",
    "after": "following_negations",
    "pseudo": "pseudo_negations",
    "ends": "termination",
}


class Context:
    """Adds attributes to mentions; for `Extractor(annotate=[Context()])`.

    Raises:
        UserError: when negspacy is not installed.
    """

    def __init__(self) -> None:
        try:
            import spacy
            from negspacy.negation import Negex
        except ImportError as error:
            raise UserError(
                "the context of mentions needs negspacy: pip install 'corpusmith[documents]'"
            ) from error
        nlp = spacy.blank("en")
        self.vocab = nlp.vocab
        nlp.tokenizer = PhraseTokenizer(self.vocab)
        self.finders = {
            attribute: Negex(
                nlp,
                name=attribute,
                neg_termset=terms,
                extension_name=f"corpusmith_{attribute}",
                span_keys=[GROUP],
            )
            for attribute, terms in term_sets().items()
        }

    def __call__(self, document: Document) -> Document:
        if not document.mentions:
            return document
        doc, places = doc_of(document.text, document.mentions, self.vocab)
        for finder in self.finders.values():
            finder(doc)
        mentions = [
            replace(m, attributes=(*m.attributes, *self.said_of(doc[first:last])))
            for m, (first, last) in zip(document.mentions, places, strict=True)
        ]
        return replace(document, mentions=tuple(mentions))

    def said_of(self, span: Any) -> Iterator[str]:
        for attribute, finder in self.finders.items():
            if span._.get(finder.extension_name):
                yield attribute


def term_sets() -> dict[str, dict[str, list[str]]]:
    """The shipped phrases of each attribute, under negspacy's names."""
    given = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    found = {}
    for attribute, phrases in given["attributes"].items():
        parts = {part: list(with_persons(phrases[part], given["persons"])) for part in PARTS}
        parts["ends"] += given["ends"]
        found[attribute] = {PARTS[part]: terms for part, terms in parts.items()}
    return found


def with_persons(phrases: Iterable[str], persons: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        if "{person}" in phrase:
            yield from (phrase.format(person=person) for person in persons)
        else:
            yield phrase


def doc_of(text: str, mentions: Iterable[Mention], vocab: Any) -> tuple[Any, list[tuple[int, int]]]:
    """A Doc of the words without white space, so that phrases match across line ends, and the
    place of each mention in it.
    """
    from spacy.tokens import Doc, Span

    mentions = list(mentions)
    edges = sorted({edge for m in mentions for edge in (m.start, m.end)})
    words = list(words_of(text, edges))
    starts = [start for start, _ in words]
    doc = Doc(vocab, words=[text[start:end] for start, end in words])
    entities = [Entity(m.start, m.end, m.label, m.text, 1.0) for m in mentions]
    begins = {bisect_left(starts, start) for start, _ in sentences(text, entities)}
    begins |= {bisect_left(starts, item.end()) for item in LIST_ITEM.finditer(text)}
    for token in doc:
        token.is_sent_start = token.i == 0 or token.i in begins
    places = [(bisect_left(starts, m.start), bisect_left(starts, m.end)) for m in mentions]
    doc.spans[GROUP] = [Span(doc, first, last) for first, last in set(places) if first < last]
    return doc, places


def words_of(text: str, edges: list[int]) -> Iterator[tuple[int, int]]:
    """[start, end) of each word, cut where mentions begin and end."""
    for _, (start, end) in WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)):
        inside = edges[bisect_right(edges, start) : bisect_left(edges, end)]
        yield from pairwise([start, *inside, end])


class PhraseTokenizer:
    """Splits phrases into words as `doc_of` splits texts."""

    def __init__(self, vocab: Any) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Any:
        return doc_of(text, (), self.vocab)[0]

    def pipe(self, texts: Iterable[str]) -> Iterator[Any]:
        return map(self, texts)
