"""Measure a model, or anybody's predictions, on a benchmark.

    corpusmith evaluate models/disease benchmarks/ncbi_disease --split dev --json evaluation.json

The scores of the literature are over given words and tags; beside them stand those over raw text and characters, by the
same extractor that users run.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, read_benchmark
from corpusmith.evaluation.error_table import error_table, mentions, seen_and_unseen
from corpusmith.evaluation.metrics import (
    calibration_error,
    prf,
    relation_scores,
    span_counts,
    span_scores,
    spans,
)
from corpusmith.evaluation.significance import f1, interval, macro_f1, paired
from corpusmith.inference import Entity, EntityExtractor, RelationClassifier

TOLERANCE = 0.1
"""Points of F1 by which raw text may score other than given words before the evaluation warns of it."""


def evaluate(
    model: str,
    benchmark: str,
    split: str = "test",
    *,
    training: str | None = None,
    types: Mapping[str, str] | None = None,
    backend: str = "auto",
    quantized: bool = True,
    threads: int | None = None,
) -> dict:
    """Scores of a model on one split.

    Args:
        model: a model folder, a Hub id `id[@revision]`, or a JSON Lines file of predictions: `{"id", "ner_tags"}`, or
            `{"id", "label", "score"}` for relations (`score`, the probability of "related", may be missing).
        benchmark: see `corpusmith.evaluation.benchmark.read_benchmark`.
        split: a split of the benchmark.
        training: the dataset that the model was trained on; with it, seen and unseen mentions are scored apart.
        types: see `read_benchmark`.
        backend, quantized, threads: see `corpusmith.inference.Encoder.from_pretrained`.

    Returns:
        What the evaluation JSON holds. F1, precision, recall and accuracy in percent, intervals at 95% over the rows.

    Raises:
        UserError: when model or benchmark cannot be read or don't fit each other.
    """
    data = read_benchmark(benchmark, split, types)
    is_file = is_predictions(model)
    options = {"backend": backend, "quantized": quantized, "threads": threads}
    facts = {
        "task": "ner" if data.tagged else "relations",
        "model": model,
        "benchmark": benchmark,
        "split": split,
    }
    facts |= {"revision": data.revision} | ({} if is_file else model_facts(model))
    if data.labelled:
        return facts | evaluate_relations(
            data, read_scores(model, data) if is_file else None, model, options
        )
    seen = mentions(read_benchmark(training, "train").tagged) if training else None
    if is_file:
        return facts | ner_figures(data, read_tags(model, data), seen)
    return facts | evaluate_extractor(data, load(EntityExtractor, model, options), seen)


def compare(first: str, second: str, benchmark: str, split: str = "test", **options: Any) -> dict:
    """Whether `first` scores above `second` (models or predictions files) by more than luck, see `significance.paired`.

    Strict F1 for entities, macro F1 for relations. `options` are those of `evaluate`.
    """
    data = read_benchmark(benchmark, split, options.pop("types", None))
    one, other = (row_counts(model, data, options) for model in (first, second))
    tested = paired(one, other, f1 if data.tagged else macro_f1)
    return {"first": first, "second": second, "benchmark": benchmark, "split": split} | tested


def row_counts(model: str, data: Benchmark, options: dict) -> np.ndarray:
    """What each row adds to the score."""
    if data.tagged and is_predictions(model):
        return span_counts([row.tags for row in data.tagged], read_tags(model, data))
    if data.tagged:
        tags = load(EntityExtractor, model, options).tag([row.tokens for row in data.tagged])
        return span_counts([row.tags for row in data.tagged], tags)
    if is_predictions(model):
        return relation_counts(data, read_scores(model, data), 0.5)
    classifier = load(RelationClassifier, model, options)
    return relation_counts(
        data, classifier.probabilities([row.text for row in data.labelled]), classifier.threshold
    )


def is_predictions(model: str) -> bool:
    return model.endswith(".jsonl") and Path(model).is_file()


def evaluate_extractor(data: Benchmark, extractor: EntityExtractor, seen: set[str] | None) -> dict:
    """Over given words, and as deployed: over raw text, by characters."""
    warnings = []
    if not data.types & set(extractor.labels):
        known = ", ".join(extractor.labels)
        raise UserError(
            f"{data.source} marks {', '.join(sorted(data.types)) or 'nothing'} and the model finds {known}: "
            "say with `types` what is called what"
        )
    if unknown := data.types - set(extractor.labels):
        warnings.append(
            f"the model does not know {', '.join(sorted(unknown))}: all of these count as missed"
        )
    start = time.perf_counter()
    predicted = extractor.tag([row.tokens for row in data.tagged])
    seconds = time.perf_counter() - start
    figures = ner_figures(data, predicted, seen)

    found = extractor.extract([row.text for row in data.tagged])
    deployed = deployed_scores(data, found)
    if abs(deployed["strict_f1"] - figures["strict_f1"]) > TOLERANCE:
        warnings.append(
            f"from raw text strict F1 is {deployed['strict_f1']:.1f}, over the benchmark's own words "
            f"{figures['strict_f1']:.1f}: its words are split in another way, or entities end inside of words"
        )
    judged = [
        (entity.score, (entity.start, entity.end, entity.label) in row.entities)
        for row, entities in zip(data.tagged, found, strict=True)
        for entity in entities
    ]
    return figures | {
        "seconds": seconds,
        "backend": extractor.encoder.backend,
        "as_deployed": deployed,
        "calibration": {
            "ece": calibration_error([score for score, _ in judged], [right for _, right in judged])
        },
        "warnings": warnings,
    }


def ner_figures(data: Benchmark, predicted: Sequence[Sequence[str]], seen: set[str] | None) -> dict:
    """Everything that gold and predicted tags tell."""
    gold = [row.tags for row in data.tagged]
    figures = span_scores(gold, predicted) | {
        "ci95": interval(span_counts(gold, predicted), f1),
        "sentences": len(gold),
        "relaxed": overlap_scores(gold, predicted, "ent_type"),
        "boundary_only": overlap_scores(gold, predicted, "exact"),
        "errors": error_table(data.tagged, predicted),
    }
    return (
        figures
        if seen is None
        else figures | {"mentions": seen_and_unseen(data.tagged, predicted, seen)}
    )


def overlap_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: str
) -> dict:
    """nervaluate's figures in percent, after SemEval 2013 task 9.1.

    Scheme `ent_type` asks for the type and some overlap (relaxed), `exact` for both ends and no type (boundary only).
    """
    from nervaluate import Evaluator

    documents = [
        [
            [
                {"label": type_, "start": first, "end": last - 1}
                for type_, first, last in spans(tags)
            ]
            for tags in side
        ]
        for side in (gold, predicted)
    ]
    types = sorted(
        {type_ for side in (gold, predicted) for tags in side for type_, _, _ in spans(tags)}
    )
    scores = Evaluator(*documents, tags=types, loader="dict").evaluate()["overall"][scheme]
    return {name: 100 * getattr(scores, name) for name in ("precision", "recall", "f1")}


def deployed_scores(data: Benchmark, found: Sequence[Sequence[Entity]]) -> dict:
    """Strict scores over characters."""
    right = predicted = gold = 0
    for row, entities in zip(data.tagged, found, strict=True):
        truth, guess = (
            set(row.entities),
            {(entity.start, entity.end, entity.label) for entity in entities},
        )
        right, predicted, gold = (
            right + len(truth & guess),
            predicted + len(guess),
            gold + len(truth),
        )
    scores = prf(right, predicted, gold)
    return {"strict_f1": scores["f1"], "precision": scores["precision"], "recall": scores["recall"]}


def evaluate_relations(
    data: Benchmark, scores: list[float] | None, model: str, options: dict
) -> dict:
    """Of given scores, or else of the model's, at the threshold that the model carries."""
    threshold, extra = 0.5, {}
    if scores is None:
        classifier = load(RelationClassifier, model, options)
        start = time.perf_counter()
        scores = classifier.probabilities([row.text for row in data.labelled])
        threshold, extra = classifier.threshold, {"backend": classifier.encoder.backend}
        extra["seconds"] = time.perf_counter() - start
    labels = [row.label for row in data.labelled]
    counts = relation_counts(data, scores, threshold)
    return relation_scores(labels, scores, threshold) | {
        "threshold": threshold,
        "ci95": {
            "positive_f1": interval(counts[:, :3], f1),
            "macro_f1": interval(counts, macro_f1),
        },
        "sentences": len(labels),
        "calibration": {"ece": calibration_error(scores, [label == 1 for label in labels])},
        **extra,
    }


