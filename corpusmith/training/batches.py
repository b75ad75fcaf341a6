"""Plan optimiser steps: windows of similar length, up to a budget of tokens.

The plan is the same for any number of processes.
"""

from collections.abc import Sequence

import numpy as np
import torch

from corpusmith.training.data import Encoded
from corpusmith.training.loss import IGNORED

POOL = 64
"""Steps whose windows are sorted by length together: enough for little padding, still shuffled."""


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
    """The parts of a step for one process: the same number for each, equal but for one window.

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
