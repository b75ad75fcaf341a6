"""Build a corpus twice: the second build rejects label noise and outliers of the first."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpusmith.corpus.build import build, missing_splits
from corpusmith.corpus.rows import class_names
from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.quality.label_noise import noise_veto, out_of_fold
from corpusmith.quality.outliers import LIMIT, measure_distances, outlier_veto
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe


@dataclass(frozen=True)
class Run:
    """The input and output paths of a run, shared by its parts.

    Args:
        folder: the output of the run; the same call resumes an interrupted run there.
        encoder: what students start from: "embedded", a folder or a Hub id.
        ledger: the answers; None takes the transcript that ships with the recipe.
        benchmarks: folder of `{set}/{split}.jsonl`; None takes $CORPUSMITH_BENCHMARKS.
        settings: training settings, over those of the task in `training/settings`.
    """

    folder: Path
    encoder: str = "embedded"
    ledger: Path | None = None
    benchmarks: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def build_twice(recipe: str, out: Path, run: Run) -> dict[str, Any]:
    """Build `recipe` into `out`, with its filters for label noise and outliers.

    If the recipe sets neither filter, there is only one build. The predictions and distances of the
    first build are kept in `run.folder` under a hash of their rows: recipes that differ only in
    copies share them. Returns the content of build.json.
    """
    parsed = load_recipe(recipe)
    folds, limit = parsed.filters.label_noise, parsed.filters.outliers
    if not folds and not limit:
        return build(recipe, out, run.ledger, run.benchmarks)
    draft = out.with_name(f"{out.name}-draft")
    facts = build(recipe, draft, run.ledger, run.benchmarks)
    if folds and (problem := missing_splits(facts)):
        raise UserError(problem)
    rows = list(judged_rows(draft, parsed))
    noise = outliers = None
    if folds:
        from corpusmith.training.config import TrainingConfig, task_settings

        settings = {**task_settings(parsed.task), **run.settings, "tracker": "none"}
        noise = kept(run, "predictions", [rows, folds, run.encoder, settings])
        if not noise.exists():
            config = TrainingConfig.from_dict(settings)
            out_of_fold(str(draft), folds, run.encoder, config, noise)
    if limit:
        outliers = kept(run, "distances", [rows, run.encoder])
        if not outliers.exists():
            measure_distances(str(draft), run.encoder, outliers)
    return build(recipe, out, run.ledger, run.benchmarks, vetoes_of(parsed, noise, outliers))


def vetoes_of(recipe: Recipe, noise: Path | None, outliers: Path | None) -> list[Veto]:
    """The vetoes of a predictions file and of a file of distances, if given."""
    vetoes = []
    if noise is not None:
        vetoes.append(noise_veto(noise, len(class_names(recipe))))
    if outliers is not None:
        vetoes.append(outlier_veto(outliers, recipe.filters.outliers or LIMIT))
    return vetoes


def judged_rows(dataset: Path, recipe: Recipe) -> Iterator[list[Any]]:
    """Id, text and labels of every row except augmented copies."""
    import pyarrow.parquet as pq

    columns = ["id", "request_id", "text", "ner_tags" if recipe.task == "ner" else "label"]
    for split in ("train", "validation", "test"):
        for shard in sorted((dataset / "data" / recipe.name).glob(f"{split}-*.parquet")):
            for row in pq.read_table(shard, columns=columns).to_pylist():
                if row["id"] == row["request_id"]:
                    yield [split, *row.values()]


def kept(run: Run, what: str, made_from: list[Any]) -> Path:
    """The file for predictions or distances, named by a hash of their input."""
    key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]
    return run.folder / f"{what}-{key}.jsonl"
