"""Assisted extraction: combine a model with its list of names at run time.

    lookup = {"Disease": load_lexicon("diseases.txt").matcher}
    assisted = AssistedExtractor.from_pretrained("adapted", lookup)
    assisted.extract(["Mutations in CFTR cause cystic fibrosis."])

The label model of `corpusmith adapt` scores each proposal of list and model by the estimated
precision of its name, or of names of its form. Without adaptation, it uses the priors.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpusmith.extraction.assist.candidates import candidates, views_of
from corpusmith.extraction.assist.label_model import LabelModel, prior_model
from corpusmith.extraction.assist.labels import label_sentences
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.inference import LONE_SURROGATE, WORDS, EntityExtractor, spans
from corpusmith.lexicon.matcher import Matcher


@dataclass(frozen=True)
class AssistedEntity:
    """`text` is the input at [start, end); `concept_id` is the list's, if the name is listed."""

    start: int
    end: int
    label: str
    text: str
    concept_id: str | None


class AssistedExtractor:
    """Joins a model and a list of names."""

    def __init__(
        self, extractor: EntityExtractor, lookup: Mapping[str, Matcher], model: LabelModel
    ) -> None:
        self.extractor, self.lookup, self.model = extractor, lookup, model
        # Accept each proposal with a probability above one half; mask nothing.
        self.settings = replace(label_settings(), confident=0.5, boundary_margin=0.0)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, lookup: Mapping[str, Matcher], **options: str
    ) -> "AssistedExtractor":
        """Load a model folder, with its label model if it was adapted."""
        extractor = EntityExtractor.from_pretrained(folder, **options)
        training, names = Path(folder, "training.json"), Path(folder, "assist", "names.json")
        known = json.loads(training.read_text(encoding="utf-8")) if training.exists() else {}
        shares = json.loads(names.read_text(encoding="utf-8")) if names.exists() else []
        if "adapted" not in known:
            return cls(extractor, lookup, prior_model(extractor.labels, label_settings()))
        facts = known["adapted"]["label_model"]
        by_name = {(label, name): share for label, name, share in shares}
        return cls(extractor, lookup, LabelModel.from_facts(facts, by_name))

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A BIO tag for each given word."""
        means = self.extractor.probabilities(sentences)
        views = views_of(sentences, self.extractor.tags, means, self.lookup)
        found = candidates(views, self.settings.weakest)
        return label_sentences(views, found, self.model.chances(found), self.settings)

    def extract(self, texts: Sequence[str]) -> list[list[AssistedEntity]]:
        """The entities of each text in order of appearance."""
        split = [WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)) for text in texts]
        sentences = [[word for word, _ in words] for words in split]
        return [
            [
                self.entity(text, label, [at for _, at in words[first:last]], row[first:last])
                for label, first, last in spans(tags)
            ]
            for text, words, row, tags in zip(
                texts, split, sentences, self.tag(sentences), strict=True
            )
        ]

    def entity(
        self, text: str, label: str, offsets: Sequence[tuple[int, int]], words: Sequence[str]
    ) -> AssistedEntity:
        start, end = offsets[0][0], offsets[-1][1]
        matcher = self.lookup.get(label)
        whole = [
            match.concept_id
            for match in (matcher.matches(words) if matcher else [])
            if match.end - match.start == len(words)
        ]
        return AssistedEntity(start, end, label, text[start:end], whole[0] if whole else None)
