"""Accepted shares, quantiles and samples of sentences."""

from corpusmith.evidence.sentences import Sentences, acceptance, quantiles


def test_interval_has_zero_width_when_all_answers_are_accepted() -> None:
    build = {
        "counts": {"accepted": 9, "answered": 9},
        "rejected_by_reason": {},
        "filtered_by_reason": {},
    }
    assert acceptance({**build, "added_by_augmentation": {}})["ci95"] == [1.0, 1.0]


def test_sample_keeps_order_and_pairs_of_id_and_text() -> None:
    drawn = Sentences([str(i) for i in range(100)], [f"text {i}" for i in range(100)]).sample(10)
    assert len(drawn.ids) == 10 and drawn.ids == sorted(drawn.ids, key=int)
    assert all(
        text == f"text {number}" for number, text in zip(drawn.ids, drawn.texts, strict=True)
    )


def test_interval_of_quantiles_contains_the_mean() -> None:
    import numpy as np

    figures = quantiles(np.linspace(0, 1, 101))
    assert (figures["mean"], figures["p50"], figures["p99"], figures["max"]) == (
        0.5,
        0.5,
        0.99,
        1.0,
    )
    assert figures["ci95"][0] < 0.5 < figures["ci95"][1]
