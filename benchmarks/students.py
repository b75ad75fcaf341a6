"""F1 of students of the shipped transcripts on real sentences.

    CORPUSMITH_BENCHMARKS=DIR python -m benchmarks.students --work DIR --json students.json

Builds the recipes, trains the embedded encoder on each with the settings of `corpusmith run` and
several seeds, and measures every student on each split. Two baselines are beside it: the recipe's
lexicons looked up (relations: always "related"), and, on the rows it was asked about, the zero-shot
LLM whose answers ship. No LLM is asked and no real sentence is trained on. A recipe takes about an
hour on one core; a killed call resumes. `ci95` resamples the sentences; `stdev` is over seeds.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.cli.report import listed, numbers
from corpusmith.corpus.build import benchmarks_at_hand, build
from corpusmith.evaluation.evaluate import row_counts
from corpusmith.evaluation.loading import Options
from corpusmith.evaluation.seed_statistics import seed_differences, seed_figures
from corpusmith.evidence.student_runs import Measured
from corpusmith.evidence.students import shipped_zero_shot, untrained_counts
from corpusmith.files import write_json
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import TrainingConfig, task_settings
from corpusmith.training.launch import train_seeds

BESIDE = {"nothing_learned": "nothing learned", "zero_shot": "zero-shot LLM"}
RECIPES = "ncbi-disease,bc5cdr-disease,bc5cdr-chemical,gad"


def taught(
    recipe: Recipe, root: Path, work: Path, seeds: Sequence[int], splits: Sequence[str]
) -> dict[str, Any]:
    """The figures of one recipe's students and of the untrained baseline on each split."""
    name = recipe.name
    corpus, students = work / name / "dataset", work / name / "students"
    built = build(name, corpus, None, root)
    config = TrainingConfig.from_dict({**task_settings(recipe.task), "tracker": "none"})
    train_seeds(
        str(corpus),
        "embedded",
        students,
        config,
        seeds,
        lambda row: print(f"{name}: {row}", flush=True),
    )
    models = (
        [students / f"seed-{seed}" for seed in seeds] if len(seeds) > 1 else [students]
    )  # as train_seeds has them
    files = [
        file
        for split in splits
        if (file := root / recipe.benchmarks[0] / f"{split}.jsonl").exists()
    ]
    return {
        "content_hash": built["content_hash"],
        "rows": {split: told["rows"] for split, told in built["splits"].items()},
        "settings": {
            key: value for key, value in asdict(config).items() if key not in ("seed", "tracker")
        },
        "splits": {file.stem: measured(recipe, file, models, seeds) for file in files},
    }


def measured(
    recipe: Recipe, file: Path, models: Sequence[Path], seeds: Sequence[int]
) -> dict[str, Any]:
    """The figures of the models of these seeds and of the baselines on one split."""
    split = Measured.read(recipe.benchmarks[0], file.parent, file.stem)
    by_seed = np.stack(
        [row_counts(str(model), split.data, options=Options(backend="torch")) for model in models],
        axis=1,
    )
    with tempfile.TemporaryDirectory() as scratch:
        system, untrained = next(iter(untrained_counts(recipe, split, Path(scratch)).items()))
    told = compared(by_seed, "nothing_learned", untrained, split.scoring, seeds)
    told["untrained_system"] = system
    if (predictions := shipped_zero_shot(recipe, split.data.split)).exists():
        asked, counted = split.counts_of(predictions)
        told["zero_shot"] = compared(by_seed[asked], "zero_shot", counted, split.scoring, seeds)
    return {"benchmark": recipe.benchmarks[0], **told}


def compared(
    by_seed: np.ndarray, name: str, other: np.ndarray, task: str, seeds: Sequence[int]
) -> dict[str, Any]:
    """The figures of the students and of a baseline on the same rows, and the difference."""
    return {
        "sentences": len(by_seed),
        "student": seed_figures(by_seed, task, list(seeds)),
        name: seed_figures(other, task, []),
        "differences": seed_differences(by_seed, other, task),
    }


def lines(name: str, splits: dict[str, Any]) -> list[str]:
    """A line a split, score and what the students are beside, as a table of Markdown has them."""
    found = []
    for split, told in splits.items():
        for score in told["differences"]:
            for beside, side in (("nothing_learned", told), ("zero_shot", told.get("zero_shot"))):
                if side is None:
                    continue
                student, other, gain = side["student"], side[beside], side["differences"][score]
                low, high = student["ci95"][score]
                spread = f" ± {student['stdev'][score]:.1f}" if "stdev" in student else ""
                found.append(
                    f"| {name} | {split}, {side['sentences']} "
                    f"| {score.replace('_', ' ').replace('f1', 'F1')} "
                    f"| {student[score]:.1f}{spread} | {low:.1f} to {high:.1f} "
                    f"| {student['precision']:.1f} / {student['recall']:.1f} "
                    f"| {BESIDE[beside]}: {other[score]:.1f} | {gain['difference']:+.1f} "
                    f"({gain['ci95'][0]:+.1f} to {gain['ci95'][1]:+.1f}) |"
                )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", default=RECIPES, help="by commas")
    parser.add_argument("--seeds", default="42,43,44", help="by commas")
    parser.add_argument("--splits", default="dev,test", help="by commas")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/students"), help="for corpora and models"
    )
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    options = parser.parse_args()
    root = benchmarks_at_hand(None)
    if root is None:
        parser.error("set CORPUSMITH_BENCHMARKS to the folder of benchmarks")
    seeds, splits = numbers(options.seeds), listed(options.splits)
    recipes = [load_recipe(name) for name in listed(options.recipes)]
    figures: dict[str, Any] = {}
    table = [
        "| recipe | split, sentences | score | mean of the seeds | 95% | P / R "
        "| beside | gain, 95% |",
        "|" + "---|" * 8,
    ]
    for recipe in recipes:
        figures[recipe.name] = taught(recipe, root, options.work, seeds, splits)
        table += lines(recipe.name, figures[recipe.name]["splits"])
        if options.json:
            write_json({"seeds": seeds, "recipes": figures}, options.json)
    ner = [figures[recipe.name]["splits"] for recipe in recipes if recipe.task == "ner"]
    for split in splits:
        if len(ner) > 1 and all(split in told for told in ner):
            sides = ("student", "nothing_learned")
            student, nothing = (
                np.mean([told[split][side]["strict_f1"] for told in ner]) for side in sides
            )
            means = f"{student:.1f} | | | {nothing:.1f} | {student - nothing:+.1f}"
            table.append(f"| mean of {len(ner)} | {split} | strict F1 | {means} |")
    print("\n".join(table))


if __name__ == "__main__":
    main()
