"""spaCy's DocBin (.spacy), read by spaCy."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention

GROUP = "corpusmith"
"""The span group with all mentions, that `extract --to docbin` writes."""


def read_docbin(path: Path) -> Iterator[Document]:
    """The documents of a file with their entities; spans of span groups and tags are left out.

    Raises:
        UserError: when spaCy is not installed, or cannot read the file.
    """
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError as error:
        raise UserError(f"{path} needs spaCy: pip install 'corpusmith[documents]'") from error
    try:
        docs = list(DocBin().from_bytes(path.read_bytes()).get_docs(spacy.blank("en").vocab))
    except Exception as error:  # zlib, msgpack and spaCy each raise their own
        raise UserError(f"{path} is no DocBin that spaCy can read ({error})") from error
    for number, doc in enumerate(docs, 1):
        where = f"{path}, document {number}"
        words = [token for token in doc if not token.is_space]
        tags = [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_iob_ in ("B", "I") else "O" for t in words]
        known = doc.has_annotation("ENT_IOB")
        mentions = tuple(
            Mention(
                span.start_char,
                span.end_char,
                span.label_,
                span.text,
                concept_id=span.kb_id_ or None,
            )
            for span in doc.spans.get(GROUP, doc.ents)
        )
        said = doc.user_data.get("attributes", [])
        if len(said) == len(mentions):
            mentions = tuple(
                replace(m, attributes=tuple(of)) for m, of in zip(mentions, said, strict=True)
            )
        name = doc.user_data.get("id")
        yield Document(
            str(name) if name is not None else None,
            doc.text,
            mentions if known else None,
            tokens=tuple(token.text for token in words),
            tags=tuple(tags) if known else None,
            where=where,
        )
