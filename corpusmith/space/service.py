"""What the Space answers, whoever asks: the page, the HTTP API or an MCP client. No Gradio in here."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpusmith.space.batcher import Batcher
from corpusmith.space.lexicon import concept_url, read_lexicon
from corpusmith.space.schema import (
    MAX_PAIRS,
    Annotated,
    InputError,
    Mention,
    ScoredPair,
    above,
    checked_text,
    checked_texts,
    checked_threshold,
    one_of,
    readable,
    without_overlaps,
)
from corpusmith.space.settings import Settings, names_of

if TYPE_CHECKING:
    from corpusmith.inference import Entity

SHORT = 2_000  # characters up to which a text shares a batch with those of other visitors
CHUNK = 16  # texts of a file that a model sees at once: between two chunks the file can be stopped
MODEL_FILES = ["*.json", "onnx/model_quantized.onnx"]


class Service:
    """The models, loaded once, and the questions they answer.

    Each model runs on one core, so that a file being read leaves another to the sentences of everybody else.
    """

    def __init__(self, settings: Settings) -> None:
        from corpusmith.inference import EntityExtractor, RelationClassifier, local_folder

        self.settings = settings
        sources = (*settings.ner, *settings.relations)
        names = names_of(sources)
        self.folders = {
            name: local_folder(source.id, source.revision, MODEL_FILES)
            for name, source in zip(names, sources, strict=True)
        }
        self.extractors: dict[str, EntityExtractor] = {
            name: EntityExtractor.from_pretrained(self.folders[name], backend="onnx", threads=1)
            for name in names[: len(settings.ner)]
        }
        self.classifiers: dict[str, RelationClassifier] = {
            name: RelationClassifier.from_pretrained(self.folders[name], backend="onnx", threads=1)
            for name in names[len(settings.ner) :]
        }
        self.batchers = {
            name: Batcher(extractor.extract) for name, extractor in self.extractors.items()
        }
        self.lexicons = {label: read_lexicon(label, path) for label, path in settings.lexicons}
        self.zero_shot = read_zero_shot(settings.zero_shot) if settings.zero_shot else {}

    @property
    def labels(self) -> list[str]:
        """The entity types that some model here finds."""
        return sorted(
            {label for extractor in self.extractors.values() for label in extractor.labels}
        )

    def extract(self, text: str, model: str = "", threshold: float = 0.5) -> list[Mention]:
        """Find the biomedical entities in a text: diseases, genes, chemicals, whatever the models of this Space know.

        Args:
            text: English biomedical text, up to 20,000 characters.
            model: Name of one of this Space's models; empty asks all, and of overlapping mentions the likelier stays.
            threshold: Leave out mentions whose probability is lower, 0 to 1.

        Returns:
            Mentions in order of appearance, with offsets, label, probability and ontology concept.
        """
        text, threshold = checked_text(text), checked_threshold(threshold)
        found = [
            mention for name in self.model_names(model) for mention in self.candidates(text, name)
        ]
        return without_overlaps(above(found, threshold))

    def relations(self, text: str, model: str = "", threshold: float = 0.0) -> list[ScoredPair]:
        """Find the entities in a text and judge, for each pair of the right types, whether its sentence relates them.

        Args:
            text: English biomedical text, up to 20,000 characters.
            model: Name of one of this Space's relation models; empty takes the first.
            threshold: Leave out pairs whose probability is lower, 0 to 1.

        Returns:
            Pairs with their probability, the likeliest first; `label` is the model's own decision.
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
        if (count := pair_count(text, entities)) > MAX_PAIRS:
            raise InputError(
                f"The text holds {count:,} pairs; {MAX_PAIRS} are judged at once. Take a part of it."
            )
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
        """Find the biomedical entities in many texts at once.

        Args:
            texts: Up to 1,000 texts of up to 20,000 characters each, a million in all.
            model: Name of one of this Space's models; empty asks all, and of overlapping mentions the likelier stays.
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
        """`(id, text)` rows with their mentions, a chunk at a time so that the caller can report or stop."""
        threshold, names = (
            checked_threshold(threshold),
            [one_of(model, self.extractors) for model in models],
        )
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

    def candidates(self, text: str, model: str) -> list[Mention]:
        """Everything that one model takes for an entity, whatever its probability. A short text shares a batch with
        others that wait for the same model; a long one goes alone, so that nobody waits for it."""
        short = len(text) <= SHORT
        entities = (
            self.batchers[model](text) if short else self.extractors[model].extract([text])[0]
        )
        return [self.mention(entity) for entity in entities]

    def of_type(self, text: str, label: str) -> list[Mention]:
        """Mentions of one type (in any case): by the first model that knows it, or else by its lexicon."""
        for name, extractor in self.extractors.items():
            if label.upper() in map(str.upper, extractor.labels):
                return [
                    m for m in self.candidates(text, name) if m["label"].upper() == label.upper()
                ]
        return [m for m in self.dictionary(text) if m["label"].upper() == label.upper()]

    def dictionary(self, text: str) -> list[Mention]:
        """What the lexicons find by comparing strings, without any model."""
        from corpusmith.inference import Entity

        return [
            self.mention(Entity(match.start, match.end, label, text[match.start : match.end], 1.0))
            for label, lexicon in self.lexicons.items()
            for match in lexicon.matches(text)
        ]

    def recorded(self, text: str) -> list[Mention] | None:
        """What a language model answered when it was asked for this very text; None where nobody asked. It was asked for
        more types than a Space may know; what no model here finds is not compared."""
        entities = self.zero_shot.get(text)
        return (
            None
            if entities is None
            else [self.mention(e) for e in entities if e.label in self.labels]
        )

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
        """What each model's own repository says of it: the evaluations it was published with. Those of baselines, which
        stand beside them, name no backend."""
        found = [
            {**json.loads(path.read_text(encoding="utf-8")), "model": name}
            for name, folder in self.folders.items()
            for path in sorted(folder.glob("evaluation/*.json"))
        ]
        return [evaluation for evaluation in found if "backend" in evaluation]


def read_zero_shot(path: Path) -> dict[str, list["Entity"]]:
    """Recorded answers by text, from JSON Lines of `{"text", "entities": [{"start", "end", "label"}]}`."""
    from corpusmith.inference import Entity

    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {
        row["text"]: [
            Entity(e["start"], e["end"], e["label"], row["text"][e["start"] : e["end"]], 1.0)
            for e in row["entities"]
        ]
        for row in rows
    }


def pair_count(text: str, entities: Sequence["Entity"]) -> int:
    """An upper bound on the pairs of two types that share a sentence."""
    from corpusmith.inference import sentences

    counts = (
        sum(a <= entity.start and entity.end <= b for entity in entities)
        for a, b in sentences(text, entities)
    )
    return sum(count * count // 4 for count in counts)
