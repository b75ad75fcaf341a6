"""Sentence embeddings of a corpus: its outliers, and its distance from real text.

An embedder is any function from a list of texts to one vector for each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corpusmith.progress import bar

Embedder = Callable[[Sequence[str]], np.ndarray]
LEAST_DEVIATION = 0.001  # of a cosine; smaller differences are rounding
MAX_LENGTH = 256  # subwords
BATCH_TOKENS = 4096


def sentence_embedder(encoder: str = "embedded") -> Callable[[Sequence[str]], np.ndarray]:
    """An embedder: the mean of the encoder's last layer over the subwords of a text.

    The embedded encoder, all-MiniLM-L6-v2, was trained to embed sentences this way.

    Raises:
        UserError: when the encoder cannot be loaded.
    """
    import torch

    from corpusmith.training.encoder import load_body, load_tokenizer

    tokenizer, model = load_tokenizer(encoder), load_body(encoder).eval()
    longest = min(MAX_LENGTH, tokenizer.model_max_length)

    def embed(texts: Sequence[str]) -> np.ndarray:
        ids = (
            tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
            if len(texts)
            else []
        )
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        vectors = np.zeros((len(ids), model.config.hidden_size), dtype=np.float32)
        shown = bar(len(ids), "embedding", "sentences")
        start = 0
        while start < len(order):
            part = order[start : start + max(1, BATCH_TOKENS // len(ids[order[start]]))]
            start += len(part)
            padded = tokenizer.pad({"input_ids": [ids[i] for i in part]}, return_tensors="pt")
            mask = padded["attention_mask"]
            with torch.inference_mode():
                hidden = model(input_ids=padded["input_ids"], attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).float()
            vectors[part] = ((hidden * weights).sum(1) / weights.sum(1)).numpy()
            shown.update(len(part))
        shown.close()
        return vectors

    return embed


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
    """An outlier score for each text of a corpus; outliers have the largest scores.

    A text's similarity is its mean cosine to the nearest `neighbours` among `reference` random
    texts. The score is the distance below the median similarity, in robust standard deviations
    (1.4826 MAD, of the lower half). All scores are 0 if there are no more than `neighbours` texts.
    Time is linear in the number of texts.
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
        similarity[part[:, None] == chosen] = -1.0  # a text is not its own neighbour
        likeness[part] = np.sort(similarity, axis=1)[:, -neighbours:].mean(axis=1)
    below = np.median(likeness) - likeness
    return below / max(LEAST_DEVIATION, 1.4826 * float(np.median(below[below >= 0])))


def two_sample_auroc(
    synthetic: np.ndarray, real: np.ndarray, folds: int = 5, seed: int = 0, samples: int = 1000
) -> dict[str, Any]:
    """Two-sample test by a classifier (C2ST, Lopez-Paz and Oquab 2017).

    Cross-validated AUROC of a logistic regression on equally many synthetic and real embeddings:
    0.5 is chance, 1.0 is perfect separation. Compare it with another corpus, or with two halves of
    the real text. `ci95` is a bootstrap over the held-out rows of each fold; the classifiers are
    not trained again.
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
    """Area under the ROC curve of each line of scores; ties count half."""
    from scipy.stats import rankdata

    count = positive.shape[1]
    ranks = rankdata(np.concatenate([positive, negative], axis=1), axis=1)[:, :count]
    return (ranks.sum(axis=1) - count * (count + 1) / 2) / (count * negative.shape[1])


def nearest(
    vectors: np.ndarray, others: np.ndarray, batch: int = 1024
) -> tuple[np.ndarray, np.ndarray]:
    """The cosine similarity of each vector to the nearest of `others`, and the index of that one.

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
    """Both sets projected on the two principal axes of their union."""
    both = np.concatenate([synthetic, real])
    centre = both.mean(axis=0)
    axes = np.linalg.svd(both - centre, full_matrices=False)[2][:2]
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[
        :, None
    ]  # the same picture on every machine
    return (synthetic - centre) @ axes.T, (real - centre) @ axes.T


def _parts(indices: np.ndarray, size: int) -> list[np.ndarray]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]
