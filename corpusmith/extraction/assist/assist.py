"""Assisted extraction: combine a model with its list of names at run time.

    lookup = {"Disease": load_lexicon("diseases.txt").matcher}
    assisted = AssistedExtractor.from_pretrained("adapted", lookup=lookup)
    assisted.extract(["Mutations in CFTR cause cystic fibrosis."])

The label model of `corpusmith adapt` scores each proposal of list and model by the estimated
precision of its name, or of names of its form. Without adaptation, it uses the priors. Each text is
read on its own, so the result does not depend on other texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.extraction.assist.candidates import Candidate, candidates, views_of
from corpusmith.extraction.assist.label_model import LabelModel, prior_model
from corpusmith.extraction.assist.labels import label_sentences
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.files import read_json
from corpusmith.inference import (
    LONE_SURROGATE,
    WORDS,
    Entity,
    EntityExtractor,
    local_folder,
    spans,
)
from corpusmith.lexicon.matcher import Matcher

Scored = Sequence[tuple[Candidate, float]]
"""Candidates and their probabilities."""


@dataclass(frozen=True)
class AssistedEntity(Entity):
    """`score` is the estimated probability; `concept_id` is the list's, if the name is listed."""

    concept_id: str | None = None


class AssistedExtractor:
    """Joins a model and a list of names. Use it in place of an `EntityExtractor`."""

    def __init__(
        self, extractor: EntityExtractor, lookup: Mapping[str, Matcher], model: LabelModel
    ) -> None:
        self.extractor, self.lookup, self.model = extractor, lookup, model
        self.labels, self.tags = extractor.labels, extractor.tags
        # Accept each proposal with a probability above one half; mask nothing.
        self.settings = replace(label_settings(), confident=0.5, boundary_margin=0.0)

    @property
    def encoder(self) -> Any:
        return self.extractor.encoder

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path,
        revision: str | None = None,
        *,
        lookup: Mapping[str, Matcher],
        **options: Any,
    ) -> "AssistedExtractor":
        """Load a folder or Hub repo, with its label model if it was adapted.

        Raises:
            ValueError: the lookup has a label that the model lacks, or there is no such model.
        """
        extractor = EntityExtractor.from_pretrained(model, revision, **options)
        if other := sorted(set(lookup) - set(extractor.labels)):
            raise ValueError(
                f"the list has the labels {', '.join(other)}, and {model} finds "
                f"{', '.join(extractor.labels)}: give a list for these, as LABEL=FILE"
            )
        folder = local_folder(model, revision, ["*.json"])
        return cls(extractor, lookup, label_model_of(folder, extractor.labels))

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A BIO tag for each given word."""
        return [tags for tags, _ in self.labelled(sentences)]

    def labelled(self, sentences: Sequence[Sequence[str]]) -> list[tuple[list[str], Scored]]:
        """The tags of each sentence, and its candidates."""
        found: list[tuple[list[str], Scored]] = []
        means = self.extractor.probabilities(sentences)
        for words, mean in zip(sentences, means, strict=True):
            if not words:
                found.append(([], []))
                continue
            views = views_of([words], self.tags, [mean], self.lookup)
            proposed = candidates(views, self.settings.weakest)
            chances = self.model.chances(proposed)
            (tags,) = label_sentences(views, proposed, chances, self.settings)
            found.append((tags, list(zip(proposed, map(float, chances), strict=True))))
        return found

    def extract(
        self, texts: str | Sequence[str], threshold: float = 0.0
    ) -> list[list[AssistedEntity]]:
        """The entities of each text with a score of at least `threshold`, in order."""
        texts = [texts] if isinstance(texts, str) else texts
        split = [WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)) for text in texts]
        sentences = [[word for word, _ in words] for words in split]
        return [
            [
                entity
                for label, first, last in spans(tags)
                if (entity := self.entity(text, words, (label, first, last), scored)).score
                >= threshold
            ]
            for text, words, (tags, scored) in zip(
                texts, split, self.labelled(sentences), strict=True
            )
        ]

    def entity(
        self,
        text: str,
        words: Sequence[tuple[str, tuple[int, int]]],
        span: tuple[str, int, int],
        scored: Scored,
    ) -> AssistedEntity:
        """The entity at words [first, last), with the score of its most probable candidate."""
        label, first, last = span
        start, end = words[first][1][0], words[last - 1][1][1]
        score = max(
            (
                chance
                for c, chance in scored
                if c.label == label and c.start < last and first < c.end
            ),
            default=0.0,
        )
        spelled = [word for word, _ in words[first:last]]
        matcher = self.lookup.get(label)
        whole = [
            match.concept_id
            for match in (matcher.matches(spelled) if matcher else [])
            if match.end - match.start == len(spelled)
        ]
        concept_id = whole[0] if whole else None
        return AssistedEntity(start, end, label, text[start:end], score, concept_id)


def label_model_of(folder: Path, labels: Sequence[str]) -> LabelModel:
    """The label model of an adapted model's folder; of another model, the priors."""
    training = read_json(folder / "training.json") or {}
    facts = (training.get("adapted") or {}).get("label_model")
    if not facts:
        return prior_model(labels, label_settings())
    shares = read_json(folder / "assist" / "names.json") or []
    return LabelModel.from_facts(facts, {(label, name): share for label, name, share in shares})
