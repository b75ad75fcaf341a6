"""Extract entities and relations from documents.

extractor = Extractor.from_pretrained("models/disease")
(document,) = extractor.extract("Mutations in CFTR cause cystic fibrosis.")
[(m.label, m.text) for m in document.mentions]  # [("Disease", "cystic fibrosis")]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.assist.assist import AssistedExtractor
from corpusmith.extraction.document import Document, Mention, MentionPair
from corpusmith.inference import Entity, EntityExtractor, RelationClassifier, sentences
from corpusmith.lexicon.matcher import Matcher

CHARACTERS = 200_000
"""Characters per batch: many short documents, or a part of a long one."""

Annotate = Callable[[Document], Document]
"""Adds to a document with mentions: attributes, concept ids, or more mentions (see `joined`)."""


class Extractor:
    """Finds entities, and with a relation model relations, in texts of any length.

    Args:
        entities: the entity model, with or without the assistance of a list.
        relations: a relation model, which classifies pairs of the entities found.
        threshold: entities with a lower score are left out.
        annotate: functions that add to each document, in order.
        neighbours: also classify pairs of two sentences that follow each other.
    """

    def __init__(
        self,
        entities: EntityExtractor | AssistedExtractor,
        relations: RelationClassifier | None = None,
        threshold: float = 0.0,
        annotate: Sequence[Annotate] = (),
        neighbours: bool = False,
    ) -> None:
        self.entities = entities
        self.relations = relations
        self.threshold = threshold
        self.annotate = tuple(annotate)
        self.neighbours = neighbours
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
        lexicon: Mapping[str, Matcher] | None = None,
        **options: Any,
    ) -> "Extractor":
        """Load from folders or Hub ids `id[@revision]`.

        `lexicon` has a look-up by label. Its matches and the model's mentions are combined,
        weighted by the estimated precision of each name; listed mentions get their concept ids
        (`corpusmith.extraction.assist.assist`).

        `options` are `neighbours`, and the `backend`, `quantized` and `threads` of
        `Encoder.from_pretrained`.

        Raises:
            UserError: when a model can't be loaded, or is not an entity or relation model, and for
                `neighbours` without `relations`.
        """
        neighbours = options.pop("neighbours", False)
        if neighbours and relations is None:
            raise UserError("neighbours=True is for relations: give a relation model, relations=")
        entities = (
            load_extractor(EntityExtractor, model, options)
            if lexicon is None
            else load_extractor(AssistedExtractor, model, {"lookup": lexicon, **options})
        )
        classifier = (
            None if relations is None else load_extractor(RelationClassifier, relations, options)
        )
        return cls(entities, classifier, threshold, annotate, neighbours)

    def extract(self, texts: str | Sequence[str | Document]) -> list[Document]:
        """The documents with their mentions and relations, in order. A string is one text."""
        return list(self.extract_iter([texts] if isinstance(texts, str) else texts))

    def extract_iter(self, texts: Iterable[str | Document]) -> Iterator[Document]:
        """Like `extract`, for any number of texts. Memory does not grow with their number.

        Mentions that a document already has are replaced.
        """
        for batch in batches_of(named(texts)):
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
        size = 0
        for part in parts:
            if group and size + len(part) > CHARACTERS:
                yield from self.entities.extract(group, self.threshold)
                group, size = [], 0
            group.append(part)
            size += len(part)
        yield from self.entities.extract(group, self.threshold)

    def finished(self, document: Document, entities: list[Entity]) -> Document:
        mentions = tuple(
            Mention(
                e.start, e.end, e.label, e.text, round(e.score, 4), getattr(e, "concept_id", None)
            )
            for e in entities
        )
        pairs: tuple[MentionPair, ...] = ()
        if self.relations is not None:
            number = {entity: n for n, entity in enumerate(entities)}
            pairs = tuple(
                MentionPair(
                    number[r.head],
                    number[r.tail],
                    r.label,
                    round(r.score, 4),
                    r.symmetric,
                    r.across,
                )
                for r in self.relations.extract(document.text, entities, self.neighbours)
                if r.label != self.relations.labels[0]
            )
        done = Document(document.id, document.text, mentions, pairs, where=document.where)
        for annotate in self.annotate:
            done = annotate(done)
        return done


def named(texts: Iterable[str | Document]) -> Iterator[Document]:
    """Texts as documents; the id of a string is its number.

    Raises:
        UserError: when something is neither a string nor a document.
    """
    for number, text in enumerate(texts, 1):
        document = Document(str(number), text) if isinstance(text, str) else text
        if not isinstance(document, Document):
            raise UserError(f"text {number} is {type(text).__name__}: give strings")
        yield document


def batches_of(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents in lists of about CHARACTERS. They depend on nothing but the documents, so the
    scores of an int8 model don't change when a run is resumed or split.
    """
    batch: list[Document] = []
    size = 0
    for document in documents:
        if batch and size + len(document.text) > CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += len(document.text)
    if batch:
        yield batch


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


@dataclass(frozen=True)
class ExtractorSettings:
    """The arguments to load an extractor, as plain values that can be sent to other processes.

    `assist` has lists as `corpusmith.recipe.lookup.lookup_of` reads them; `context` adds the
    attributes of `corpusmith.extraction.context`.
    """

    model: str
    relations: str | None = None
    threshold: float = 0.0
    neighbours: bool = False
    context: bool = False
    assist: tuple[str, ...] = ()

    def load(self, threads: int | None = None) -> Extractor:
        """Raises UserError when a model, a list or a package is missing."""
        from corpusmith.extraction.context import Context
        from corpusmith.recipe.lookup import lookup_of

        return Extractor.from_pretrained(
            self.model,
            self.relations,
            self.threshold,
            [Context()] if self.context else [],
            lookup_of(list(self.assist)) if self.assist else None,
            threads=threads,
            neighbours=self.neighbours,
        )


def load_extractor(kind: Any, model: str | Path, options: dict[str, Any]) -> Any:
    """A model from a folder or Hub id `id[@revision]`."""
    name = str(model)
    name, _, revision = (name, "", "") if Path(name).is_dir() else name.partition("@")
    try:
        return kind.from_pretrained(name, revision or None, **options)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error
