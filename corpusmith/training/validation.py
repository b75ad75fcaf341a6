"""Scores on the synthetic validation split. They choose the epoch; they don't measure real text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object, send_to_device

from corpusmith.evaluation.metrics import (
    prf,
    relation_scores,
    span_counts,
    span_scores,
    type_scores,
)
from corpusmith.training.batches import collate, plan_steps
from corpusmith.training.config import Schedule, TrainingConfig
from corpusmith.training.data import Corpus
from corpusmith.training.windows import Encoded

METRIC = {"ner": "strict_f1", "relations": "macro_f1"}
"""The score to maximise, by task."""

RESAMPLES = 200
"""Bootstrap samples for a standard error: enough for two digits."""

HUNDREDTHS = [i / 100 for i in range(1, 100)]
FEWEST_OF_TYPE = 20
"""Validation rows of a type from which its threshold is chosen."""


@torch.inference_mode()
def log_probabilities(
    accelerator: Accelerator, model: Any, data: Encoded, pad_id: int, batch_tokens: int
) -> dict[int, np.ndarray]:
    """Log-probabilities of each window. Processes predict a part each and gather all."""
    model.eval()
    found = []
    for step in plan_steps(data.lengths(), batch_tokens, seed=0, epoch=0):
        part = step[accelerator.process_index :: accelerator.num_processes]
        windows = part if len(part) else step[:1]
        batch = send_to_device(collate(data, windows, pad_id), accelerator.device)
        del batch["labels"]
        chances = model(**batch).logits.float().log_softmax(-1).cpu().numpy()
        found += [(int(i), chances[at][: len(data.ids[i])]) for at, i in enumerate(part)]
    model.train()
    return dict(gather_object(found))


def validation_scores(
    chances: dict[int, np.ndarray],
    data: Encoded,
    corpus: Corpus,
    schedule: Schedule,
    config: TrainingConfig,
) -> dict:
    """The scores of one evaluation, and the `threshold` or `outside_bias` chosen by them."""
    if corpus.task == "relations":
        return score_relations(
            [int(labels[0]) for labels in data.labels],
            np.exp([chances[i] for i in range(len(data))]),
            corpus.labels,
            config.choose_threshold,
        )
    gold: list[list[str]] = [[] for _ in range(corpus.splits["validation"].num_rows)]
    logits: list[list[np.ndarray]] = [[] for _ in gold]
    for i, row in enumerate(data.rows):
        # Windows of a row are in order, and so are the words they own.
        owned = (data.words[i] >= 0) & (data.labels[i] >= 0)
        gold[row] += [corpus.labels[y] for y in data.labels[i][owned]]
        logits[row].append(chances[i][owned])
    joined = [np.concatenate(parts) if parts else np.zeros((0, 1)) for parts in logits]
    return choose_bias(gold, joined, corpus.labels, schedule.outside_biases)


def choose_bias(
    gold: Sequence[Sequence[str]],
    logits: Sequence[np.ndarray],
    labels: list[str],
    biases: Sequence[float],
) -> dict:
    """Scores at the largest bias of O whose F1 is within one standard error of the best F1."""
    outside = labels.index("O")
    predictions = {}
    for bias in biases:
        shift = np.where(np.arange(len(labels)) == outside, bias, 0.0)
        best = [(row + shift).argmax(-1) if len(row) else [] for row in logits]
        predictions[bias] = [[labels[y] for y in row] for row in best]
    if len(predictions) == 1:
        ((chosen, tags),) = predictions.items()
        return span_scores(gold, tags) | {"outside_bias": chosen}
    counts = {bias: span_counts(gold, tags) for bias, tags in predictions.items()}
    scores = {bias: strict_f1(of_rows.sum(0)) for bias, of_rows in counts.items()}
    best_bias = max(scores, key=lambda bias: (scores[bias], -bias))
    least = scores[best_bias] - standard_error(counts[best_bias])
    chosen = max(bias for bias, score in scores.items() if score >= least)
    return span_scores(gold, predictions[chosen]) | {"outside_bias": chosen}


def strict_f1(counts: np.ndarray) -> float:
    """F1 in percent, from (right, predicted, gold)."""
    return prf(*(int(count) for count in counts))["f1"]


def standard_error(counts: np.ndarray) -> float:
    """The standard error of F1 in points, over bootstrap samples of the rows."""
    rng = np.random.default_rng(0)
    samples = rng.integers(len(counts), size=(RESAMPLES, len(counts)))
    return float(np.std([strict_f1(counts[sample].sum(0)) for sample in samples]))


def score_relations(
    gold: list[int], chances: np.ndarray, labels: Sequence[str], choose_threshold: bool
) -> dict:
    """Scores at a threshold of 0.5, or at the chosen ones.

    Args:
        gold: The class of each row, as its number in `labels`.
        chances: Class probabilities, rows x classes.
        labels: The names of the classes, "no relation" first.
        choose_threshold: Whether the threshold on the probability of any relation is chosen: of two
            classes the hundredth with the best macro F1, of more classes one for each type.
    """
    related = 1 - chances[:, 0]
    if len(labels) > 2:
        strongest = 1 + chances[:, 1:].argmax(-1)
        chosen = type_thresholds(gold, related, strongest, labels) if choose_threshold else {}
        needed = np.array([chosen.get(name, 0.5) for name in labels])
        predicted = np.where(related >= needed[strongest], strongest, 0)
        scores = type_scores(gold, predicted.tolist(), labels) | {"threshold": 0.5}
        return scores | ({"thresholds": chosen} if chosen else {})
    thresholds = HUNDREDTHS if choose_threshold else [0.5]
    found = [
        relation_scores(gold, related.tolist(), threshold) | {"threshold": threshold}
        for threshold in thresholds
    ]
    return max(found, key=lambda score: (score["macro_f1"], -abs(score["threshold"] - 0.5)))


def type_thresholds(
    gold: list[int], related: np.ndarray, strongest: np.ndarray, labels: Sequence[str]
) -> dict[str, float]:
    """The threshold of each type with enough rows.

    Of the thresholds whose F1 for the type is within one standard error of the best, the one
    nearest to 0.5 is taken: synthetic rows are easier than real ones, so a small gain on them is no
    reason to move it.

    Args:
        gold: The class of each row.
        related: The probability of any relation, of each row.
        strongest: The most probable type of each row.
        labels: The names of the classes, "no relation" first.
    """
    truth = np.asarray(gold)
    chosen = {}
    for one, name in enumerate(labels):
        if one == 0 or (truth == one).sum() < FEWEST_OF_TYPE:
            continue
        counts = {}
        for threshold in HUNDREDTHS:
            guess = (strongest == one) & (related >= threshold)
            right = guess & (truth == one)
            counts[threshold] = np.stack([right, guess, truth == one], axis=1).astype(int)
        scores = {threshold: strict_f1(rows.sum(0)) for threshold, rows in counts.items()}
        best = max(scores, key=lambda threshold: (scores[threshold], -abs(threshold - 0.5)))
        # At a perfect score the error of the best is 0, that of 0.5 is not.
        error = max(standard_error(counts[best]), standard_error(counts[0.5]))
        least = scores[best] - error
        near = [threshold for threshold, score in scores.items() if score >= least]
        chosen[name] = min(near, key=lambda threshold: abs(threshold - 0.5))
    return chosen
