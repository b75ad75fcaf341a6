"""Extract entities and relations from documents.

extractor = Extractor.from_pretrained("models/disease")
(document,) = extractor.extract("Mutations in CFTR cause cystic fibrosis.")
[(m.label, m.text) for m in document.mentions]  # [("Disease", "cystic fibrosis")]
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.assist.assist import AssistedEntity, AssistedExtractor
from corpusmith.extraction.document import Document, Mention, MentionPair
from corpusmith.inference import Entity, EntityExtractor, RelationClassifier, sentences
from corpusmith.lexicon.load import load_lexicon

LABELLED = re.compile(r"([\w-]+)=(.+)")  # a URL may hold = too, behind other characters
CHARACTERS = 200_000
"""Characters per batch: many short documents, or a part of a long one."""

Annotate = Callable[[Document], Document]
"""Adds to a document with mentions: attributes, concept ids, or more mentions (see `joined`)."""


class Extractor:
    """Finds entities, and with a relation model relations, in texts of any length.

    Args:
        entities: the entity model, alone or assisted by lists of names.
        relations: a relation model, which classifies pairs of the entities found.
        threshold: entities with a lower score are left out.
        annotate: functions that add to each document, in order.
    """

    def __init__(
        self,
        entities: EntityExtractor | AssistedExtractor,
        relations: RelationClassifier | None = None,
        threshold: float = 0.0,
        annotate: Sequence[Annotate] = (),
    ) -> None:
        self.entities = entities
        self.relations = relations
        self.threshold = threshold
        self.annotate = tuple(annotate)
        if relations is not None:
            known = {label.upper() for label in entities.labels}
            if absent := {relations.head.upper(), relations.tail.upper()} - known:
                raise UserError(
                    f"the relation model {relations.encoder.source} relates {relations.head} and "
                    f"{relations.tail}, and the entity model {entities.encoder.source} finds no "
                    f"{' and no '.join(sorted(absent))}, only {', '.join(entities.labels)}"
                )

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path,
        relations: str | Path | None = None,
        threshold: float = 0.0,
        annotate: Sequence[Annotate] = (),
        lexicons: Sequence[str] = (),
        **options: Any,
    ) -> "Extractor":
        """Load from folders or Hub ids `id[@revision]`.

        `lexicons` are `LABEL=FILE`, or `FILE` for a model with one label: lists of names that
        assist the model and give the mentions concept ids. `options` are the `backend`,
        `quantized` and `threads` of `Encoder.from_pretrained`.

        Raises:
            UserError: when a model can't be loaded, or is not an entity or relation model.
        """
        entities = load_extractor(EntityExtractor, model, options)
        if lexicons:
            entities = assisted(entities, model, named_lexicons(lexicons, entities.labels))
        classifier = None
        if relations is not None:
            classifier = load_extractor(RelationClassifier, relations, options)
        return cls(entities, classifier, threshold, annotate)

    def extract(self, texts: str | Sequence[str | Document]) -> list[Document]:
        """The documents with their mentions and relations, in order. A string is one text."""
        return list(self.extract_iter([texts] if isinstance(texts, str) else texts))

    def extract_iter(self, texts: Iterable[str | Document]) -> Iterator[Document]:
        """Like `extract`, for any number of texts. Memory does not grow with their number.

        Mentions that a document already has are replaced.
        """
        batch: list[Document] = []
        size = 0
        for number, text in enumerate(texts, 1):
            document = Document(str(number), text) if isinstance(text, str) else text
            if not isinstance(document, Document):
                raise UserError(f"text {number} is {type(text).__name__}: give strings")
            if batch and size + len(document.text) > CHARACTERS:
                yield from self.annotated(batch)
                batch, size = [], 0
            batch.append(document)
            size += len(document.text)
        if batch:
            yield from self.annotated(batch)

    def annotated(self, documents: Sequence[Document]) -> Iterator[Document]:
        """The documents of one batch, with their mentions."""
        split = [list(parts_of(document.text, CHARACTERS)) for document in documents]
        found = iter(self.entities_of([text for parts in split for _, text in parts]))
        for document, parts in zip(documents, split, strict=True):
            entities = [moved(entity, start) for start, _ in parts for entity in next(found)]
            yield self.finished(document, entities)

    def entities_of(self, parts: Sequence[str]) -> Iterator[Sequence[Entity]]:
        """The entities of each part, in batches of about CHARACTERS."""
        group: list[str] = []
        for part in parts:
            if group and sum(map(len, group)) + len(part) > CHARACTERS:
                yield from self.entities.extract(group, self.threshold)
                group = []
            group.append(part)
        yield from self.entities.extract(group, self.threshold)

    def finished(self, document: Document, entities: list[Entity]) -> Document:
        mentions = tuple(
            Mention(e.start, e.end, e.label, e.text, round(e.score, 4), concept_of(e))
            for e in entities
        )
        pairs: tuple[MentionPair, ...] = ()
        if self.relations is not None:
            number = {entity: n for n, entity in enumerate(entities)}
            pairs = tuple(
                MentionPair(number[r.head], number[r.tail], r.label, round(r.score, 4))
                for r in self.relations.extract(document.text, entities)
                if r.label != self.relations.labels[0]
            )
        done = Document(document.id, document.text, mentions, pairs, where=document.where)
        for annotate in self.annotate:
            done = annotate(done)
        return done


def joined(first: Sequence[Mention], second: Sequence[Mention]) -> tuple[Mention, ...]:
    """Merge the mentions of two sources in order; of overlapping ones, those of `first` are kept.

    A mention of `first` gets the concept id of a mention of `second` with the same offsets.
    """
    concepts = {(m.start, m.end): m.concept_id for m in second if m.concept_id}
    kept = [replace(m, concept_id=m.concept_id or concepts.get((m.start, m.end))) for m in first]
    for mention in second:
        if all(mention.end <= other.start or other.end <= mention.start for other in first):
            kept.append(mention)
    return tuple(sorted(kept, key=lambda m: (m.start, m.end)))


def parts_of(text: str, size: int) -> Iterator[tuple[int, str]]:
    """(start, part) of a text in parts of at most about `size` characters, cut between sentences.

    A sentence longer than that is cut at white space.
    """
    start = 0
    while len(text) - start > size:
        window = text[start : start + size]
        cuts = [end for _, end in sentences(window, ())][:-1]
        cut = cuts[-1] if cuts else max(window.rfind(" "), window.rfind("\n")) + 1
        yield start, text[start : start + (cut or size)]
        start += cut or size
    yield start, text[start:]


def moved(entity: Entity, by: int) -> Entity:
    return replace(entity, start=entity.start + by, end=entity.end + by) if by else entity


def concept_of(entity: Entity) -> str | None:
    return entity.concept_id if isinstance(entity, AssistedEntity) else None


def named_lexicons(given: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """`["Disease=list.txt"]` as a mapping; a file alone is for the only label of the model.

    Raises:
        UserError: a file has no label, and the model has several; or a label has two files.
    """
    found: dict[str, str] = {}
    for text in given:
        pair = LABELLED.fullmatch(text)
        if pair is None and len(labels) > 1:
            raise UserError(
                f"--lexicon {text}: the model finds {', '.join(labels)}; "
                f"give LABEL=FILE, such as {labels[0]}={text}"
            )
        label, source = (pair[1], pair[2]) if pair else (labels[0], text)
        if label in found:
            raise UserError(f"--lexicon names two lists for {label}: join them in one file")
        found[label] = source
    return found


def assisted(
    extractor: EntityExtractor, model: str | Path, lexicons: Mapping[str, str]
) -> AssistedExtractor:
    """A model with a list of names for some of its labels."""
    lists = {label: load_lexicon(source) for label, source in lexicons.items()}
    lookup = {label: lexicon.matcher for label, lexicon in lists.items()}
    found = AssistedExtractor.around(extractor, lookup, *name_and_revision(model))
    found.fingerprints = {label: lexicon.fingerprint for label, lexicon in lists.items()}
    return found


def load_extractor(kind: Any, model: str | Path, options: dict[str, Any]) -> Any:
    """A model from a folder or Hub id `id[@revision]`."""
    name, revision = name_and_revision(model)
    try:
        return kind.from_pretrained(name, revision, **options)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error


def name_and_revision(model: str | Path) -> tuple[str, str | None]:
    """The two parts of `id[@revision]`; a folder has no revision."""
    if Path(model).is_dir():
        return str(model), None
    name, _, revision = str(model).partition("@")
    return name, revision or None
