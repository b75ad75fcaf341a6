"""The students of a report: their training sets, and their scores on one benchmark split."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.evaluation.evaluate import row_counts
from corpusmith.evaluation.seed_statistics import headline, seed_figures
from corpusmith.evaluation.untrained.predictions import baseline_predictions, untrained_systems
from corpusmith.evidence.student_runs import (
    Measured,
    Training,
    TrainingSet,
    ids_of,
    result_of,
)
from corpusmith.evidence.training_sets import Arm, Sources
from corpusmith.files import shipped
from corpusmith.hub.folders.model import encoder_title
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import TrainingConfig

ZERO_SHOT = shipped("builders", "zero_shot")


@dataclass(frozen=True)
class Students:
    """Students of one recipe's corpus and of its variants.

    Args:
        corpus: the dataset folder of the whole recipe.
        sources: builds the variants, and has the folder of results.
        work: for training sets; deleted at the end, since some hold benchmark text.
        measured: the benchmark split that every student is measured on.
        seeds: each training set is trained on once with each seed.
    """

    recipe: Recipe
    corpus: Path
    sources: Sources
    work: Path
    measured: Measured
    config: TrainingConfig
    seeds: tuple[int, ...]
    say: Callable[[str], None]

    @property
    def results(self) -> Path:
        return self.sources.run.folder

    @property
    def encoder(self) -> str:
        return self.sources.run.encoder

    @cached_property
    def whole(self) -> Arm:
        return Arm("The whole recipe", ((TrainingSet.of(self.corpus), None),))

    def trainings(self, section: str, arm: Arm) -> list[list[Training]]:
        """For each seed, the trainings of the parts of an arm."""
        label = f"{section}, {arm.name}"
        return [
            [
                Training(label, rows, self.encoder, config, self.measured, judged)
                for rows, judged in arm.parts
            ]
            for config in (replace(self.config, seed=seed) for seed in self.seeds)
        ]

    def counts(self, arm: Arm) -> np.ndarray:
        """Rows x seeds x columns: the counts of each benchmark row for each student."""
        place = {name: row for row, name in enumerate(self.measured.ids)}
        columns = []
        for parts in self.trainings("", arm):
            found: dict[int, list[int]] = {}
            for training in parts:
                names = ids_of(self.measured.of(training.judged))
                counted = result_of(training, self.results)["counts"]
                found |= {place[name]: counts for name, counts in zip(names, counted, strict=True)}
            columns.append([found[row] for row in range(len(place))])
        return np.array(columns).transpose(1, 0, 2)

    def figures(self, arm: Arm) -> dict[str, Any]:
        """Scores of an arm: means over its seeds, with intervals."""
        figures = seed_figures(self.counts(arm), self.measured.scoring, list(self.seeds))
        if len(arm.parts) == 1 and self.measured.scoring == "relations":
            results = [result_of(training, self.results) for (training,) in self.trainings("", arm)]
            figures["auroc"] = statistics.mean(result["auroc"] for result in results)
        return figures

    @cached_property
    def untrained(self) -> dict[str, np.ndarray]:
        """See `untrained_counts`."""
        return untrained_counts(self.recipe, self.measured, self.work)

    def about(self) -> dict[str, Any]:
        """The facts that each trained section begins with."""
        return {
            "benchmark": self.measured.name,
            "split": self.measured.data.split,
            "sentences": len(self.measured.ids),
            "benchmark_fingerprint": self.measured.fingerprint(None),
            "seeds": list(self.seeds),
            "encoder": encoder_title(self.encoder),
            "settings": asdict(self.config),
        }


def untrained_counts(recipe: Recipe, measured: Measured, work: Path) -> dict[str, np.ndarray]:
    """The counts (rows x 1 x columns) of each untrained baseline, the best one first.

    `work` gets the predictions, which hold no text.
    """
    _, score = headline(measured.scoring)
    found = {}
    for system in untrained_systems(recipe):
        file = work / f"{system}.jsonl"
        baseline_predictions(recipe, measured.folder, measured.data.split, file, system)
        found[system] = row_counts(str(file), measured.data)[:, None]
    best_first = sorted(found, key=lambda system: -float(score(found[system].sum((0, 1)))))
    return {system: found[system] for system in best_first}


def shipped_zero_shot(recipe: Recipe, split: str) -> Path:
    """The shipped predictions of a zero-shot LLM, if any: tags or labels by row id."""
    return ZERO_SHOT / f"{recipe.name}-{split}.jsonl"
