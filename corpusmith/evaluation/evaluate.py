"""Evaluate a model or a predictions file on a benchmark.

    corpusmith evaluate models/disease benchmarks/ncbi_disease --split dev --json evaluation.json

The usual scores use the benchmark's words and tags. `as_deployed` scores the extractor on raw text,
by characters.
"""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, read_benchmark
from corpusmith.evaluation.error_table import error_table, mentions, seen_and_unseen
from corpusmith.evaluation.loading import DEFAULTS, Options, load, training_seed
from corpusmith.evaluation.metrics import (
    calibration_error,
    prf,
    span_counts,
    span_scores,
    spans,
)
from corpusmith.evaluation.predictions import is_predictions, read_scores, read_tags
from corpusmith.evaluation.relations import (
    evaluate_relations,
    evaluate_types,
    masked_scores,
    predicted_types,
    related_counts,
    relation_counts,
)
from corpusmith.evaluation.seed_statistics import headline, scoring_of
from corpusmith.evaluation.significance import f1, interval, paired
from corpusmith.evaluation.tagged import renamed_tags
from corpusmith.inference import Entity, EntityExtractor, RelationClassifier

TOLERANCE = 0.1
"""F1 points by which raw text and given words may differ without a warning."""


def evaluate(
    model: str,
    benchmark: str,
    split: str = "test",
    *,
    training: str | None = None,
    types: Mapping[str, str] | None = None,
    options: Options = DEFAULTS,
) -> dict:
    """Scores of a model on one split.

    Args:
        model: a model folder, a Hub id `id[@revision]`, or predictions in any format that a
            benchmark may have; see `corpusmith.evaluation.predictions`.
        benchmark: see `corpusmith.evaluation.benchmark.read_benchmark`.
        split: a split of the benchmark.
        training: the dataset that the model was trained on; adds separate scores of seen and
            unseen mentions.
        types: see `read_benchmark`. Predictions of other types are left out too.

    Returns:
        The content of the evaluation JSON. F1, precision, recall and accuracy are in percent;
        intervals are 95% bootstrap intervals over the rows.

    Raises:
        UserError: when model or benchmark can't be read or don't fit each other.
    """
    data = read_benchmark(benchmark, split, types, options.reading)
    is_file = is_predictions(model)
    facts = {
        "task": "ner" if data.tagged else "relations",
        "model": model,
        "benchmark": benchmark,
        "split": split,
    }
    facts |= {"revision": data.revision} | ({} if is_file else training_seed(model))
    if data.labelled and len(data.classes) > 2:
        return facts | evaluate_types(data, *predicted_types(model, data, options))
    if data.labelled:
        scores = read_scores(model, data, options.reading) if is_file else None
        return facts | evaluate_relations(data, scores, model, options)
    seen = None
    if training:
        learned = read_benchmark(training, "train")
        seen = mentions([*learned.tagged, *learned.masked])
    if is_file:
        predicted = read_tags(model, data, types, options.reading)
        warnings = type_warnings(data, {t for tags in predicted for t, _, _ in spans(tags)})
        return facts | ner_figures(data, predicted, seen) | {"warnings": warnings}
    return facts | evaluate_extractor(data, load(EntityExtractor, model, options), seen, types)


def compare(
    first: str,
    second: str,
    benchmark: str,
    split: str = "test",
    *,
    types: Mapping[str, str] | None = None,
    options: Options = DEFAULTS,
) -> dict:
    """Compare two models or predictions files by a paired bootstrap, see `significance.paired`.

    The score is strict F1 for entities, macro F1 for two relation classes, micro F1 for more.
    """
    data = read_benchmark(benchmark, split, types, options.reading)
    one, other = (row_counts(model, data, types, options) for model in (first, second))
    _, score = headline(scoring_of(data))
    tested = paired(one, other, score)
    return {"first": first, "second": second, "benchmark": benchmark, "split": split} | tested


def row_counts(
    model: str,
    data: Benchmark,
    types: Mapping[str, str] | None = None,
    options: Options = DEFAULTS,
) -> np.ndarray:
    """Each row's counts, which add up to the score."""
    if data.tagged:
        gold = [row.tags for row in data.tagged]
        if is_predictions(model):
            return span_counts(gold, read_tags(model, data, types, options.reading))
        return span_counts(gold, model_tags(load(EntityExtractor, model, options), data, types))
    if len(data.classes) > 2:
        predicted, _ = predicted_types(model, data, options)
        return related_counts(data, predicted)
    if is_predictions(model):
        return relation_counts(data, read_scores(model, data, options.reading), 0.5)
    classifier = load(RelationClassifier, model, options)
    return relation_counts(data, masked_scores(classifier, data), classifier.threshold)


def model_tags(
    extractor: EntityExtractor, data: Benchmark, types: Mapping[str, str] | None
) -> list[list[str]]:
    """The model's BIO tags; with `types`, only of the types in it."""
    tags = extractor.tag([row.tokens for row in data.tagged])
    if not types:
        return tags
    kept = {type_: type_ for type_ in types.values()}
    return [renamed_tags(of_row, kept) for of_row in tags]


def type_warnings(data: Benchmark, predicted: set[str]) -> list[str]:
    """Warnings about entity types, and about what the benchmark's tags can't express."""
    found = list(data.notes)
    if not data.types:
        found.append(
            f"{data.source} marks no entity in its {data.split} split: F1 is 0 by definition"
        )
    elif surplus := predicted - data.types:
        found.append(
            f"{data.source} marks no {', '.join(sorted(surplus))}: all of these count as wrong; "
            "leave them out with --types"
        )
    return found


def evaluate_extractor(
    data: Benchmark,
    extractor: EntityExtractor,
    seen: set[str] | None,
    types: Mapping[str, str] | None,
) -> dict:
    """Scores on given words, and as deployed: on raw text, by characters."""
    scored = set(types.values()) if types else set(extractor.labels)
    warnings = type_warnings(data, scored & set(extractor.labels))
    if not data.types & set(extractor.labels):
        known = ", ".join(extractor.labels)
        raise UserError(
            f"{data.source} marks {', '.join(sorted(data.types)) or 'nothing'} and the model "
            f"finds {known}: "
            "map the names with `--types THEIRS=OURS`"
        )
    if unknown := data.types - set(extractor.labels):
        warnings.append(
            f"the model has no type {', '.join(sorted(unknown))}: all of these count as missed"
        )
    start = time.perf_counter()
    predicted = model_tags(extractor, data, types)
    seconds = time.perf_counter() - start
    figures = ner_figures(data, predicted, seen)

    found = [
        [entity for entity in entities if entity.label in scored]
        for entities in extractor.extract([row.text for row in data.tagged])
    ]
    deployed = deployed_scores(data, found)
    if abs(deployed["strict_f1"] - figures["strict_f1"]) > TOLERANCE:
        warnings.append(
            f"from raw text strict F1 is {deployed['strict_f1']:.1f}, over the benchmark's own "
            "words "
            f"{figures['strict_f1']:.1f}: the benchmark splits words in another way, "
            "or entities end inside words"
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
    """All figures that need only gold and predicted tags."""
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

    Scheme `ent_type` requires the type and some overlap (relaxed). `exact` requires both ends and
    ignores the type (boundary only).
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
