"""Out-of-fold predictions of a corpus: what label noise is told by, and a second round may be aimed by.

    corpusmith noise runs/ncbi-disease/dataset --folds 3 --out runs/ncbi-disease/predictions.jsonl

Builders never import training, so what a student thinks comes back to them as this file.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

    from corpusmith.training.config import TrainingConfig
    from corpusmith.training.data import Corpus

DECIMALS = 4
FEWEST = 2  # training rows a fold, below which nothing is learned


def out_of_fold(
    dataset: str, folds: int, encoder: str, config: "TrainingConfig", out: Path
) -> dict[str, Any]:
    """Judge every answer of `dataset` by a student that was not trained on it; write `corpusmith.quality.predictions` to `out`.

    Rows are dealt to folds by the request that they come from. Copies that augmentation made are neither trained on nor
    judged: they share the fault of their sentence. What is trained lies in `out`'s folder until all is done, so that a
    killed run goes on; the file appears when it is whole. Returns `rows`, `folds` and each fold's validation score.

    Raises UserError when the dataset cannot be read or is too small for so many folds.
    """
    from corpusmith.training.data import SPLITS, load_corpus
    from corpusmith.training.launch import train_once

    if folds < 2:
        raise UserError(
            f"--folds {folds}: give 2 or more, so that a student is left to judge what it never saw"
        )
    corpus = load_corpus(dataset, [*SPLITS, *(["test"] if has_test(dataset) else [])])
    rows = {split: originals(part) for split, part in corpus.splits.items()}
    work = out.parent / f"{out.stem}-folds"
    judged: dict[str, list[str]] = {split: [""] * part.num_rows for split, part in rows.items()}
    scores = []
    for fold in range(folds):
        source = fold_dataset(corpus, rows, fold, folds, work / f"data-{fold}")
        model, fingerprint = work / f"model-{fold}", load_corpus(source).fingerprint()
        report = train_once(source, encoder, model, config, fingerprint)
        scores.append(report["best"]["value"])
        for split, part in rows.items():
            mine = [
                i for i, request in enumerate(part["request_id"]) if fold_of(request, folds) == fold
            ]
            for place, line in zip(
                mine, predictions(model, corpus.task, part.select(mine)), strict=True
            ):
                judged[split][place] = line
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text(
        "".join(f"{line}\n" for part in judged.values() for line in part), encoding="utf-8"
    )
    partial.replace(out)
    shutil.rmtree(work)
    return {"rows": sum(map(len, judged.values())), "folds": folds, "scores": scores}


def has_test(dataset: str) -> bool:
    """Whether a dataset folder has a test split; a short word list fills only some. On the Hub all corpora have one."""
    name, _, config = dataset.partition(":")
    return not Path(name).is_dir() or any(
        Path(name, "data").glob(f"{config or '*'}/test-*.parquet")
    )


def originals(part: "Dataset") -> "Dataset":
    """Rows that are answers themselves."""
    if "request_id" not in part.column_names:
        raise UserError(
            "the dataset does not say which request a row comes from: give one that `corpusmith build` wrote"
        )
    kept = [
        i
        for i, (row, request) in enumerate(zip(part["id"], part["request_id"], strict=True))
        if row == request
    ]
    return part.select(kept)


def fold_of(request_id: str, folds: int) -> int:
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4], "big") % folds


def fold_dataset(
    corpus: "Corpus", rows: "dict[str, Dataset]", fold: int, folds: int, folder: Path
) -> str:
    """A dataset folder of the training rows outside the fold, with the corpus's validation split to choose epochs by."""
    data = folder / "data" / corpus.config
    data.mkdir(parents=True, exist_ok=True)
    outside = [
        i
        for i, request in enumerate(rows["train"]["request_id"])
        if fold_of(request, folds) != fold
    ]
    if len(outside) < FEWEST:
        raise UserError(
            f"{corpus.id} has too few rows for {folds} folds: give fewer, or generate more rows"
        )
    parts = {"train": rows["train"].select(outside), "validation": rows["validation"]}
    for split, part in parts.items():
        part.to_parquet(data / f"{split}-00000-of-00001.parquet")
    return f"{folder}:{corpus.config}"


def predictions(model: Path, task: str, part: "Dataset") -> Iterator[str]:
    """A line for each row: its labels, and the model's probabilities."""
    from corpusmith.inference import EntityExtractor, RelationClassifier

    if task == "ner":
        chances = EntityExtractor.from_pretrained(model, backend="torch").probabilities(
            part["tokens"]
        )
        judged = [
            (tags, found.tolist()) for tags, found in zip(part["ner_tags"], chances, strict=True)
        ]
    else:
        related = RelationClassifier.from_pretrained(model, backend="torch").probabilities(
            part["text"]
        )
        judged = [([label], [[1 - p, p]]) for label, p in zip(part["label"], related, strict=True)]
    for row_id, (labels, found) in zip(part["id"], judged, strict=True):
        rounded = [[round(float(p), DECIMALS) for p in one] for one in found]
        yield json.dumps({"id": row_id, "labels": list(labels), "probabilities": rounded})
