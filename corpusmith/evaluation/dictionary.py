"""The baselines that need no model: a recipe's own lexicon as a tagger, and the answer "related" whatever is asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpusmith.corpus.benchmarks import benchmark_rows
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe


def baseline_predictions(recipe: Recipe, benchmark: Path, split: str, out: Path) -> Path:
    """Write predictions for `benchmark/{split}.jsonl`, one JSON object a line, in the form that `evaluate` scores.

    NER: the longest names of the recipe's lexicons, stop names apart. Relations: always the second class.
    """
    rows = benchmark_rows(benchmark / f"{split}.jsonl")
    predicted = dictionary_tags(recipe, rows) if recipe.task == "ner" else always_related(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as lines:
        for row in predicted:
            lines.write(json.dumps(row) + "\n")
    return out


def dictionary_tags(recipe: Recipe, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """BIO tags by longest match, the first label's matches before the next one's."""
    lexicons = Plan(recipe).lexicons
    for row in rows:
        tags = ["O"] * len(row["tokens"])
        for label, lexicon in recipe.labels.items():
            for match in lexicons[lexicon].matcher.matches(row["tokens"]):
                if all(tag == "O" for tag in tags[match.start : match.end]):
                    tags[match.start] = f"B-{label}"
                    tags[match.start + 1 : match.end] = [f"I-{label}"] * (
                        match.end - match.start - 1
                    )
        yield {"id": row["id"], "ner_tags": tags}


def always_related(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What positive F1 must be read against: it is 68 on GAD for this answer alone."""
    for row in rows:
        yield {"id": row["id"], "label": 1, "score": 0.5}
