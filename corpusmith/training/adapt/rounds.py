"""The rounds of an adaptation: label the sentences, train on them, predict again."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from corpusmith.corpus.example import NO_LABEL
from corpusmith.errors import UserError
from corpusmith.extraction.assist.candidates import Candidate, Views, Words, candidates, views_of
from corpusmith.extraction.assist.label_model import Estimates, fit_label_model
from corpusmith.extraction.assist.labels import MASKED, label_sentences
from corpusmith.files import read_json
from corpusmith.inference import EntityExtractor
from corpusmith.lexicon.matcher import Matcher
from corpusmith.training.adapt.settings import AdaptSettings
from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import Corpus
from corpusmith.training.launch import is_report_of
from corpusmith.training.loop import train

Probabilities = list[np.ndarray]
"""Words x tags of each sentence."""


@dataclass(frozen=True)
class Labelled:
    """The output of the label model in one round."""

    views: Views
    found: list[Candidate]
    estimates: Estimates
    tags: list[list[str]]


@dataclass
class Rounds:
    """The students of all rounds; the first is the one to adapt."""

    sentences: Sequence[Words]
    lookup: Mapping[str, Matcher]
    synthetic: Corpus | None
    settings: AdaptSettings
    work: Path
    students: list[Path]
    tags: list[str] = field(default_factory=list)
    probabilities: list[Probabilities] = field(default_factory=list)
    """Of each student."""
    mean: Probabilities = field(default_factory=list)

    def look(self, student: Path) -> None:
        """Predict with a new student, and update the moving average of all students.

        With the last student alone, the next one would learn its random errors (temporal
        ensembling, Laine and Aila 2017, arXiv 1610.02242).
        """
        try:
            extractor = EntityExtractor.from_pretrained(student, backend="torch")
        except (OSError, ValueError) as error:
            raise UserError(f"cannot load {student}: {error}") from error
        new = extractor.probabilities(self.sentences)
        self.tags = extractor.tags
        self.probabilities.append(new)
        memory = self.settings.memory if self.mean else 0.0
        self.mean = [
            new_chances if not memory else memory * old + (1 - memory) * new_chances
            for old, new_chances in zip(self.mean or new, new, strict=True)
        ]

    def label(self) -> Labelled:
        """Tags for all sentences from the mean of the students and the lookup."""
        views = views_of(self.sentences, self.tags, self.mean, self.lookup)
        found = candidates(views, self.settings.labels.weakest)
        estimates = fit_label_model(found, self.settings.labels)
        chances = cautious(found, estimates.chances, self.settings)
        tags = label_sentences(views, found, chances, self.settings.labels)
        return Labelled(views, found, estimates, tags)

    def held_out(self) -> np.ndarray:
        """Which sentences no student is trained on; a fixed draw by their words."""
        shares = [draw(" ".join(words), self.settings.seed) for words in self.sentences]
        return np.array(shares) < self.settings.held_out

    def run(self, say: Callable[[str], None]) -> Labelled:
        """Run all rounds; returns the label model's output after the last one.

        A finished round is not trained again, so the same call resumes a killed one.
        """
        held_out = self.held_out()
        if held_out.all() or not held_out.any():
            raise UserError(
                f"{len(self.sentences)} sentences are too few to learn from and to check with: "
                "give more documents"
            )
        self.look(self.students[0])
        labelled = self.label()
        for number in range(1, self.settings.rounds + 1):
            say(f"round {number} of {self.settings.rounds}: {label_counts(labelled.tags)}")
            folder = self.work / f"round-{number}"
            self.train(self.corpus(labelled.tags), folder)
            self.students.append(folder)
            self.look(folder)
            labelled = self.label()
        return labelled

    def train(self, corpus: Corpus, folder: Path) -> None:
        """Train the next student in `folder`, unless an earlier run has finished it."""
        student, config = str(self.students[-1]), self.config()
        report = read_json(folder / "training.json")
        if report is None or (folder / "state").exists():
            train(corpus, student, folder, config)
        elif not is_report_of(report, student, corpus.fingerprint(), config):
            raise UserError(
                f"{folder} was trained on other documents, or with another model, list, corpus or "
                f"setting: delete {self.work} to begin anew, or write to another folder"
            )

    def config(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=self.settings.epochs,
            learning_rate=self.settings.learning_rate,
            keep_last=True,
            outside_bias=0.0,
            tracker="none",
            seed=self.settings.seed,
        )

    def corpus(self, tags: Sequence[Sequence[str]]) -> Corpus:
        """Labelled sentences and synthetic rows in memory; held-out sentences are validation."""
        numbers = {tag: i for i, tag in enumerate(self.tags)} | {MASKED: NO_LABEL}
        held_out = self.held_out()
        rows: dict[str, list[tuple[Words, list[int]]]] = {"train": [], "validation": []}
        for words, row, held in zip(self.sentences, tags, held_out, strict=True):
            rows["validation" if held else "train"].append((words, [numbers[tag] for tag in row]))
        rows["train"] += self.synthetic_rows(len(rows["train"]))
        known = self.synthetic
        return Corpus(
            id=known.id if known else "",
            config=known.config if known else "",
            revision=known.revision if known else None,
            task="ner",
            labels=self.tags,
            splits={
                split: Dataset.from_dict(
                    {"tokens": [list(words) for words, _ in part], "ner_tags": [t for _, t in part]}
                )
                for split, part in rows.items()
            },
            synthetic=known.synthetic if known else True,
        )

    def synthetic_rows(self, adapted: int) -> list[tuple[Words, list[int]]]:
        """A fixed draw of synthetic rows, their tags numbered as the student numbers them."""
        if self.synthetic is None:
            return []
        rows = self.synthetic.splits["train"]
        count = min(round(adapted * self.settings.synthetic_share), rows.num_rows)
        chosen = np.random.default_rng(self.settings.seed).permutation(rows.num_rows)[:count]
        return [*self.synthetic.rows_tagged_as(self.tags, rows.select(sorted(chosen)))]


def cautious(
    found: Sequence[Candidate], chances: np.ndarray, settings: AdaptSettings
) -> np.ndarray:
    """The probabilities to train on: confident only where the sources agree.

    For a name that the list lacks, a student's own confidence is no evidence: if the next student
    learned it, it would grow from round to round. The same holds for a listed name that students
    reject, unless they reject it in several sentences.
    """
    occurrences = Counter((candidate.label, candidate.name) for candidate in found)
    listed = np.array([candidate.listed for candidate in found], dtype=bool)
    seldom = np.array(
        [occurrences[c.label, c.name] < settings.least_occurrences for c in found], dtype=bool
    )
    limited = np.where(listed, chances, np.minimum(chances, settings.one_source))
    return np.where(listed & seldom, np.maximum(limited, settings.one_source), limited)


def draw(text: str, seed: int) -> float:
    """A number between 0 and 1 that depends on the text and the seed alone."""
    digest = hashlib.sha256(f"{seed}\1{text}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def label_counts(tags: Sequence[Sequence[str]]) -> str:
    """Counts of the training labels, for the user's terminal."""
    counts: dict[str, Any] = {
        "sentences": len(tags),
        "mentions": sum(tag.startswith("B-") for row in tags for tag in row),
        "masked words": sum(tag == MASKED for row in tags for tag in row),
    }
    empty = sum(all(tag == "O" for tag in row) for row in tags)
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return f"{parts}, {empty:,} sentences without a mention"
