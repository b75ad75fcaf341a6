"""Negated mentions, by NegEx (Chapman et al. 2001) as negspacy implements it.

It uses English phrases ("no evidence of", "was ruled out") in the mention's sentence. Hypothetical
and historical mentions, and those about other people, are not recognised. That needs ConText, whose
maintained implementation (medspacy 1.3.1, of 2024-11) requires spaCy before 3.8 on Python 3.11 and
older, where it brings spaCy 3.7.5 and numpy 1.26.
"""

from dataclasses import replace

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document

NEGATED = "negated"


class Negation:
    """Adds the attribute `negated` to mentions; for `Extractor(annotate=[Negation()])`.

    Raises:
        UserError: when negspacy is not installed.
    """

    def __init__(self) -> None:
        try:
            import spacy
            from negspacy.negation import Negex
            from negspacy.termsets import termset
        except ImportError as error:
            raise UserError(
                "negation needs negspacy: pip install 'corpusmith[documents]'"
            ) from error
        nlp = spacy.blank("en")
        self.vocab = nlp.vocab
        self.negex = Negex(
            nlp,
            name="negex",
            neg_termset=termset("en_clinical").get_patterns(),
            ent_types=[],
            extension_name="negex",
            chunk_prefix=[],
        )

    def __call__(self, document: Document) -> Document:
        from corpusmith.extraction.spacy_documents import spacy_doc

        if not document.mentions:
            return document
        doc = self.negex(spacy_doc(document, self.vocab))
        negated = {(span.start_char, span.end_char) for span in doc.ents if span._.negex}
        mentions = tuple(
            replace(m, attributes=(*m.attributes, NEGATED)) if (m.start, m.end) in negated else m
            for m in document.mentions
        )
        return replace(document, mentions=mentions)
