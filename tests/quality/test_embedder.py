"""Sentences to vectors: one each, in their order, whatever they are batched with."""

from pathlib import Path

import numpy as np
import pytest

from corpusmith.errors import UserError
from corpusmith.quality import embedder
from corpusmith.quality.embedder import sentence_embedder

TEXTS = [
    "asthma",
    "Patients with cystic fibrosis were seen in the clinic .",
    "gout was found",
    "No sign of lupus",
]


def test_a_text_has_the_same_vector_alone_and_in_company(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = sentence_embedder(str(tiny_encoder))
    together = embed(TEXTS)
    assert together.shape == (4, 32)
    np.testing.assert_allclose(
        np.concatenate([embed([text]) for text in TEXTS]), together, atol=1e-5
    )
    monkeypatch.setattr(
        embedder, "BATCH_TOKENS", 1
    )  # smaller than any text, so each has a batch of its own
    np.testing.assert_allclose(embed(TEXTS), together, atol=1e-5)


def test_what_takes_long_tells_how_far_it_is(
    tiny_encoder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = sentence_embedder(str(tiny_encoder))
    monkeypatch.setattr("corpusmith.progress.QUICK", 0.0)
    monkeypatch.setattr("corpusmith.progress.LOG_EVERY", 0.0)
    capsys.readouterr()
    embed(TEXTS)
    assert "embedding: 100%" in (shown := capsys.readouterr().err) and "4/4 [" in shown


def test_no_text_is_no_vector(tiny_encoder: Path) -> None:
    assert sentence_embedder(str(tiny_encoder))([]).shape == (0, 32)


def test_the_embedded_encoder_puts_what_means_alike_side_by_side() -> None:
    embed = sentence_embedder()
    first, alike, other = embed(
        [
            "Cystic fibrosis is inherited.",
            "Mucoviscidosis runs in families.",
            "The train to Basel was late.",
        ]
    )
    assert first @ alike > first @ other


def test_an_encoder_that_is_none_is_named() -> None:
    with pytest.raises(UserError, match="no-such/encoder"):
        sentence_embedder("/no-such/encoder")