def relation_counts(data: Benchmark, scores: Sequence[float], threshold: float) -> np.ndarray:
    """Rows x (right, predicted, gold) of the positive and then of the negative class."""
    gold = np.array([row.label == 1 for row in data.labelled])
    positive = np.asarray(scores) >= threshold
    return np.stack(
        [gold & positive, positive, gold, ~gold & ~positive, ~positive, ~gold], axis=1
    ).astype(int)


def load(kind: Any, model: str, options: dict) -> Any:
    """An extractor or classifier from a folder or Hub id `id[@revision]`."""
    name, _, revision = (model, "", "") if Path(model).is_dir() else model.partition("@")
    try:
        return kind.from_pretrained(name, revision or None, **options)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error


def model_facts(model: str) -> dict:
    """The seed of a model folder's training, where it tells."""
    report = Path(model) / "training.json"
    return (
        {"seed": json.loads(report.read_text(encoding="utf-8")).get("seed")}
        if report.is_file()
        else {}
    )


def read_tags(file: str, data: Benchmark) -> list[list[str]]:
    """The tags of a predictions file, in the order of the benchmark."""
    rows = read_predictions(file, "ner_tags")
    for row in data.tagged:
        if len(rows.get(row.id, ())) != len(row.tags):
            raise UserError(
                f"{file} has no {len(row.tags)} tags for row {row.id}: predict every row of {data.source}"
            )
    return [rows[row.id] for row in data.tagged]


def read_scores(file: str, data: Benchmark) -> list[float]:
    """The probabilities of a predictions file; where it has labels only, these."""
    rows = read_predictions(file, "label")
    if absent := [row.id for row in data.labelled if row.id not in rows]:
        raise UserError(
            f"{file} says nothing of {len(absent)} rows, {absent[0]} among them: predict every row"
        )
    return [float(rows[row.id]) for row in data.labelled]


def read_predictions(file: str, column: str) -> dict:
    """From id to prediction; a `score` is preferred to a label."""
    if not Path(file).is_file():
        raise UserError(f"no predictions at {file}: `corpusmith baseline` writes them")
    found = {}
    for n, line in enumerate(Path(file).read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found[str(row["id"])] = row[column] if row.get("score") is None else row["score"]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{file}, line {n} is no prediction ({error!r}): write id and {column} in each"
            ) from error
    return found
