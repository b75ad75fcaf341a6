"""What embeddings say of a corpus: rows that do not belong in it, and how far it lies from real text.

The caller brings the embedder: any function from a list of texts to one row of numbers a text.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Embedder = Callable[[Sequence[str]], np.ndarray]
LEAST_DEVIATION = (
    0.001  # of a cosine; in a corpus of like sentences, smaller differences are those of rounding
)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length one, so that a product is a cosine."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def deviations_below(
    texts: Sequence[str],
    embed: Embedder,
    neighbours: int = 10,
    reference: int = 2000,
    batch: int = 256,
    seed: int = 0,
) -> np.ndarray:
    """How little each text resembles the rest of its corpus: refusals, code and other languages come out on top.

    A text's likeness is its mean cosine similarity to its nearest `neighbours` among `reference` texts drawn at random.
    Returned is how far that lies below the median of all texts, in robust standard deviations (1.4826 MAD, of the lower
    half); one number a text, 0 for each where there are no more than `neighbours`. Time is linear in the number of texts,
    since the reference does not grow with it.
    """
    if len(texts) <= neighbours:
        return np.zeros(len(texts), dtype=np.float32)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(texts))[:reference])
    anchors = np.concatenate(
        [unit_rows(embed([texts[i] for i in part])) for part in _parts(chosen, batch)]
    )
    likeness = np.empty(len(texts), dtype=np.float32)
    for part in _parts(np.arange(len(texts)), batch):
        similarity = unit_rows(embed([texts[i] for i in part])) @ anchors.T
        similarity[part[:, None] == chosen] = -1.0  # a text is no neighbour of itself
        likeness[part] = np.sort(similarity, axis=1)[:, -neighbours:].mean(axis=1)
    below = np.median(likeness) - likeness
    return below / max(LEAST_DEVIATION, 1.4826 * float(np.median(below[below >= 0])))


def two_sample_auroc(
    synthetic: np.ndarray, real: np.ndarray, folds: int = 5, seed: int = 0, samples: int = 1000
) -> dict[str, Any]:
    """How well a classifier tells synthetic from real embeddings (C2ST, Lopez-Paz and Oquab 2017).

    Cross-validated AUROC of a logistic regression on equally many of both: 0.5 cannot tell them apart, 1.0 always can.
    Its worth is in comparison: with another corpus, or with two halves of the real text. `ci95` is a bootstrap over the
    rows that each fold held out, with the classifiers as they were trained.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    size = min(len(synthetic), len(real))
    x = np.concatenate([rng.permutation(synthetic)[:size], rng.permutation(real)[:size]])
    y = np.repeat([1, 0], size)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, C=0.1))
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    judged = cross_val_predict(model, x, y, cv=split, method="decision_function")
    scores, drawn = [], np.zeros(samples)
    for _, held_out in split.split(x, y):
        sides = [judged[held_out][y[held_out] == label] for label in (1, 0)]
        scores.append(float(auroc(*(side[None] for side in sides))[0]))
        drawn += (
            auroc(*(side[rng.integers(0, len(side), (samples, len(side)))] for side in sides))
            / folds
        )
    return {
        "auroc": round(float(np.mean(scores)), 4),
        "sd": round(float(np.std(scores, ddof=1)), 4),
        "ci95": [round(float(bound), 4) for bound in np.percentile(drawn, [2.5, 97.5])],
        "rows": size,
        "folds": folds,
        "seed": seed,
    }


def auroc(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Of each line of scores: how often a positive one lies above a negative one, ties counted half."""
    from scipy.stats import rankdata

    count = positive.shape[1]
    ranks = rankdata(np.concatenate([positive, negative], axis=1), axis=1)[:, :count]
    return (ranks.sum(axis=1) - count * (count + 1) / 2) / (count * negative.shape[1])


def nearest(
    vectors: np.ndarray, others: np.ndarray, batch: int = 1024
) -> tuple[np.ndarray, np.ndarray]:
    """The cosine similarity of each vector with the nearest of `others`, and which one that is.

    Where both are the same array, a row is not compared with itself.
    """
    same = vectors is others
    anchors = unit_rows(others)
    similarity = np.empty(len(vectors), dtype=np.float32)
    which = np.empty(len(vectors), dtype=np.int64)
    for part in _parts(np.arange(len(vectors)), batch):
        cosine = unit_rows(vectors[part]) @ anchors.T
        if same:
            cosine[np.arange(len(part)), part] = -1.0
        which[part] = cosine.argmax(axis=1)
        similarity[part] = cosine.max(axis=1)
    return similarity, which


def project(synthetic: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets on the two principal axes of their union, for the map of a report."""
    both = np.concatenate([synthetic, real])
    centre = both.mean(axis=0)
    axes = np.linalg.svd(both - centre, full_matrices=False)[2][:2]
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[
        :, None
    ]  # the same picture on every machine
    return (synthetic - centre) @ axes.T, (real - centre) @ axes.T


def _parts(indices: np.ndarray, size: int) -> list[np.ndarray]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]
