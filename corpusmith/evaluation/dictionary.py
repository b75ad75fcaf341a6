"""Baselines without a model: the recipe's lexicon as a tagger, and the constant "related"."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import LabelledText, read_benchmark
from corpusmith.evaluation.tagged import TaggedText
from corpusmith.lexicon.matcher import Matcher
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe


def baseline_predictions(recipe: Recipe, benchmark: Path, split: str, out: Path) -> Path:
    """Write predictions for a split, one JSON object a line, in the form that `evaluate` scores.

    NER: the longest names of the recipe's lexicons without stop names. Relations: always the second
    class.
    """
    data = read_benchmark(str(benchmark), split)
    if recipe.task != ("ner" if data.tagged else "relations"):
        raise UserError(
            f"{recipe.name} is a recipe for {recipe.task}, and {benchmark} is a benchmark of "
            "another task"
        )
    tagged = recipe.task == "ner"
    predicted = dictionary_tags(recipe, data.tagged) if tagged else always_related(data.labelled)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as lines:
        for row in predicted:
            lines.write(json.dumps(row) + "\n")
    return out


def dictionary_tags(recipe: Recipe, rows: Iterable[TaggedText]) -> Iterator[dict[str, Any]]:
    """The tags of the recipe's lexicons, one object a row."""
    lexicons = Plan(recipe).lexicons
    lookup = {label: lexicons[lexicon].matcher for label, lexicon in recipe.labels.items()}
    for row in rows:
        yield {"id": row.id, "ner_tags": lookup_tags(lookup, row.tokens)}


def lookup_tags(lookup: Mapping[str, Matcher], tokens: Sequence[str]) -> list[str]:
    """BIO tags by longest match, the first label's matches before the next one's.

    Words are compared in Unicode's composed form (NFC), as lexicons are.
    """
    words = [unicodedata.normalize("NFC", word) for word in tokens]
    tags = ["O"] * len(words)
    for label, matcher in lookup.items():
        for match in matcher.matches(words):
            if all(tag == "O" for tag in tags[match.start : match.end]):
                tags[match.start] = f"B-{label}"
                inside = match.end - match.start - 1
                tags[match.start + 1 : match.end] = [f"I-{label}"] * inside
    return tags


def always_related(rows: Iterable[LabelledText]) -> Iterator[dict[str, Any]]:
    """The constant answer "related", a baseline for positive F1 (68 on GAD)."""
    for row in rows:
        yield {"id": row.id, "label": 1, "score": 0.5}
