"""Find label noise by out-of-fold predictions and confident learning.

    corpusmith noise runs/ncbi-disease/dataset --folds 3 --out runs/ncbi-disease/predictions.jsonl

Out-of-fold predictions are written to a file (`corpusmith.quality.predictions`). cleanlab finds the
noisy rows in it.
"""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.quality.predictions import (
    all_splits,
    originals,
    predict,
    read_predictions,
    write_lines,
)

if TYPE_CHECKING:
    from datasets import Dataset

    from corpusmith.training.config import TrainingConfig
    from corpusmith.training.data import Corpus

REASON = "label noise (cleanlab)"
UNLIKELY = 0.1  # the highest probability of a rejected label; cleanlab alone flags many more
MOST_NOISE = 0.5  # of the rows; students that flag more are too weak
FEWEST = 2  # training rows per fold


def out_of_fold(
    dataset: str, folds: int, encoder: str, config: "TrainingConfig", out: Path
) -> dict[str, Any]:
    """Write out-of-fold predictions of every answer of `dataset` to `out`.

    Rows are assigned to folds by their request. Augmented copies are left out, because they share
    the errors of their sentence. Students are kept beside `out` until it is complete, so the same
    call resumes a killed one.

    Returns:
        `rows`, `folds` and the validation score of each fold.

    Raises:
        UserError: the dataset can't be read or is too small for so many folds.
    """
    from corpusmith.training.data import load_corpus
    from corpusmith.training.launch import train_once

    if folds < 2:
        raise UserError(
            f"--folds {folds}: give 2 or more, so that each row has a student that never saw it"
        )
    corpus = all_splits(dataset)
    rows = {split: originals(part) for split, part in corpus.splits.items()}
    work = out.parent / f"{out.stem}-folds"
    lines: dict[str, list[str]] = {split: [""] * part.num_rows for split, part in rows.items()}
    scores = []
    for fold in range(folds):
        source = fold_dataset(corpus, rows, fold, folds, work / f"data-{fold}")
        model, fingerprint = work / f"model-{fold}", load_corpus(source).fingerprint()
        report = train_once(source, encoder, model, config, fingerprint)
        scores.append(report["best"]["value"])
        for split, part in rows.items():
            mine = [i for i, name in enumerate(part["request_id"]) if fold_of(name, folds) == fold]
            predicted = predict(model, corpus.task, part.select(mine))
            for place, line in zip(mine, predicted, strict=True):
                lines[split][place] = line
    write_lines(out, (line for part in lines.values() for line in part))
    shutil.rmtree(work)
    return {"rows": sum(map(len, lines.values())), "folds": folds, "scores": scores}


def fold_of(request_id: str, folds: int) -> int:
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4], "big") % folds


def fold_dataset(
    corpus: "Corpus", rows: "dict[str, Dataset]", fold: int, folds: int, folder: Path
) -> str:
    """Write the training rows outside the fold, with the corpus's whole validation split."""
    data = folder / "data" / corpus.config
    data.mkdir(parents=True, exist_ok=True)
    names = rows["train"]["request_id"]
    outside = [i for i, name in enumerate(names) if fold_of(name, folds) != fold]
    if len(outside) < FEWEST:
        raise UserError(
            f"{corpus.id} has too few rows for {folds} folds: give fewer, or generate more rows"
        )
    parts = {"train": rows["train"].select(outside), "validation": rows["validation"]}
    for split, part in parts.items():
        part.to_parquet(data / f"{split}-00000-of-00001.parquet")
    return f"{folder}:{corpus.config}"


def noise_veto(path: Path, classes: int) -> Veto:
    """A veto on the rows of a predictions file in which cleanlab finds a wrong label.

    One wrong word rejects the whole sentence. The number of wrong labels per class is estimated
    from all rows together, relative to the student's mean confidence in the class.

    Raises:
        UserError: cleanlab is missing, the file holds no row, or most rows are flagged.
    """
    try:
        from cleanlab.token_classification.filter import find_label_issues
    except ImportError:
        raise UserError(
            "finding label noise needs cleanlab: pip install 'corpusmith[report]'"
        ) from None

    rows = list(read_predictions(path, classes))
    if not rows:
        raise UserError(
            f"{path} holds no prediction: `corpusmith noise DATASET --out {path}` writes them"
        )
    # A relation row has one label, so cleanlab's token filter works for it too.
    labels = [list(row.labels) for row in rows]
    probabilities = [normalised(row.probabilities) for row in rows]
    issues = find_label_issues(labels, probabilities, n_jobs=1)
    noisy = {row for row, at in issues if probabilities[row][at, labels[row][at]] <= UNLIKELY}
    if len(noisy) > MOST_NOISE * len(rows):
        raise UserError(
            f"{path} flags {len(noisy)} of {len(rows)} rows: "
            "its students are too weak; train them longer"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = {rows[row].id: rows[row].labels for row in sorted(noisy)}
    facts = {"judged": len(rows), "predictions_sha256": digest}
    return Veto(REASON, frozenset(found), found, "label_noise", facts)


def normalised(probabilities: np.ndarray) -> np.ndarray:
    """Rows that sum to one. Those of a file are rounded."""
    return probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)
