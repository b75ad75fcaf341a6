"""Means over seeds of the runs of `benchmarks.adapt`, with intervals, and their table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpusmith.evaluation.seed_statistics import over_seeds, seed_difference, seed_figures
from corpusmith.evaluation.significance import f1, interval

SYSTEMS = ("lookup", "synthetic", "synthetic, assisted", "adapted", "adapted, assisted")
DIFFERENCES = (("adapted", "synthetic"), ("adapted, assisted", "lookup"))
BOTH = ("bc5cdr-disease", "bc5cdr-chemical")
"""Two sets over the same sentences, for a mention-weighted mean of both types."""


def summary(lines: Iterable[Mapping[str, Any]], work: Path) -> list[dict[str, Any]]:
    """One entry for each set, encoder and number of sentences.

    The intervals resample sentences, the same for all seeds, from the row counts in `work`. A run
    whose counts are not there is left out.
    """
    groups: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for line in lines:
        if (work / f"{line['key']}.npy").exists():
            group = (line["set"], line["encoder"], line["sentences"], line["split"])
            groups[group].append(line)
    entries, counted = [], {}
    for (name, encoder, size, split), runs in groups.items():
        # sentences x seeds x systems x (right, predicted, gold)
        counts = np.stack([np.load(work / f"{run['key']}.npy") for run in runs], axis=1)
        seeds = [run["seed"] for run in runs]
        counted[name, encoder, size, split] = (seeds, counts)
        entries.append(
            {
                "set": name,
                "encoder": encoder,
                "sentences": size,
                "split": split,
                "method": runs[0]["method"],
                "seeds": seeds,
                "rows": len(counts),
                **scores(counts, seeds),
                "adaptation": {
                    cost: float(np.mean([run["adaptation"].get(cost, np.nan) for run in runs]))
                    for cost in ("seconds", "cpu_seconds", "peak_memory_mb")
                },
            }
        )
    return entries + list(both_types(counted))


def scores(counts: np.ndarray, seeds: Sequence[int]) -> dict[str, Any]:
    at = {name: counts[:, :, i] for i, name in enumerate(SYSTEMS)}
    return {
        "systems": {name: seed_figures(at[name], "ner", list(seeds)) for name in SYSTEMS},
        "differences": {
            f"{one} - {other}": seed_difference(at[one], at[other], f1)
            for one, other in DIFFERENCES
        },
    }


def both_types(
    counted: Mapping[tuple[str, str, str, str], tuple[list[int], np.ndarray]],
) -> Iterator[dict[str, Any]]:
    """Mention-weighted means of the F1 of disease and chemical, from the same sentences."""
    for (name, encoder, size, split), (seeds, diseases) in counted.items():
        other = counted.get((BOTH[1], encoder, size, split))
        if name != BOTH[0] or other is None or other[0] != seeds:
            continue
        chemicals = other[1]
        if len(chemicals) != len(diseases):
            continue
        systems = {}
        for i, system in enumerate(SYSTEMS):
            joined = np.concatenate([diseases[:, :, i], chemicals[:, :, i]], axis=-1)
            score = over_seeds(mention_weighted, len(seeds))
            flat = joined.reshape(len(joined), -1)
            systems[system] = {
                "strict_f1": float(score(flat.sum(0))),
                "ci95": {"strict_f1": interval(flat, score)},
            }
        yield {
            "set": "bc5cdr, both types",
            "encoder": encoder,
            "sentences": size,
            "split": split,
            "seeds": seeds,
            "rows": len(diseases),
            "systems": systems,
        }


def mention_weighted(counts: np.ndarray) -> np.ndarray:
    """The mean of two F1, weighted by gold mentions; counts are those of one and of the other."""
    first, second = counts[..., :3], counts[..., 3:]
    gold = np.maximum(first[..., 2] + second[..., 2], 1)
    return (f1(first) * first[..., 2] + f1(second) * second[..., 2]) / gold


def table(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown: strict F1 with the deviation over seeds and the 95% interval over sentences."""
    yield "| set, split | encoder | sentences | seeds | " + " | ".join(SYSTEMS) + " |"
    yield "|" + "---|" * (4 + len(SYSTEMS))
    for entry in entries:
        cells = [cell(entry["systems"][name]) for name in SYSTEMS]
        head = [f"{entry['set']}, {entry['split']}", entry["encoder"], entry["sentences"]]
        yield "| " + " | ".join([*head, str(len(entry["seeds"])), *cells]) + " |"


def cell(figures: Mapping[str, Any]) -> str:
    low, high = figures["ci95"]["strict_f1"]
    spread = figures.get("stdev", {}).get("strict_f1")
    deviation = f" ± {spread:.1f}" if spread is not None else ""
    return f"{figures['strict_f1']:.1f}{deviation} ({low:.1f} to {high:.1f})"
