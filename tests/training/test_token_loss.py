"""Compare the loss and its noise-robust form with their formulas."""

import pytest
import torch
from torch.nn import functional

from corpusmith.training.batches import token_loss
from corpusmith.training.windows import IGNORED

LOGITS = torch.tensor([[[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [9.0, 0.0, 0.0]]], requires_grad=True)
LABELS = torch.tensor([[0, 2, IGNORED]])


def test_loss_without_noise_is_cross_entropy_over_scored_positions() -> None:
    expected = functional.cross_entropy(LOGITS[0], LABELS[0], reduction="sum", ignore_index=IGNORED)
    assert token_loss(LOGITS, LABELS).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("q", [0.3, 0.7, 1.0])
def test_loss_with_noise_is_generalised_cross_entropy(q: float) -> None:
    chances = LOGITS[0, :2].softmax(-1)[[0, 1], [0, 2]]
    assert token_loss(LOGITS, LABELS, noise_q=q).item() == pytest.approx(
        ((1 - chances**q) / q).sum().item(), rel=1e-5
    )


def test_noise_reduces_gradient_of_unlikely_label() -> None:
    logits = torch.tensor([[6.0, 0.0]])
    pulls = []
    for q in (0.0, 0.7):
        given = logits.clone().requires_grad_()
        token_loss(given, torch.tensor([1]), noise_q=q).backward()
        pulls.append(given.grad.abs().sum().item())
    assert pulls[1] < pulls[0] / 10


def test_weights_scale_labels_and_loss_of_nothing_is_zero() -> None:
    weights = torch.tensor([1.0, 1.0, 3.0])
    parts = [token_loss(LOGITS[:, i : i + 1], LABELS[:, i : i + 1]) for i in range(2)]
    assert token_loss(LOGITS, LABELS, weights).item() == pytest.approx(
        (parts[0] + 3 * parts[1]).item()
    )
    assert token_loss(LOGITS, torch.full_like(LABELS, IGNORED)).item() == 0
