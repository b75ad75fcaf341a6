"""Sections on the sentences of a corpus: acceptance, form, distance from real text, copying."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.corpus.benchmarks import benchmark_splits, benchmark_texts
from corpusmith.corpus.build import benchmark_set
from corpusmith.corpus.measure.unlabelled import unlabelled_names
from corpusmith.evaluation.significance import interval
from corpusmith.quality.embeddings import Embedder, nearest, project, two_sample_auroc
from corpusmith.recipe.schema import Recipe

MAPPED = 1000  # sentences of each side on the map and before the classifier
COMPARED = 10_000  # sentences of each side that are searched for near neighbours
PAIRS = 5  # nearest pairs to list
UNLABELLED = 25  # names to list per label
SEED = 0  # of every draw of sentences


@dataclass(frozen=True)
class Sentences:
    """Sentences of one source, their ids, and their vectors once embedded."""

    ids: list[str]
    texts: list[str]

    def sample(self, most: int) -> "Sentences":
        """At most `most` random sentences, in their order."""
        chosen = np.sort(np.random.default_rng(SEED).permutation(len(self.ids))[:most])
        return Sentences([self.ids[i] for i in chosen], [self.texts[i] for i in chosen])


def acceptance(build: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of the requests, and the accepted share with its bootstrap interval."""
    counts = build["counts"]
    accepted = np.arange(counts["answered"]) < counts["accepted"]
    ci95 = interval(np.stack([accepted, np.ones(len(accepted))], axis=1), mean)
    return {
        "counts": counts,
        "accepted_share": round(counts["accepted"] / counts["answered"], 4),
        "ci95": [round(bound, 4) for bound in ci95],
        "rejected_by_reason": build["rejected_by_reason"],
        "filtered_by_reason": build["filtered_by_reason"],
        "added_by_augmentation": build["added_by_augmentation"],
    }


def form(build: Mapping[str, Any]) -> dict[str, Any]:
    """Statistics of the corpus and of the available benchmarks; full counts, so no interval."""
    return {
        "statistics": build["statistics"],
        "reference_statistics": build.get("reference_statistics", {}),
    }


def unlabelled(recipe: Recipe, shards: Sequence[Path]) -> dict[str, Any]:
    """Lexicon names without a label in the training rows, copies included."""
    import pyarrow.parquet as pq

    columns = ["id", "text", "ner_tags", "entities"]
    rows = (
        row
        for shard in shards
        for batch in pq.ParquetFile(shard).iter_batches(columns=columns)
        for row in batch.to_pylist()
    )
    return {"split": "train", "labels": unlabelled_names(recipe, rows, UNLABELLED)}


def sentence_map(
    synthetic: Sentences, real: Mapping[str, Sentences], embed: Embedder
) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """Two-sample test of synthetic against real sentences, and a projection on two axes.

    As a reference, the same test compares two halves of the real sentences.
    """
    together = Sentences(
        [i for s in real.values() for i in s.ids], [t for s in real.values() for t in s.texts]
    )
    ours, theirs = embed(synthetic.sample(MAPPED).texts), embed(together.sample(MAPPED).texts)
    order = np.random.default_rng(SEED).permutation(len(theirs))
    halves = theirs[order[::2]], theirs[order[1::2]]
    figures = {
        "seed": SEED,
        "synthetic": len(ours),
        "real": {name: len(sentences.ids) for name, sentences in real.items()},
        "two_sample": two_sample_auroc(ours, theirs, seed=SEED),
        "real_halves": two_sample_auroc(*halves, seed=SEED),
    }
    return figures, project(ours, theirs)


def memorisation(
    build: Mapping[str, Any], synthetic: Sentences, real: Mapping[str, Sentences], embed: Embedder
) -> dict[str, Any]:
    """Word n-grams shared with each benchmark split, and the cosine to the nearest sentence.

    `nearest.*.real` is the same within the split's own sentences, as a reference.
    """
    ours = synthetic.sample(COMPARED)
    vectors = embed(ours.texts)
    found = {}
    for name, sentences in real.items():
        theirs = sentences.sample(COMPARED)
        others = embed(theirs.texts)
        similarity, which = nearest(vectors, others)
        closest = np.argsort(-similarity, kind="stable")[:PAIRS]
        found[name] = {
            "synthetic": quantiles(similarity),
            "real": quantiles(nearest(others, others)[0]),
            "pairs": [
                {
                    "id": ours.ids[i],
                    "benchmark_id": theirs.ids[which[i]],
                    "cosine": round(float(similarity[i]), 4),
                }
                for i in closest
            ],
        }
    return {"seed": SEED, "audit": build["audit"], "nearest": found}


def quantiles(values: np.ndarray) -> dict[str, Any]:
    """Quantiles of similarities, and their mean with its interval."""
    ci95 = interval(np.stack([values, np.ones(len(values))], axis=1).astype(float), mean)
    return {
        "rows": len(values),
        "mean": round(float(values.mean()), 4),
        "ci95": [round(bound, 4) for bound in ci95],
        **{f"p{share}": round(float(np.percentile(values, share)), 4) for share in (1, 50, 90, 99)},
        "max": round(float(values.max()), 4),
    }


def mean(sums: np.ndarray) -> np.ndarray:
    """The mean from (sum of values, number of rows)."""
    return sums[..., 0] / sums[..., 1]


def written_sentences(shards: Sequence[Path]) -> Sentences:
    """The teacher's sentences of every split, without augmented copies."""
    import pyarrow.parquet as pq

    rows = [
        row
        for shard in shards
        for row in pq.read_table(shard, columns=["id", "request_id", "text"]).to_pylist()
    ]
    originals = [row for row in rows if row["id"] == row["request_id"]]
    return Sentences([row["id"] for row in originals], [row["text"] for row in originals])


def real_sentences(recipe: Recipe, root: Path | None) -> dict[str, Sentences]:
    """Sentences of the recipe's available benchmarks; they are compared, never written."""
    splits = benchmark_splits(root) if root else {}
    found = {}
    for name, path in splits.items():
        if benchmark_set(path) in recipe.benchmarks:
            rows = list(benchmark_texts(path))
            found[name] = Sentences([str(row["id"]) for row in rows], [row["text"] for row in rows])
    return found
