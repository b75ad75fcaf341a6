"""Train and measure each student of a report once. Results are kept, so a killed report resumes.

A result's file name is a hash of its inputs (rows, encoder, settings with their seed, benchmark
rows). The file lists them too.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.cli.display import duration
from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, read_benchmark
from corpusmith.evaluation.evaluate import row_counts
from corpusmith.evaluation.loading import Options, load
from corpusmith.evaluation.metrics import (
    relation_scores,
    span_counts,
)
from corpusmith.evaluation.predictions import predicted_ids
from corpusmith.evaluation.relations import model_types, related_counts, relation_counts
from corpusmith.evaluation.seed_statistics import headline, scoring_of
from corpusmith.files import write_json
from corpusmith.inference import EntityExtractor, RelationClassifier
from corpusmith.training.config import TrainingConfig, rule
from corpusmith.training.data import load_corpus
from corpusmith.training.encoder import locate_encoder

EVALUATED = 0.25  # cost of evaluating a sentence; training on one for an epoch costs 1


@dataclass(frozen=True)
class TrainingSet:
    """A dataset folder to train on."""

    folder: Path
    fingerprint: str
    count: int  # of the train split

    @classmethod
    def of(cls, folder: Path) -> "TrainingSet":
        corpus = load_corpus(str(folder))
        return cls(folder, corpus.fingerprint(), corpus.splits["train"].num_rows)


@dataclass(frozen=True)
class Measured:
    """The benchmark split that every student of a report is measured on."""

    name: str
    folder: Path
    data: Benchmark
    _fingerprints: dict[frozenset[str] | None, str] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def read(cls, name: str, folder: Path, split: str) -> "Measured":
        return cls(name, folder, read_benchmark(str(folder), split))

    @property
    def task(self) -> str:
        return "ner" if self.data.tagged else "relations"

    @property
    def scoring(self) -> str:
        """The key of the scores of this benchmark, see `scoring_of`."""
        return scoring_of(self.data)

    @property
    def ids(self) -> list[str]:
        return ids_of(self.data)

    def of(self, judged: frozenset[str] | None) -> Benchmark:
        """The rows with these ids; all rows if None."""
        if judged is None:
            return self.data
        tagged = tuple(row for row in self.data.tagged if row.id in judged)
        labelled = tuple(row for row in self.data.labelled if row.id in judged)
        return replace(self.data, tagged=tagged, labelled=labelled)

    def counts_of(self, file: Path) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows that a predictions file covers, and their counts.

        The counts are rows x 1 x columns. Raises UserError if the file covers no row.
        """
        known = set(predicted_ids(str(file)))
        rows = np.flatnonzero([name in known for name in self.ids])
        if not len(rows):
            raise UserError(f"{file} predicts no row of {self.name}, {self.data.split}")
        return rows, row_counts(str(file), self.of(frozenset(known)))[:, None]

    def fingerprint(self, judged: frozenset[str] | None) -> str:
        """A hash of the text and labels of the rows with these ids."""
        if judged not in self._fingerprints:
            part = self.of(judged)
            self._fingerprints[judged] = hashlib.sha256(
                repr((part.tagged, part.labelled)).encode()
            ).hexdigest()[:16]
        return self._fingerprints[judged]


def ids_of(data: Benchmark) -> list[str]:
    return [row.id for row in data.tagged or data.labelled]


@dataclass(frozen=True)
class Training:
    """One student: its training set, its settings, and the ids of its test rows (None: all)."""

    label: str
    rows: TrainingSet
    encoder: str
    config: TrainingConfig
    measured: Measured = field(repr=False)
    judged: frozenset[str] | None = field(default=None, repr=False)

    def identity(self) -> dict[str, Any]:
        """The inputs that determine the result."""
        return {
            "rows": self.rows.fingerprint,
            "encoder": [self.encoder, locate_encoder(self.encoder)[1]],
            "settings": asdict(self.config),
            "rule": rule(self.measured.task),
            "benchmark": [
                self.measured.name,
                self.measured.data.split,
                self.measured.fingerprint(self.judged),
            ],
        }

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def work(self) -> float:
        """Estimated cost, in sentences trained on for one epoch."""
        judged = len(self.measured.ids) if self.judged is None else len(self.judged)
        passes = self.config.epochs or rule(self.measured.task)["least_epochs"]
        return self.rows.count * passes + EVALUATED * judged


def unfinished(trainings: Sequence[Training], runs: Path) -> list[Training]:
    """Trainings without a result yet, without repeats: tables share the whole recipe."""
    distinct = {training.key: training for training in reversed(trainings)}
    return [
        training
        for key, training in reversed(distinct.items())
        if not (runs / f"{key}.json").exists()
    ]


def train_all(trainings: Sequence[Training], runs: Path, say: Callable[[str], None]) -> int:
    """Train and measure unfinished students; returns their number."""
    todo = unfinished(trainings, runs)
    total, done, begun = sum(training.work for training in todo), 0.0, time.monotonic()
    for number, training in enumerate(todo, 1):
        started = time.monotonic()
        result = train_one(training, runs)
        done += training.work
        left = (time.monotonic() - begun) * (total - done) / done
        say(
            f"  [{number}/{len(todo)}] {training.label}, {training.rows.count} rows, "
            f"seed {training.config.seed}: {scored(result, training.measured.scoring)}; "
            f"{duration(time.monotonic() - started)}, {duration(left)} left"
        )
    return len(todo)


def train_one(training: Training, runs: Path) -> dict[str, Any]:
    """Train and measure; write the result to `runs/KEY.json` and delete the weights."""
    from corpusmith.training.launch import train_once

    folder, rows = runs / training.key, training.rows
    report = train_once(
        str(rows.folder), training.encoder, folder, training.config, rows.fingerprint
    )
    result = {
        **training.identity(),
        "training_rows": training.rows.count,
        "seed": training.config.seed,
        "best": report["best"],
        "seconds": report["seconds"],
        "hardware": report["hardware"],
        "versions": report["versions"],
        **row_scores(folder, training.measured.of(training.judged)),
    }
    write_json(result, runs / f"{training.key}.json", indent=None)
    shutil.rmtree(folder)
    return result


def row_scores(model: Path, data: Benchmark) -> dict[str, Any]:
    """Each benchmark row's counts, by the extractor that users run."""
    if data.tagged:
        extractor = load(EntityExtractor, str(model), Options())
        tags = extractor.tag([row.tokens for row in data.tagged])
        return {
            "backend": extractor.encoder.backend,
            "counts": span_counts([row.tags for row in data.tagged], tags).tolist(),
        }
    classifier = load(RelationClassifier, str(model), Options())
    if len(data.classes) > 2:
        predicted, _ = model_types(classifier, data)
        counts = related_counts(data, predicted)
        return {"backend": classifier.encoder.backend, "counts": counts.tolist()}
    scores = classifier.probabilities([row.text for row in data.labelled])
    return {
        "backend": classifier.encoder.backend,
        "auroc": relation_scores([row.label for row in data.labelled], scores)["auroc"],
        "counts": relation_counts(data, scores, classifier.threshold).tolist(),
    }


def result_of(training: Training, runs: Path) -> dict[str, Any]:
    return json.loads((runs / f"{training.key}.json").read_text(encoding="utf-8"))


def scored(result: dict[str, Any], scoring: str) -> str:
    name, score = headline(scoring)
    value = float(score(np.array(result["counts"]).sum(0)))
    return f"{name.replace('_', ' ').replace('f1', 'F1')} {value:.1f}"
