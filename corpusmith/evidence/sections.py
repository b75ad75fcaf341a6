"""The sections of a report that need training: learning curve, ablation, baselines."""

from typing import Any

import numpy as np

from corpusmith.evaluation.seed_statistics import (
    gap_closed,
    headline,
    seed_difference,
    seed_differences,
    seed_figures,
)
from corpusmith.evidence.plans import Plans
from corpusmith.evidence.students import Students


def curve(students: Students, plans: Plans) -> dict[str, Any]:
    """A point for each number of accepted sentences, and the best untrained baseline as a line."""
    system, counts = next(iter(students.untrained.items()))
    points = [
        {"rows": size, "training_rows": arm.training_rows, "figures": students.figures(arm)}
        for size, arm in plans.curve or ()
    ]
    line = {"system": system, "figures": seed_figures(counts, students.measured.scoring, [])}
    return {**students.about(), "points": points, "line": line}


def ablation(students: Students, plans: Plans) -> dict[str, Any]:
    """A row for each change, with its difference from the whole recipe."""
    rows: list[dict[str, Any]] = []
    _, score = headline(students.measured.scoring)
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
    """A row for each system, with its differences from the best untrained baseline and the LLM."""
    task = students.measured.scoring
    baselines = students.untrained
    system, untrained = next(iter(baselines.items()))
    arms = plans.baselines or {}
    counts = baselines | {name: students.counts(arm) for name, arm in arms.items()}
    counts |= plans.predicted
    asked = np.arange(len(untrained))  # rows that the LLM predicted: all of them, or a sample
    if plans.zero_shot:
        asked, counts["zero-shot"] = plans.zero_shot
    rows = []
    for name, counted in counts.items():
        seeds = list(range(1, counted.shape[1] + 1)) if name in plans.predicted else []
        figures = (
            students.figures(arms[name]) if name in arms else seed_figures(counted, task, seeds)
        )
        row: dict[str, Any] = {"system": name, "figures": figures}
        if name in arms:
            row["training_rows"] = arms[name].training_rows
        if name not in baselines:
            same = untrained[asked] if name == "zero-shot" else untrained
            row["above"] = {system: seed_differences(counted, same, task)}
        if name in arms and "zero-shot" in counts:
            row["above"]["zero-shot"] = seed_differences(counted[asked], counts["zero-shot"], task)
        rows.append(row)
    section = {
        **students.about(),
        "rows": rows,
        "left_out": plans.left_out["baselines"],
        "notes": notes(plans, len(asked), len(untrained)),
    }
    if {"zero-shot", "synthetic", "gold"} <= counts.keys():
        section["gap_closed"] = gap_closed(
            counts["synthetic"][asked], counts["zero-shot"], counts["gold"][asked], task
        )
    return section


def notes(plans: Plans, asked: int, rows: int) -> list[str]:
    """Notes on how the baselines were measured."""
    found = []
    if "gold" in (arms := plans.baselines or {}) and len(arms["gold"].parts) > 1:
        found.append("Students on real sentences: two-fold cross-validation on this benchmark.")
    if asked < rows:
        found.append(
            f"The zero-shot LLM was measured on {asked} of the {rows} sentences, "
            "those of its file. The gap closed is that of all systems on these."
        )
    return found
