"""spaCy: documents as Doc and DocBin, and the pipeline component `corpusmith`.

    nlp = spacy.blank("en")
    lexicon = {"Disease": "diseases.tsv"}
    nlp.add_pipe("corpusmith", config={"model": "models/disease", "lexicon": lexicon})
    [(e.text, e.label_, e.kb_id_) for e in nlp("Mutations in CFTR cause cystic fibrosis.").ents]

`lexicon` has a list of names for each label. `kb_id_` is the concept id of a listed name, otherwise
empty. With `"context": True`, `e._.said` has the entity's attributes, such as `("negated",)`.

The component is registered by an entry point; `import corpusmith` is not needed.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans
from spacy.vocab import Vocab

from corpusmith.extraction.context import Context
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.extract import Extractor
from corpusmith.extraction.readers.binary import GROUP
from corpusmith.inference import WORDS, Entity, sentences
from corpusmith.lexicon.load import load_lexicon


def doc_bin(documents: Iterable[Document]) -> DocBin:
    """Documents as a DocBin, with their ids in `user_data`."""
    found = DocBin(store_user_data=True)
    vocab = spacy.blank("en").vocab
    for document in documents:
        found.add(spacy_doc(document, vocab))
    return found


def spacy_doc(document: Document, vocab: Vocab) -> Doc:
    """A Doc that spells the text, with tokens cut where mentions begin and end."""
    words, spaces = tokens_of(document.text, document.mentions or ())
    doc = Doc(vocab, words=words, spaces=spaces)
    entities = [Entity(m.start, m.end, m.label, m.text, 1.0) for m in document.mentions or ()]
    starts = {start for start, _ in sentences(document.text, entities)}
    for token in doc:
        token.is_sent_start = token.i == 0 or token.idx in starts
    set_mentions(doc, document.mentions or ())
    doc.user_data["id"] = document.id
    doc.user_data["attributes"] = [list(m.attributes) for m in document.mentions or ()]
    return doc


def tokens_of(text: str, mentions: Sequence[Mention]) -> tuple[list[str], list[bool]]:
    """Tokens, and whether a space follows each. More white space is a token of its own."""
    edges = {edge for m in mentions for edge in (m.start, m.end)}
    pieces: list[str] = []
    at = 0
    for _, (start, end) in WORDS.pre_tokenize_str(text):
        if at < start:
            pieces.append(text[at:start])
        cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
        pieces += [text[a:b] for a, b in pairwise(cuts)]
        at = end
    if at < len(text):
        pieces.append(text[at:])
    words: list[str] = []
    spaces: list[bool] = []
    for piece in pieces:
        if piece[0] == " " and words and not spaces[-1]:
            spaces[-1] = True
            piece = piece[1:]
        if piece:
            words.append(piece)
            spaces.append(False)
    return words, spaces


def set_mentions(doc: Doc, mentions: Iterable[Mention]) -> None:
    """Mentions as spans of tokens: all in the group, those that don't overlap as entities."""
    spans: list[Span] = []
    for m in mentions:
        span = doc.char_span(
            m.start, m.end, label=m.label, kb_id=m.concept_id or "", alignment_mode="expand"
        )
        if span is not None:
            spans.append(span)
            if m.attributes:
                span._.set(SAID, m.attributes)
    doc.spans[GROUP] = spans
    doc.set_ents(filter_spans(spans))


@Language.factory(
    "corpusmith",
    assigns=["doc.ents", "doc.spans"],
    default_config={"model": "", "threshold": 0.0, "lexicon": {}, "context": False},
)
def create_component(
    nlp: Language, name: str, model: str, threshold: float, lexicon: dict[str, str], context: bool
) -> "SpacyComponent":
    """Factory of `nlp.add_pipe("corpusmith", config={"model": …})`."""
    if not model:
        raise ValueError('name a model: nlp.add_pipe("corpusmith", config={"model": FOLDER})')
    lists = {label: load_lexicon(source).matcher for label, source in lexicon.items()}
    annotate = [Context()] if context else []
    return SpacyComponent(
        Extractor.from_pretrained(model, None, threshold, annotate, lists or None)
    )


SAID = "said"
Span.set_extension(SAID, default=(), force=True)


class SpacyComponent:
    """Sets the entities of docs. An entity that ends inside a spaCy token takes the whole token."""

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = 128) -> Iterator[Doc]:
        from corpusmith.files import batches

        for docs in batches(stream, batch_size):
            found = self.extractor.extract([doc.text for doc in docs])
            for doc, document in zip(docs, found, strict=True):
                set_mentions(doc, document.mentions or ())
                yield doc

    def to_disk(self, path: Any, exclude: Sequence[str] = ()) -> None:
        """Does nothing: the configuration has the path of the model."""

    def from_disk(self, path: Any, exclude: Sequence[str] = ()) -> "SpacyComponent":
        return self
