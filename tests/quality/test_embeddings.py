"""Sentence embeddings: one vector per text, in order, independent of the batch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from corpusmith.errors import UserError
from corpusmith.quality import embeddings
from corpusmith.quality.embeddings import (
    auroc,
    deviations_below,
    nearest,
    project,
    sentence_embedder,
    two_sample_auroc,
)


def letters(texts: Sequence[str]) -> np.ndarray:
    """A small embedding: the frequency of each letter."""
    return np.array(
        [[text.lower().count(chr(code)) for code in range(97, 123)] for text in texts],
        dtype=np.float32,
    )


@pytest.fixture
def corpus() -> list[str]:
    rng = np.random.default_rng(3)
    words = [
        "patients",
        "carried",
        "a",
        "missense",
        "mutation",
        "in",
        "the",
        "gene",
        "and",
        "early",
        "ataxia",
    ]
    return [" ".join(rng.choice(words, 12)) for _ in range(300)]


@pytest.mark.parametrize("reference", [2000, 50])
def test_outliers_are_texts_far_from_the_rest(corpus, reference):
    corpus[40] = "zzzz qqqq xxxx kkkk"
    corpus[299] = "0123456789 {}[]"
    found = deviations_below(corpus, letters, reference=reference, batch=64)
    assert np.flatnonzero(found > 12.0).tolist() == [40, 299]
    assert abs(float(np.median(found))) < 1e-6


def test_few_texts_have_no_outliers(corpus):
    assert not deviations_below(corpus[:5], letters).any()


def test_rounding_error_makes_no_outlier_of_equal_texts():
    assert np.abs(deviations_below(["patients carried a mutation"] * 300, letters)).max() < 0.01


def test_two_sample_auroc_separates_shifted_from_equal():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 8))
    same = two_sample_auroc(rng.normal(size=(500, 8)), real)
    shifted = two_sample_auroc(rng.normal(loc=1.0, size=(500, 8)), real)
    assert same["rows"] == 400
    assert same["auroc"] == pytest.approx(0.5, abs=0.08)
    assert shifted["auroc"] > 0.95


def test_projection_keeps_the_widest_axis_and_a_fixed_sign():
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(100, 5)) * [0.1, 0.1, 9.0, 0.1, 0.1]
    synthetic, real = project(wide[:60], wide[60:])
    assert synthetic.shape == (60, 2)
    joined = np.concatenate([synthetic, real])[:, 0]
    assert np.corrcoef(joined, wide[:, 2])[0, 1] == pytest.approx(1.0, abs=0.01)


def test_two_sample_interval_contains_auroc_and_narrows_with_rows():
    rng = np.random.default_rng(1)
    synthetic, real = rng.normal(loc=0.4, size=(1000, 4)), rng.normal(size=(1000, 4))
    few, many = two_sample_auroc(synthetic[:80], real[:80]), two_sample_auroc(synthetic, real)
    for figures in (few, many):
        assert figures["ci95"][0] < figures["auroc"] < figures["ci95"][1]
    assert many["ci95"][1] - many["ci95"][0] < (few["ci95"][1] - few["ci95"][0]) / 2


def test_auroc_counts_ties_as_half():
    assert auroc(np.array([[3.0, 2.0]]), np.array([[1.0, 2.0]])).tolist() == [0.875]


def test_nearest_finds_copy_but_not_the_row_itself():
    rng = np.random.default_rng(2)
    real = rng.normal(size=(50, 6))
    similarity, which = nearest(np.stack([3 * real[17], rng.normal(size=6)]), real, batch=1)
    assert which[0] == 17 and similarity[0] == pytest.approx(1.0, abs=1e-5)
    among_themselves, _ = nearest(real, real, batch=7)
    assert among_themselves.max() < 0.999


TEXTS = [
    "asthma",
    "Patients with cystic fibrosis were seen in the clinic .",
    "gout was found",
    "No sign of lupus",
]


def test_batch_does_not_change_vector(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed = sentence_embedder(str(tiny_encoder))
    together = embed(TEXTS)
    assert together.shape == (4, 32)
    np.testing.assert_allclose(
        np.concatenate([embed([text]) for text in TEXTS]), together, atol=1e-5
    )
    # The budget is smaller than any text, so each batch holds one text.
    monkeypatch.setattr(embeddings, "BATCH_TOKENS", 1)
    np.testing.assert_allclose(embed(TEXTS), together, atol=1e-5)


def test_long_embedding_shows_progress(
    tiny_encoder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = sentence_embedder(str(tiny_encoder))
    monkeypatch.setattr("corpusmith.progress.QUICK", 0.0)
    monkeypatch.setattr("corpusmith.progress.LOG_EVERY", 0.0)
    capsys.readouterr()
    embed(TEXTS)
    assert "embedding: 100%" in (shown := capsys.readouterr().err) and "4/4 [" in shown


def test_no_texts_give_no_vectors(tiny_encoder: Path) -> None:
    assert sentence_embedder(str(tiny_encoder))([]).shape == (0, 32)


def test_sentence_embedder_places_similar_meanings_close() -> None:
    embed = sentence_embedder()
    first, alike, other = embed(
        [
            "Cystic fibrosis is inherited.",
            "Mucoviscidosis runs in families.",
            "The train to Basel was late.",
        ]
    )
    assert first @ alike > first @ other


def test_error_names_invalid_encoder() -> None:
    with pytest.raises(UserError, match="no-such/encoder"):
        sentence_embedder("/no-such/encoder")
