"""Assisted extraction: combine a model with its list of names at run time.

    lookup = {"Disease": load_lexicon("diseases.txt").matcher}
    assisted = AssistedExtractor.from_pretrained("adapted", lookup)
    assisted.extract(["Mutations in CFTR cause cystic fibrosis."])

The label model of `corpusmith adapt` scores each proposal of list and model by the estimated
precision of its name, or of names of its form. Without adaptation, it uses the priors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.errors import UserError
from corpusmith.extraction.assist.candidates import candidates, views_of
from corpusmith.extraction.assist.label_model import LabelModel, prior_model
from corpusmith.extraction.assist.labels import label_sentences
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.files import read_json
from corpusmith.inference import (
    LONE_SURROGATE,
    WORDS,
    Encoder,
    Entity,
    EntityExtractor,
    local_folder,
    spans,
)
from corpusmith.lexicon.matcher import Matcher


@dataclass(frozen=True)
class AssistedEntity(Entity):
    """An entity with the list's concept id, if the list has its name.

    `score` is the label model's estimate that it is a mention.
    """

    concept_id: str | None = None


class AssistedExtractor:
    """Joins a model and a list of names."""

    def __init__(
        self, extractor: EntityExtractor, lookup: Mapping[str, Matcher], model: LabelModel
    ) -> None:
        self.extractor, self.lookup, self.model = extractor, lookup, model
        self.fingerprints: dict[str, str] = {}  # of the lexicons behind `lookup`, where known
        # Accept each proposal with a probability above one half; mask nothing.
        self.settings = replace(label_settings(), confident=0.5, boundary_margin=0.0)

    @classmethod
    def from_pretrained(
        cls, model: str | Path, lookup: Mapping[str, Matcher], **options: Any
    ) -> "AssistedExtractor":
        """Load a model folder, with its label model if it was adapted."""
        return cls.around(EntityExtractor.from_pretrained(model, **options), lookup, model)

    @classmethod
    def around(
        cls,
        extractor: EntityExtractor,
        lookup: Mapping[str, Matcher],
        model: str | Path,
        revision: str | None = None,
    ) -> "AssistedExtractor":
        """Add the lookup to the extractor that was loaded from this folder or Hub id.

        Raises:
            UserError: the model finds nothing with a label of the lookup.
        """
        if unknown := lookup.keys() - set(extractor.labels):
            raise UserError(
                f"the model at {model} finds {', '.join(extractor.labels)} and no "
                f"{', '.join(sorted(unknown))}: name a list for a label that it finds"
            )
        folder = local_folder(model, revision, ["training.json", "assist/names.json"])
        known = read_json(folder / "training.json") or {}
        if "adapted" not in known:
            return cls(extractor, lookup, prior_model(extractor.labels, label_settings()))
        facts = known["adapted"]["label_model"]
        shares = read_json(folder / "assist" / "names.json") or []
        by_name = {(label, name): share for label, name, share in shares}
        return cls(extractor, lookup, LabelModel.from_facts(facts, by_name))

    @property
    def encoder(self) -> Encoder:
        return self.extractor.encoder

    @property
    def labels(self) -> list[str]:
        return self.extractor.labels

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A BIO tag for each given word."""
        means = self.extractor.probabilities(sentences)
        views = views_of(sentences, self.extractor.tags, means, self.lookup)
        found = candidates(views, self.settings.weakest)
        return label_sentences(views, found, self.model.chances(found), self.settings)

    def extract(
        self, texts: str | Sequence[str], threshold: float = 0.0
    ) -> list[list[AssistedEntity]]:
        """The entities of each text with a score of at least `threshold`, in order of appearance.

        A text's entities do not depend on the other texts.
        """
        texts = [texts] if isinstance(texts, str) else texts
        split = [WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)) for text in texts]
        means = self.extractor.probabilities([[word for word, _ in words] for words in split])
        return [
            [one for one in self.entities(text, words, mean) if one.score >= threshold]
            for text, words, mean in zip(texts, split, means, strict=True)
        ]

    def entities(
        self, text: str, split: Sequence[tuple[str, tuple[int, int]]], mean: np.ndarray
    ) -> Iterator[AssistedEntity]:
        """The entities of one text, given its words with their places, and their probabilities."""
        if not split:
            return
        words = [word for word, _ in split]
        views = views_of([words], self.extractor.tags, [mean], self.lookup)
        found = candidates(views, self.settings.weakest)
        chances = self.model.chances(found)
        (tags,) = label_sentences(views, found, chances, self.settings)
        known = {
            (one.label, one.start, one.end): float(chance)
            for one, chance in zip(found, chances, strict=True)
        }
        for label, first, last in spans(tags):
            support = views.chances[0][first:last, views.labels.index(label)].mean()
            score = known.get((label, first, last), float(support))
            start, end = split[first][1][0], split[last - 1][1][1]
            concept_id = self.concept_of(label, words[first:last])
            yield AssistedEntity(start, end, label, text[start:end], score, concept_id)

    def concept_of(self, label: str, words: Sequence[str]) -> str | None:
        """The concept that the list names by exactly these words."""
        matcher = self.lookup.get(label)
        for match in matcher.matches(words) if matcher else ():
            if match.end - match.start == len(words):
                return match.concept_id
        return None
