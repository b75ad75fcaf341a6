"""What a report learns by training: the learning curve, what each switch is worth, and the baselines."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.evaluation.dictionary import baseline_predictions
from corpusmith.evaluation.evaluate import row_counts
from corpusmith.evaluation.seed_statistics import (
    gap_closed,
    headline,
    seed_difference,
    seed_differences,
    seed_figures,
)
from corpusmith.evidence.ablations import ablations
from corpusmith.evidence.student_runs import (
    Measured,
    Rows,
    Training,
    ids_of,
    result_of,
    train_all,
    unfinished,
)
from corpusmith.evidence.training_sets import (
    Arm,
    Sources,
    ablated,
    curve_sizes,
    first_rows,
    gold,
    originals,
)
from corpusmith.files import shipped
from corpusmith.hub.card_facts import encoder_title
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import TrainingConfig

SYSTEMS = ("synthetic", "gold", "gold+synthetic")  # what the students of the baselines learn from
ZERO_SHOT = shipped("builders", "zero_shot")
FIRST = 100  # sentences at the first point of the curve


@dataclass(frozen=True)
class Students:
    """The corpus of a report, what its students are trained with and measured on, and where results are kept."""

    recipe: Recipe
    corpus: Path
    sources: Sources
    work: Path  # goes when the report is done
    measured: Measured
    config: TrainingConfig
    seeds: tuple[int, ...]
    say: Callable[[str], None]

    @property
    def runs(self) -> Path:
        return self.sources.runs

    @property
    def encoder(self) -> str:
        return self.sources.encoder

    @cached_property
    def whole(self) -> Arm:
        return Arm("The whole recipe", ((Rows.of(self.corpus), None),))

    def trainings(self, section: str, arm: Arm) -> list[list[Training]]:
        """Of each seed the parts of an arm."""
        label = f"{section}, {arm.name}"
        settings = [replace(self.config, seed=seed) for seed in self.seeds]
        return [
            [Training(label, r, self.encoder, c, self.measured, judged) for r, judged in arm.parts]
            for c in settings
        ]

    def counts(self, arm: Arm) -> np.ndarray:
        """Rows x seeds x columns of what the students of an arm added to the score."""
        place = {name: row for row, name in enumerate(self.measured.ids)}
        columns = []
        for parts in self.trainings("", arm):
            found: dict[int, list[int]] = {}
            for training in parts:
                names = ids_of(self.measured.of(training.judged))
                counted = result_of(training, self.runs)["counts"]
                found |= {place[name]: counts for name, counts in zip(names, counted, strict=True)}
            columns.append([found[row] for row in range(len(place))])
        return np.array(columns).transpose(1, 0, 2)

    def figures(self, arm: Arm) -> dict[str, Any]:
        figures = seed_figures(self.counts(arm), self.measured.task, list(self.seeds))
        if (
            len(arm.parts) == 1 and self.measured.task == "relations"
        ):  # of halves it is no figure of the whole
            results = [result_of(training, self.runs) for (training,) in self.trainings("", arm)]
            figures["auroc"] = statistics.mean(result["auroc"] for result in results)
        return figures

    def baseline(self) -> tuple[str, np.ndarray]:
        """What learns nothing, as counts of rows x 1 x columns."""
        system = "dictionary" if self.recipe.task == "ner" else "always-related"
        file = self.work / f"{system}.jsonl"
        baseline_predictions(self.recipe, self.measured.folder, self.measured.data.split, file)
        return system, row_counts(str(file), self.measured.data, {})[:, None]

    def about(self) -> dict[str, Any]:
        """What each of these sections says of itself."""
        return {
            "benchmark": self.measured.name,
            "split": self.measured.data.split,
            "sentences": len(self.measured.ids),
            "benchmark_fingerprint": self.measured.fingerprint(None),
            "seeds": list(self.seeds),
            "encoder": encoder_title(self.encoder),
            "settings": asdict(self.config),
        }


@dataclass
class Plans:
    """The arms of the sections that were asked for, before anything is trained."""

    curve: list[tuple[int, Arm]] | None = None
    ablation: list[Arm] | None = None
    baselines: list[tuple[str, Arm]] | None = None
    zero_shot: tuple[np.ndarray, np.ndarray] | None = (
        None  # the rows that the LLM was asked about, and their counts
    )
    left_out: dict[str, list[str]] = field(
        default_factory=lambda: {"ablation": [], "baselines": []}
    )

    def arms(self) -> list[tuple[str, Arm]]:
        return [
            *(("curve", arm) for _, arm in self.curve or ()),
            *(("ablation", arm) for arm in self.ablation or ()),
            *(("baselines", arm) for _, arm in self.baselines or ()),
        ]


def plan(
    students: Students,
    only: Sequence[str],
    first: int = FIRST,
    changes: Sequence[str] = (),
    systems: Sequence[str] = SYSTEMS,
    beside: Sequence[str] = (),
    zero_shot: Path | None = None,
) -> Plans:
    """Write everything that will be trained on, and read what the zero-shot LLM predicted.

    `changes` are ids of ablations, all without any where no recipe stands `beside`; `systems` the students of the baselines.
    """
    if unknown := sorted(set(systems) - set(SYSTEMS)):
        raise UserError(
            f"no students called {', '.join(unknown)}: choose among {', '.join(SYSTEMS)}"
        )
    plans = Plans()
    if "baselines" in only:
        plans.baselines = [("synthetic", students.whole)] if "synthetic" in systems else []
        plans.left_out["baselines"] += [
            f"students on {name}: not asked for" for name in SYSTEMS if name not in systems
        ]
        for name, corpus in (("gold", None), ("gold+synthetic", students.corpus)):
            if name not in systems:
                continue
            out = students.work / f"gold-{bool(corpus)}"
            arm = gold(
                students.recipe, students.measured.folder, students.measured.data.split, corpus, out
            )
            if arm:
                plans.baselines.append((name, arm))
            else:
                plans.left_out["baselines"].append(
                    f"students on {name}: the benchmark has no train split at hand"
                )
        split = students.measured.data.split
        predictions = zero_shot or shipped_zero_shot(students.recipe, split)
        if zero_shot or predictions.exists():
            plans.zero_shot = students.measured.counts_of(predictions)
        else:
            plans.left_out["baselines"].append(
                f"the teacher itself, zero-shot: no predictions ship for {students.recipe.name}, {split}; give --zero-shot"
            )
    if "curve" in only:
        written = originals(students.corpus)
        plans.curve = []
        for size in curve_sizes(len(written), first)[:-1]:
            rows = first_rows(students.corpus, written[:size], students.work / f"first-{size}")
            plans.curve.append((size, Arm(f"first {size}", ((rows, None),))))
        plans.curve.append((len(written), students.whole))
    if "ablation" in only:
        turned = (
            ablation_arms(students, changes, plans.left_out["ablation"])
            if changes or not beside
            else []
        )
        others = (
            other_recipe(students, name, students.work / f"beside-{i}")
            for i, name in enumerate(beside)
        )
        plans.ablation = [students.whole, *turned, *others]
    return plans


def ablation_arms(students: Students, changes: Sequence[str], left_out: list[str]) -> list[Arm]:
    possible = ablations(students.recipe)
    if unknown := sorted(set(changes) - {ablation.id for ablation in possible}):
        known = ", ".join(ablation.id for ablation in possible)
        raise UserError(
            f"{', '.join(unknown)} changes nothing in {students.recipe.name}: choose among {known}"
        )
    chosen = [ablation for ablation in possible if not changes or ablation.id in changes]
    whole = students.whole.parts[0][0]
    arms = []
    for number, ablation in enumerate(chosen, 1):
        students.say(f"  building change {number} of {len(chosen)}: {ablation.name}")
        out = students.work / f"change-{number}"
        try:
            rows = ablated(ablation, students.recipe, students.corpus, students.sources, out)
        except UserError as error:
            left_out.append(f"{ablation.name}: {error}")
            continue
        if rows.fingerprint == whole.fingerprint:
            left_out.append(f"{ablation.name}: it changes no row.")
            continue
        arms.append(Arm(ablation.name, ((rows, None),)))
    return arms


def other_recipe(students: Students, name: str, out: Path) -> Arm:
    """The corpus of another recipe, such as one that asks otherwise. Raises UserError where it has other labels, or a
    split without a row."""
    recipe = load_recipe(name)
    if class_names(recipe) != class_names(students.recipe):
        raise UserError(f"{name} can't stand beside {students.recipe.name}: it has other labels")
    students.say(f"  building {recipe.name}")
    return Arm(recipe.title, ((students.sources.rows(name, out), None),))


def all_trainings(students: Students, plans: Plans) -> list[Training]:
    return [
        t
        for section, arm in plans.arms()
        for parts in students.trainings(section, arm)
        for t in parts
    ]


def dry_run(students: Students, plans: Plans) -> None:
    """Say which students would be trained."""
    trainings = all_trainings(students, plans)
    todo = unfinished(trainings, students.runs)
    for training in todo:
        students.say(f"  {training.label}, {training.rows.count} rows, seed {training.config.seed}")
    done = len({training.key for training in trainings}) - len(todo)
    students.say(f"{len(todo)} students to train, {done} are trained already; nothing was trained")


def train(students: Students, plans: Plans) -> int:
    return train_all(all_trainings(students, plans), students.runs, students.say)


def curve(students: Students, plans: Plans) -> dict[str, Any]:
    """A point for each number of accepted sentences, and the line of what learns nothing."""
    system, counts = students.baseline()
    points = [
        {"rows": size, "training_rows": arm.training_rows, "figures": students.figures(arm)}
        for size, arm in plans.curve or ()
    ]
    line = {"system": system, "figures": seed_figures(counts, students.measured.task, [])}
    return {**students.about(), "points": points, "line": line}


def ablation(students: Students, plans: Plans) -> dict[str, Any]:
    """A row for each change, and how far it lies from the whole recipe."""
    rows: list[dict[str, Any]] = []
    _, score = headline(students.measured.task)
    whole = students.counts(students.whole)
    for arm in plans.ablation or ():
        row = {
            "name": arm.name,
            "training_rows": arm.training_rows,
            "figures": students.figures(arm),
        }
        if rows:
            row["difference"] = seed_difference(students.counts(arm), whole, score)
        rows.append(row)
    return {**students.about(), "rows": rows, "left_out": plans.left_out["ablation"]}


def baselines(students: Students, plans: Plans) -> dict[str, Any]:
    """A row a system, each with how far it lies above what learns nothing and above the LLM; the gap closed, where it can
    be told."""
    task = students.measured.task
    system, nothing = students.baseline()
    counts = {system: nothing}
    arms = dict(plans.baselines or ())
    counts |= {name: students.counts(arm) for name, arm in arms.items()}
    asked = np.arange(len(nothing))  # of the zero-shot LLM: all rows, or a sample
    if plans.zero_shot:
        asked, counts["zero-shot"] = plans.zero_shot
    rows = []
    for name, counted in counts.items():
        figures = students.figures(arms[name]) if name in arms else seed_figures(counted, task, [])
        row: dict[str, Any] = {"system": name, "figures": figures}
        if name in arms:
            row["training_rows"] = arms[name].training_rows
        if name != system:
            row["above"] = {
                system: seed_differences(
                    counted, nothing[asked] if name == "zero-shot" else nothing, task
                )
            }
        if name in arms and "zero-shot" in counts:
            row["above"]["zero-shot"] = seed_differences(counted[asked], counts["zero-shot"], task)
        rows.append(row)
    section = {
        **students.about(),
        "rows": rows,
        "left_out": plans.left_out["baselines"],
        "notes": [],
    }
    if "gold" in arms and len(arms["gold"].parts) > 1:
        section["notes"].append(
            "Students on real sentences learned one half of this benchmark and were judged by the other."
        )
    if len(asked) < len(nothing):
        section["notes"].append(
            f"The zero-shot LLM was measured on {len(asked)} of the {len(nothing)} sentences, those of its file. "
            "The gap closed is that of all systems on these."
        )
    if {"zero-shot", "synthetic", "gold"} <= counts.keys():
        section["gap_closed"] = gap_closed(
            counts["synthetic"][asked], counts["zero-shot"], counts["gold"][asked], task
        )
    return section


def shipped_zero_shot(recipe: Recipe, split: str) -> Path:
    """Where the predictions of an LLM without training ship, if any: tags or labels by row id, as its answers quote text."""
    return ZERO_SHOT / f"{recipe.name}-{split}.jsonl"
