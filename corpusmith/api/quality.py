"""Improve a corpus: label noise, outliers, a second round; and the report of its evidence."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.api.folder import Folder, PathName, path_or_none, recipe_file, training_config

if TYPE_CHECKING:
    from corpusmith.quality.uncertainty import Uncertainty
    from corpusmith.recipe.schema import Recipe
    from corpusmith.training.config import TrainingConfig


def noise(
    dataset: PathName,
    out: PathName,
    *,
    folds: int = 3,
    encoder: PathName = "embedded",
    config: "TrainingConfig | Mapping[str, Any] | PathName | None" = None,
) -> Path:
    """Write out-of-fold predictions for each answer that became a row, for `build(…, noise=out)`.

    The answers are divided into `folds` parts. Each is predicted by a student that was trained on
    the other parts. Repeat a killed call to continue it.

    >>> path = cs.noise(
    ...     "corpus", out="noise.jsonl", folds=2, encoder="tiny-encoder",
    ...     config={"epochs": 1, "tracker": "none"},
    ... )
    >>> path.stat().st_size > 0
    True
    """
    from corpusmith.quality.label_noise import out_of_fold

    out_of_fold(str(dataset), folds, str(encoder), training_config(config), Path(out))
    return Path(out)


def outliers(dataset: PathName, out: PathName, *, encoder: PathName = "embedded") -> Path:
    """Write how far the embedding of each answer that became a row is from the others, for
    `build(…, outliers=out)`.

    >>> path = cs.outliers("corpus", out="outliers.jsonl", encoder="tiny-encoder")
    >>> path.stat().st_size > 0
    True
    """
    from corpusmith.quality.outliers import measure_distances

    measure_distances(str(dataset), str(encoder), Path(out))
    return Path(out)


def aim(
    recipe: PathName,
    out: PathName,
    *,
    rows: int = 500,
    predictions: PathName | None = None,
    model: PathName | None = None,
    dataset: PathName | None = None,
) -> "Uncertainty":
    """Write a recipe with more requests of the kinds on which the first student is uncertain.

    No real label is used. Give either `predictions`, as `noise` writes them, or a `model` and the
    `dataset` it was trained on. The recipe is written to `out` and has `rows` requests. Returns
    the uncertainty of each kind.

    >>> unsure = cs.aim("demo-disease", "round2.yaml", rows=50, model="student", dataset="corpus")
    >>> cs.load_recipe("round2.yaml").rows
    50
    """
    from corpusmith.quality.second_round import aim as write

    return write(
        str(recipe),
        Path(out),
        rows,
        predicted=path_or_none(predictions),
        model=None if model is None else str(model),
        dataset=None if dataset is None else str(dataset),
    )


def report(
    recipe: "Recipe | PathName",
    out: PathName,
    *,
    only: Sequence[str] = (),
    seeds: Sequence[int] = (1, 2, 3),
    encoder: PathName = "embedded",
    ledger: PathName | None = None,
    **options: Any,
) -> Folder:
    """Measure a corpus without an LLM: acceptance, form, memorisation, ablations, baselines.

    >>> evidence = cs.report("demo-disease", out="report", only=["acceptance"])
    >>> evidence.facts["sections"]["acceptance"]["counts"]["answered"]
    600

    Args:
        out: the folder to write: report.json, README.md and pictures.
        only: the sections to compute, by default all. The others stay as an earlier call wrote
            them.
        seeds: seeds of the students that the sections `curve`, `ablation` and `baselines` train.
        ledger: the answers; default the transcript that ships with the recipe.
        options: `benchmarks`, a folder; `settings` of training; and the other fields of
            `corpusmith.evidence.plans.Choices`, such as `split` and `systems`.
    """
    from corpusmith.evidence.plans import SECTIONS, Choices
    from corpusmith.evidence.report import report as gather
    from corpusmith.quality.second_build import Run

    benchmarks, settings = options.pop("benchmarks", None), options.pop("settings", {})
    answers, root = path_or_none(ledger), path_or_none(benchmarks)
    where = Run(Path(out), str(encoder), answers, root, settings)
    choices = Choices(only=tuple(only or SECTIONS), seeds=tuple(seeds), **options)
    with recipe_file(recipe) as name:
        return Folder(Path(out), gather(name, where, choices, say=lambda line: None))
