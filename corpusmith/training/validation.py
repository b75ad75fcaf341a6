"""Scores on the synthetic validation split while training: they choose the checkpoint, and say nothing of real text."""

from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object, send_to_device

from corpusmith.evaluation.metrics import relation_scores, span_scores
from corpusmith.training.batches import collate, plan_steps
from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import Corpus, Encoded

METRIC = {"ner": "strict_f1", "relations": "macro_f1"}
"""What is better when higher, by task."""


@torch.inference_mode()
def validate(
    accelerator: Accelerator,
    model: Any,
    data: Encoded,
    corpus: Corpus,
    pad_id: int,
    config: TrainingConfig,
) -> dict:
    """Scores on the validation split, the same on every process: each predicts a part, and all get all of it."""
    model.eval()
    found = []
    for step in plan_steps(data.lengths(), config.batch_tokens, seed=0, epoch=0):
        part = step[accelerator.process_index :: accelerator.num_processes]
        batch = send_to_device(
            collate(data, part if len(part) else step[:1], pad_id), accelerator.device
        )
        del batch["labels"]
        logits = model(**batch).logits.float()
        if corpus.task == "ner":
            logits[..., corpus.labels.index("O")] += (
                config.outside_bias
            )  # as the model that is kept will
        chances = logits.softmax(-1).cpu().numpy()
        found += [(int(i), chances[at][: len(data.ids[i])]) for at, i in enumerate(part)]
    model.train()
    by_window = dict(gather_object(found))
    if corpus.task == "relations":
        return score_relations(
            [int(labels[0]) for labels in data.labels],
            [float(by_window[i][1]) for i in range(len(data))],
            config.choose_threshold,
        )
    gold: list[list[str]] = [[] for _ in range(corpus.splits["validation"].num_rows)]
    predicted: list[list[str]] = [[] for _ in gold]
    for i, row in enumerate(data.rows):
        # Windows of a row follow one another, and so do the words they own.
        owned = data.words[i] >= 0
        gold[row] += [corpus.labels[y] for y in data.labels[i][owned]]
        predicted[row] += [corpus.labels[y] for y in by_window[i][owned].argmax(-1)]
    return span_scores(gold, predicted)


def score_relations(labels: list[int], chances: list[float], choose_threshold: bool) -> dict:
    """Scores at 0.5, or at the hundredth between 0 and 1 with the best macro F1."""
    thresholds = [i / 100 for i in range(1, 100)] if choose_threshold else [0.5]
    scores = [
        relation_scores(labels, chances, threshold) | {"threshold": threshold}
        for threshold in thresholds
    ]
    return max(scores, key=lambda score: (score["macro_f1"], -abs(score["threshold"] - 0.5)))
