"""Plan optimiser steps of windows of similar length, and compute the loss.

The plan is the same for any number of processes.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from corpusmith.training.windows import IGNORED, Encoded

POOL = 64
"""Steps in a pool. Windows are sorted by length within a pool, for little padding."""


def plan_steps(lengths: np.ndarray, batch_tokens: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The windows of each step of an epoch, as a pure function of the arguments.

    Windows are shuffled, sorted by length within pools and cut into steps of at most
    `batch_tokens` subwords, padding included. Then the steps are shuffled. A window longer than
    the budget is a step of its own.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths))
    pool = max(1, round(POOL * batch_tokens / max(lengths.mean(), 1)))
    steps = []
    for at in range(0, len(order), pool):
        members = order[at : at + pool]
        members = members[np.argsort(lengths[members], kind="stable")]
        begin = 0
        for end in range(1, len(members) + 1):
            if end == len(members) or (end + 1 - begin) * lengths[members[end]] > batch_tokens:
                steps.append(members[begin:end])
                begin = end
    return [steps[i] for i in rng.permutation(len(steps))]


def share(step: np.ndarray, process: int, processes: int, parts: int) -> list[np.ndarray]:
    """The parts of a step for one process.

    Each process gets the same number of parts. Their sizes differ by at most one window.
    Windows sorted by length are dealt in turn, so all processes have the same work. A part may be
    empty.
    """
    parts = min(parts, -(-len(step) // processes))
    return [step[process + part * processes :: processes * parts] for part in range(parts)]


def collate(
    encoded: Encoded, windows: Sequence[int] | np.ndarray, pad_id: int
) -> dict[str, torch.Tensor]:
    """Pad windows to the longest. Without padding there is no `attention_mask`, which is faster."""
    longest = max(len(encoded.ids[i]) for i in windows)
    ids = np.full((len(windows), longest), pad_id, dtype=np.int64)
    mask = np.zeros((len(windows), longest), dtype=np.int64)
    labels = np.full(
        (len(windows), max(len(encoded.labels[i]) for i in windows)), IGNORED, dtype=np.int64
    )
    for at, i in enumerate(windows):
        ids[at, : len(encoded.ids[i])] = encoded.ids[i]
        mask[at, : len(encoded.ids[i])] = 1
        labels[at, : len(encoded.labels[i])] = encoded.labels[i]
    batch = {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}
    return batch if mask.all() else batch | {"attention_mask": torch.from_numpy(mask)}


def token_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor | None = None,
    noise_q: float = 0.0,
) -> torch.Tensor:
    """Summed loss over the scored positions: cross entropy, or its generalisation for noisy labels.

    With q > 0 it is L_q of Zhang and Sabuncu 2018, "Generalized Cross Entropy Loss for Training
    Deep Neural Networks with Noisy Labels" (arXiv 1805.07836), equation 6: (1 - p^q) / q, where p
    is the probability of the given label. Its gradient is that of cross entropy times p^q, so a
    label that the model finds unlikely counts less. The limit at q = 0 is cross entropy; q = 1 is
    the mean absolute error. The caller divides the sum by the weight of a whole step, over all its
    processes and parts.

    Args:
        logits: (..., labels).
        labels: (...), `IGNORED` at positions without a label.
        weights: one factor a label, or None for equal weights.
    """
    scored = labels != IGNORED
    logits, labels = logits[scored].float(), labels[scored]
    negative_log = functional.cross_entropy(logits, labels, reduction="none")
    losses = -torch.expm1(-noise_q * negative_log) / noise_q if noise_q else negative_log
    return (losses if weights is None else losses * weights[labels]).sum()


def class_weights(training: Encoded, classes: int, scheme: str | None) -> torch.Tensor:
    """One factor a label. "balanced" is rows / (classes * rows of the label): mean 1 over rows."""
    if scheme is None:
        return torch.ones(classes)
    labels = np.concatenate(training.labels)
    counts = np.bincount(labels[labels != IGNORED], minlength=classes)
    return torch.from_numpy(counts.sum() / (classes * np.maximum(counts, 1))).float()
