"""The answers of the Space to the page, the HTTP API and MCP clients, without Gradio."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from corpusmith.space.batcher import Batcher
from corpusmith.space.lexicon import concept_url, lexicon_of, read_name_table
from corpusmith.space.schema import (
    Annotated,
    InputError,
    Mention,
    ScoredPair,
    above,
    check_pairs,
    checked_text,
    checked_texts,
    checked_threshold,
    one_of,
    readable,
    without_overlaps,
)
from corpusmith.space.settings import (
    Settings,
    in_turn,
    languages_of,
    load_onnx,
    names_of,
    read_evaluations,
    read_examples,
    read_zero_shot,
)

if TYPE_CHECKING:
    from corpusmith.inference import Entity
    from corpusmith.space.lexicon import Assist

SHORT = 2_000  # characters; a longer text does not share a batch with other visitors' texts
CHUNK = 16  # texts of a file per batch; a file can be cancelled between two batches
EXAMPLES = 4
MODEL_FILES = ["*.json", "README.md", "onnx/model_quantized.onnx"]


class Service:
    """The models, loaded once, and the questions they answer.

    Each model runs on one core, so that a file leaves the other cores to sentences.

    Args:
        settings: Which models and lexicons.
        assist: Joins a model with lists of names. Without it the page offers no assistance.

    Raises:
        ValueError: a model can't be loaded.
    """

    def __init__(self, settings: Settings, assist: "Assist | None" = None) -> None:
        from corpusmith.inference import EntityExtractor, RelationClassifier, local_folder

        self.settings = settings
        sources = (*settings.ner, *settings.relations)
        names = names_of(sources)
        self.folders = {
            name: local_folder(source.id, source.revision, MODEL_FILES)
            for name, source in zip(names, sources, strict=True)
        }
        self.extractors: dict[str, EntityExtractor] = {
            name: load_onnx(EntityExtractor, self.folders[name])
            for name in names[: len(settings.ner)]
        }
        self.classifiers: dict[str, RelationClassifier] = {
            name: load_onnx(RelationClassifier, self.folders[name])
            for name in names[len(settings.ner) :]
        }
        self.batchers = {
            name: Batcher(extractor.extract) for name, extractor in self.extractors.items()
        }
        used = {label.upper() for label in (*self.labels, *self.sides)}
        tables = {
            label: read_name_table(path)
            for label, path in settings.lexicons
            if label.upper() in used
        }
        self.lexicons = {label: lexicon_of(label, table) for label, table in tables.items()}
        self.assistants = {
            name: Batcher(read)
            for name, extractor in self.extractors.items()
            if assist and (read := assist(extractor, self.folders[name], tables))
        }
        recorded = read_zero_shot(settings.zero_shot) if settings.zero_shot else {}
        known = {e.label for entities in recorded.values() for e in entities} & set(self.labels)
        self.zero_shot = recorded if known else {}
        self.language = languages_of(self.folders.values())
        examples = [read_examples(self.folders[name]) for name in self.extractors]
        self.examples = in_turn(examples)[:EXAMPLES]
        related = [read_examples(self.folders[name]) for name in self.classifiers]
        self.relation_examples = in_turn(related)[:EXAMPLES] or self.examples

    @property
    def title(self) -> str:
        return self.settings.title

    @property
    def labels(self) -> list[str]:
        """The entity types that some model here finds."""
        return sorted(
            {label for extractor in self.extractors.values() for label in extractor.labels}
        )

    @property
    def sides(self) -> list[str]:
        """The entity types that the relation models relate, as the models name them."""
        return list(
            dict.fromkeys(
                side for model in self.classifiers.values() for side in (model.head, model.tail)
            )
        )

    @property
    def marked_labels(self) -> list[str]:
        """The entity types that some tab marks: those of the models, and of the relations."""
        known = {label.upper(): label for label in (*self.lexicons, *self.labels)}
        sides = {known.get(side.upper(), side.capitalize()) for side in self.sides}
        return sorted({*self.labels, *sides})

    def extract(
        self, text: str, model: str = "", threshold: float = 0.5, assist: bool = False
    ) -> list[Mention]:
        """Find the entities in a text, of the types that this Space's models find.

        Args:
            text: Text in a language of the models, up to 20,000 characters.
            model: Name of one model of this Space. If empty, all models read the text, and of
                overlapping mentions the likeliest stays.
            threshold: Leave out mentions whose probability is lower, 0 to 1.
            assist: Join the models with this Space's lists of names, by estimated precision.

        Returns:
            Mentions in order of appearance, with offsets, label, probability and concept.
        """
        text, threshold = checked_text(text), checked_threshold(threshold)
        found = [
            mention
            for name in self.model_names(model)
            for mention in self.candidates(text, name, assist)
        ]
        return without_overlaps(above(found, threshold))

    def relations(self, text: str, model: str = "", threshold: float = 0.0) -> list[ScoredPair]:
        """Find the entities in a text, and classify each pair that shares a sentence.

        Args:
            text: Text in a language of the models, up to 20,000 characters.
            model: Name of one relation model of this Space. If empty, the first one.
            threshold: Leave out pairs whose probability is lower, 0 to 1.

        Returns:
            Pairs with their probability, the likeliest first. `label` is the model's decision.
        """
        from corpusmith.inference import Entity

        text, threshold = checked_text(text), checked_threshold(threshold)
        if not self.classifiers:
            raise InputError("This Space serves no relation model.")
        classifier = self.classifiers[
            one_of(model, self.classifiers) if model else next(iter(self.classifiers))
        ]
        mentions = without_overlaps(
            m for side in (classifier.head, classifier.tail) for m in self.of_type(text, side)
        )
        entities = [
            Entity(m["start"], m["end"], m["label"], m["text"], m["score"]) for m in mentions
        ]
        one_kind = classifier.head.upper() == classifier.tail.upper()
        check_pairs(text, entities, one_kind)
        pairs = [
            ScoredPair(
                head=self.mention(relation.head),
                tail=self.mention(relation.tail),
                label=relation.label,
                score=round(relation.score, 4),
                masked_text=relation.masked_text,
            )
            for relation in classifier.extract(text, entities)
            if relation.score >= threshold
        ]
        return sorted(pairs, key=lambda pair: -pair["score"])

    def batch(self, texts: list[str], model: str = "", threshold: float = 0.5) -> list[Annotated]:
        """Find the entities in many texts at once.

        Args:
            texts: Up to 1,000 texts of up to 20,000 characters each, a million in all.
            model: Name of one model of this Space. If empty, all models read the texts, and of
                overlapping mentions the likeliest stays.
            threshold: Leave out mentions whose probability is lower, 0 to 1.

        Returns:
            One object a text, in the order given, with the text's number from 1 as its id.
        """
        rows = [(str(number), text) for number, text in enumerate(checked_texts(texts), 1)]
        return [
            document
            for chunk in self.annotate(rows, self.model_names(model), threshold)
            for document in chunk
        ]

    def annotate(
        self, rows: Sequence[tuple[str, str]], models: Sequence[str], threshold: float
    ) -> Iterator[list[Annotated]]:
        """Read `(id, text)` rows, some at a time so that the caller can report or stop."""
        threshold = checked_threshold(threshold)
        names = [one_of(model, self.extractors) for model in models]
        for begin in range(0, len(rows), CHUNK):
            chunk = [(row_id, readable(text)) for row_id, text in rows[begin : begin + CHUNK]]
            answers = [
                self.extractors[name].extract([text for _, text in chunk], threshold)
                for name in names
            ]
            yield [
                Annotated(
                    id=row_id,
                    text=text,
                    mentions=without_overlaps(self.mention(e) for found in each for e in found),
                )
                for (row_id, text), *each in zip(chunk, *answers, strict=True)
            ]

    def candidates(self, text: str, model: str, assist: bool = False) -> list[Mention]:
        """The mentions that one model finds, of any probability.

        With `assist`, those of model and list of names; a model without a list reads alone. A short
        text shares a batch with others that wait for the model. A long one runs alone.
        """
        if assist and not self.assistants:
            raise InputError("This Space has no list of names for its models.")
        if assist and model in self.assistants:
            entities: Sequence[Entity] = self.assistants[model](text)
        elif len(text) <= SHORT:
            entities = self.batchers[model](text)
        else:
            entities = self.extractors[model].extract([text])[0]
        return [self.mention(entity) for entity in entities]

    def of_type(self, text: str, label: str) -> list[Mention]:
        """Mentions of one type, by the first model that finds it, else by the lexicon."""
        for name, extractor in self.extractors.items():
            if label.upper() in map(str.upper, extractor.labels):
                return [
                    m for m in self.candidates(text, name) if m["label"].upper() == label.upper()
                ]
        return [m for m in self.dictionary(text) if m["label"].upper() == label.upper()]

    def dictionary(self, text: str) -> list[Mention]:
        """The names of the lexicons that the text contains, found without a model."""
        from corpusmith.inference import Entity

        return [
            self.mention(Entity(match.start, match.end, label, text[match.start : match.end], 1.0))
            for label, lexicon in self.lexicons.items()
            for match in lexicon.matches(text)
        ]

    def recorded(self, text: str) -> list[Mention] | None:
        """The recorded zero-shot answer of an LLM to this text, if there is one.

        Leaves out types that no model here finds.
        """
        entities = self.zero_shot.get(text)
        if entities is None:
            return None
        return [self.mention(e) for e in entities if e.label in self.labels]

    def mention(self, entity: "Entity") -> Mention:
        lexicon = self.lexicons.get(entity.label)
        concept_id = lexicon.concept_id(entity.text) if lexicon else None
        return Mention(
            start=entity.start,
            end=entity.end,
            label=entity.label,
            text=entity.text,
            score=round(entity.score, 4),
            concept_id=concept_id,
            concept_url=concept_url(concept_id) if concept_id else None,
        )

    def model_names(self, model: str) -> list[str]:
        return [one_of(model, self.extractors)] if model else list(self.extractors)

    def key_figures(self) -> list[dict]:
        """The evaluations in the models' repositories. Those of baselines name no backend."""
        return [
            {**evaluation, "model": name}
            for name, folder in self.folders.items()
            for evaluation in read_evaluations(folder)
            if "backend" in evaluation
        ]
