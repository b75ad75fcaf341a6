"""Evaluate a relation model or predictions, for two classes or several relation types."""

import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, LabelledText
from corpusmith.evaluation.loading import Options, load
from corpusmith.evaluation.metrics import (
    calibration_error,
    micro_counts,
    relation_scores,
    type_counts,
    type_scores,
)
from corpusmith.evaluation.predictions import is_predictions, read_classes
from corpusmith.evaluation.significance import f1, interval, macro_f1
from corpusmith.inference import MASK, RelationClassifier


def evaluate_relations(
    data: Benchmark, scores: list[float] | None, model: str, options: Options
) -> dict:
    """Figures for given scores, or else for the model's scores at the threshold stored in it."""
    threshold, extra = 0.5, {}
    if scores is None:
        classifier = load(RelationClassifier, model, options)
        start = time.perf_counter()
        scores = masked_scores(classifier, data)
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


def predicted_types(model: str, data: Benchmark, options: Options) -> tuple[list[int], list[str]]:
    """The predicted class of each row, by a model or a predictions file, and warnings."""
    if is_predictions(model):
        return read_classes(model, data, options.reading), []
    return model_types(load(RelationClassifier, model, options), data)


def relation_counts(data: Benchmark, scores: Sequence[float], threshold: float) -> np.ndarray:
    """Rows x (right, predicted, gold) of the positive and then of the negative class."""
    gold = np.array([row.label == 1 for row in data.labelled])
    positive = np.asarray(scores) >= threshold
    return np.stack(
        [gold & positive, positive, gold, ~gold & ~positive, ~positive, ~gold], axis=1
    ).astype(int)


def masked_scores(classifier: RelationClassifier, data: Benchmark) -> list[float]:
    """The model's probability of "related" for each row.

    Raises:
        UserError: when a text does not mask the pair that the model was trained on.
    """
    sides = [classifier.head.upper(), classifier.tail.upper()]
    one_kind = sides[0] == sides[1]  # its masks may be numbered: @DRUG1$ and @DRUG2$
    for row in data.labelled:
        marks = [mark[1:-1].upper() for mark in MASK.findall(row.text)]
        found = Counter(mark.rstrip("0123456789") if one_kind else mark for mark in marks)
        if Counter(sides) - found:
            raise UserError(
                f"row {row.id} of {data.source} does not mask @{sides[0]}$ and @{sides[1]}$, the "
                f"pair that the model was trained on: {row.text[:60]!r}"
            )
    return classifier.probabilities([row.text for row in data.labelled])


def evaluate_types(data: Benchmark, predicted: Sequence[int], warnings: Sequence[str]) -> dict:
    """The figures of predicted classes, with the 95% interval of micro F1 over the rows."""
    counts = related_counts(data, predicted)
    return type_scores(data.gold, predicted, data.classes) | {
        "classes": list(data.classes),
        "ci95": {"micro_f1": interval(counts, f1)},
        "sentences": len(data.gold),
        "warnings": list(warnings),
    }


def model_types(classifier: RelationClassifier, data: Benchmark) -> tuple[list[int], list[str]]:
    """The class of each row by a model, and warnings.

    Raises:
        UserError: when model and benchmark share no relation type, or a text masks another pair.
    """
    none, *types = classifier.labels
    known = classes_in(data, types, "the model")
    warnings = []
    if missed := set(range(1, len(data.classes))) - set(known.values()):
        names = ", ".join(data.classes[i] for i in sorted(missed))
        warnings.append(f"the model has no type {names}: all of these count as missed")
    if surplus := sorted(set(types) - set(known)):
        warnings.append(
            f"the benchmark has no type {', '.join(surplus)}: pairs of these count as unrelated"
        )
    pair = classifier.head, classifier.tail
    texts = [pair_text(row, pair, data.source) for row in data.labelled]
    asked = [text for text in texts if text is not None]
    if joined := len(texts) - len(asked):
        warnings.append(f"{joined} rows mask head and tail as one: predicted as {none}")
    found = iter(classifier.classify(asked))
    labels = [none if text is None else next(found)[0] for text in texts]
    return [known.get(label, 0) for label in labels], warnings


def classes_in(data: Benchmark, names: Sequence[str], owner: str) -> dict[str, int]:
    """The benchmark's class number of each name that is one of its types, whatever its case.

    Raises:
        UserError: when none is; `owner` says whose names they are.
    """
    number = {name.lower(): i for i, name in enumerate(data.classes) if i}
    known = {name: number[name.lower()] for name in names if name.lower() in number}
    if not known:
        raise UserError(
            f"{data.source} has the types {', '.join(data.classes[1:])} and {owner} "
            f"{', '.join(names)}: they share none"
        )
    return known


def related_counts(data: Benchmark, predicted: Sequence[int]) -> np.ndarray:
    """Rows x (right, predicted, gold) over all types together; they add up to micro F1."""
    return micro_counts(type_counts(data.gold, predicted, len(data.classes)))


def pair_masks(pair: tuple[str, str]) -> tuple[str, str]:
    """The masks of head and tail of these kinds, numbered if both are of one kind."""
    head, tail = pair[0].upper(), pair[1].upper()
    return (f"@{head}1$", f"@{tail}2$") if head == tail else (f"@{head}$", f"@{tail}$")


def pair_text(row: LabelledText, pair: tuple[str, str], source: str) -> str | None:
    """The text with the masks of a pair's kinds; None if one mask covers both head and tail.

    Two entities of one kind are numbered from left to right where the benchmark does not.

    Args:
        row: a row of the benchmark.
        pair: the kinds of head and tail that model or recipe has, as ("chemical", "gene").
        source: the benchmark, for the message.

    Raises:
        UserError: when the text masks another pair.
    """
    head, tail = pair[0].upper(), pair[1].upper()
    marks = [mark[1:-1].upper() for mark in MASK.findall(row.text)]
    if len(marks) == 1 and len(set(marks) & {head, tail}) == 0:
        return None  # ChemProt's @CHEM-GENE$, of a chemical inside the name of a gene
    masks = pair_masks(pair)
    if not Counter(mask[1:-1] for mask in masks) - Counter(marks):
        return row.text
    if head == tail and Counter(marks)[head] >= 2:
        first = row.text.upper().index(f"@{head}$")
        second = row.text.upper().index(f"@{head}$", first + 1)
        mark = len(head) + 2
        return (
            f"{row.text[:first]}{masks[0]}{row.text[first + mark : second]}"
            f"{masks[1]}{row.text[second + mark :]}"
        )
    raise UserError(
        f"row {row.id} of {source} does not mask @{head}$ and @{tail}$, the pair that the model "
        f"was trained on: {row.text[:60]!r}"
    )
