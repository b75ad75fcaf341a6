"""The training loss."""

import torch
from torch.nn import functional

IGNORED = -100
"""The label of a position outside the loss: special tokens, later subwords of a word, padding."""


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
