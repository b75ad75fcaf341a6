"""The training sets of a report's sections, written before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.evidence.ablations import ablations
from corpusmith.evidence.student_runs import Training, train_all, unfinished
from corpusmith.evidence.students import Students, shipped_zero_shot
from corpusmith.evidence.training_sets import (
    Arm,
    ablated,
    answered_requests,
    curve_sizes,
    first_rows,
    gold,
)
from corpusmith.recipe.load import load_recipe

TEXT = ("acceptance", "form", "unlabelled", "map", "memorisation")  # sections without training
TRAINED = ("curve", "ablation", "baselines")
SECTIONS = (*TEXT, *TRAINED)
PREDICTED = ("adapted", "assisted")  # systems of the baselines that are read from predictions
SYSTEMS = ("synthetic", "gold", "gold+synthetic")  # training data of the baselines' students


@dataclass(frozen=True)
class Choices:
    """What a report contains.

    Args:
        only: the sections to write.
        seeds: each student is trained once with each.
        split: the split that students are measured on, of the first benchmark that has it.
        changes: ids of ablations (`corpusmith.evidence.ablations`). If empty, all of them, or none
            if `beside` names a recipe.
        systems: what the students of the baselines are trained on.
        beside: other recipes, by name or path, as rows of the ablation: to compare prompts.
        first: accepted sentences at the first point of the learning curve.
        zero_shot: a predictions file for the split, of all rows or some. None takes the shipped
            one, if any.
        predictions: (system, file) for systems of `PREDICTED`, a file for each seed.
        dry_run: list the students and train none.
    """

    only: tuple[str, ...] = SECTIONS
    seeds: tuple[int, ...] = (1, 2, 3)
    split: str = "dev"
    changes: tuple[str, ...] = ()
    systems: tuple[str, ...] = SYSTEMS
    beside: tuple[str, ...] = ()
    first: int = 100
    zero_shot: Path | None = None
    predictions: tuple[tuple[str, Path], ...] = ()
    dry_run: bool = False

    def __post_init__(self) -> None:
        predicted = tuple(system for system, _ in self.predictions)
        known = {"section": (self.only, SECTIONS), "students": (self.systems, SYSTEMS)}
        known["predicted system"] = (predicted, PREDICTED)
        for what, (given, names) in known.items():
            if unknown := sorted(set(given) - set(names)):
                raise UserError(
                    f"no {what} called {', '.join(unknown)}: choose among {', '.join(names)}"
                )


@dataclass
class Plans:
    """The arms of each requested section.

    `zero_shot` holds the numbers of the benchmark rows that an untrained LLM predicted, and their
    counts; `predicted` the counts (rows x seeds x columns) of systems of `PREDICTED`; `left_out`
    lists what is missing from a section, and why.
    """

    curve: list[tuple[int, Arm]] | None = None
    ablation: list[Arm] | None = None
    baselines: dict[str, Arm] | None = None
    zero_shot: tuple[np.ndarray, np.ndarray] | None = None
    predicted: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(
        default_factory=lambda: {"ablation": [], "baselines": []}
    )

    def trainings(self, students: Students) -> list[Training]:
        arms = [
            *(("curve", arm) for _, arm in self.curve or ()),
            *(("ablation", arm) for arm in self.ablation or ()),
            *(("baselines", arm) for arm in (self.baselines or {}).values()),
        ]
        return [
            training
            for section, arm in arms
            for parts in students.trainings(section, arm)
            for training in parts
        ]


def plan(students: Students, choices: Choices) -> Plans:
    """Write every training set, and read the predictions of the zero-shot LLM."""
    plans = Plans()
    if "baselines" in choices.only:
        plan_baselines(students, choices, plans)
    if "curve" in choices.only:
        plans.curve = curve_arms(students, choices.first)
    if "ablation" in choices.only:
        plans.ablation = [students.whole]
        if choices.changes or not choices.beside:
            plans.ablation += ablation_arms(students, choices.changes, plans.left_out["ablation"])
        plans.ablation += [
            other_recipe(students, name, students.work / f"beside-{number}")
            for number, name in enumerate(choices.beside)
        ]
    return plans


def plan_baselines(students: Students, choices: Choices, plans: Plans) -> None:
    """Plan the students on synthetic and on real sentences, and read the zero-shot predictions."""
    split, left_out = students.measured.data.split, plans.left_out["baselines"]
    plans.baselines = {}
    for name in SYSTEMS:
        if name not in choices.systems:
            left_out.append(f"students on {name}: not asked for")
        elif name == "synthetic":
            plans.baselines[name] = students.whole
        else:
            corpus = students.corpus if name == "gold+synthetic" else None
            arm = gold(students.recipe, students.measured, corpus, students.work / name)
            if arm:
                plans.baselines[name] = arm
            else:
                left_out.append(f"students on {name}: the benchmark has no train split at hand")
    plans.predicted = count_predictions(students, choices.predictions)
    left_out += [
        f"{system} students: give their predictions, as --predictions {system}=FILE"
        for system in PREDICTED
        if students.measured.task == "ner" and system not in plans.predicted
    ]
    predictions = choices.zero_shot or shipped_zero_shot(students.recipe, split)
    if choices.zero_shot or predictions.exists():
        plans.zero_shot = students.measured.counts_of(predictions)
    else:
        left_out.append(
            "the teacher itself, zero-shot: "
            f"no predictions ship for {students.recipe.name}, {split}; give --zero-shot"
        )


def count_predictions(
    students: Students, given: Sequence[tuple[str, Path]]
) -> dict[str, np.ndarray]:
    """Counts of each system, rows x seeds x columns. Every file must cover the whole split.

    Raises:
        UserError: a file can't be read or leaves rows out, or the systems have other numbers of
            files.
    """
    found: dict[str, list[np.ndarray]] = {}
    for system, file in given:
        rows, counts = students.measured.counts_of(file)
        if len(rows) < len(students.measured.ids):
            raise UserError(
                f"{file} predicts {len(rows)} of {len(students.measured.ids)} sentences: "
                f"predict all of {students.measured.name}, {students.measured.data.split}"
            )
        found.setdefault(system, []).append(counts)
    if len(set(map(len, found.values()))) > 1:
        raise UserError("give as many files of predictions for each system: one a seed")
    return {system: np.concatenate(counts, axis=1) for system, counts in found.items()}


def curve_arms(students: Students, first: int) -> list[tuple[int, Arm]]:
    """The points of the learning curve: numbers of accepted sentences, and their rows."""
    accepted = answered_requests(students.corpus)
    arms = []
    for size in curve_sizes(len(accepted), first)[:-1]:
        rows = first_rows(students.corpus, accepted[:size], students.work / f"first-{size}")
        arms.append((size, Arm(f"first {size}", ((rows, None),))))
    return [*arms, (len(accepted), students.whole)]


def ablation_arms(students: Students, changes: Sequence[str], left_out: list[str]) -> list[Arm]:
    """An arm for each ablation that changes a row; the others are added to `left_out`."""
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
    """The corpus of another recipe. Raises UserError if its labels differ."""
    recipe = load_recipe(name)
    if class_names(recipe) != class_names(students.recipe):
        raise UserError(
            f"{name} can't be compared with {students.recipe.name}: it has other labels"
        )
    students.say(f"  building {recipe.name}")
    return Arm(recipe.title, ((students.sources.training_set(name, out), None),))


def list_students(students: Students, plans: Plans) -> None:
    """Print the students that a report would train."""
    trainings = plans.trainings(students)
    todo = unfinished(trainings, students.results)
    for training in todo:
        students.say(f"  {training.label}, {training.rows.count} rows, seed {training.config.seed}")
    done = len({training.key for training in trainings}) - len(todo)
    students.say(f"{len(todo)} students to train, {done} are trained already; nothing was trained")


def train_students(students: Students, plans: Plans) -> int:
    """Train and measure every student without a result; returns their number."""
    return train_all(plans.trainings(students), students.results, students.say)
