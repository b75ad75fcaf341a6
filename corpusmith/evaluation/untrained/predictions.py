"""Predictions without a model: the recipe's lexicons as a tagger, and baselines for relations."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.tagged import TaggedText
from corpusmith.evaluation.untrained.relations import always_related, by_cue_words
from corpusmith.lexicon.matcher import Matcher
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe

RELATIONS = {"always-related": always_related, "cue-words": by_cue_words}


def untrained_systems(recipe: Recipe) -> list[str]:
    """Names of the untrained baselines that a recipe has, without the zero-shot LLM."""
    if recipe.task == "ner":
        return ["dictionary"]
    typed = recipe.relation is not None and recipe.relation.types
    return list(RELATIONS) if typed else ["always-related"]


def baseline_predictions(
    recipe: Recipe, benchmark: Path, split: str, out: Path, system: str | None = None
) -> Path:
    """Write predictions for a split, one JSON object a line, in the form that `evaluate` scores.

    Args:
        recipe: names the lexicons or the relation types.
        benchmark: a folder, as in `read_benchmark`.
        split: a split of it.
        out: the file to write.
        system: one of `untrained_systems`, by default its first. `dictionary` tags the longest
            names of the recipe's lexicons, without stop names. For the others see
            `corpusmith.evaluation.untrained.relations`.

    Raises:
        UserError: when the recipe has no such baseline, or the benchmark is for another task.
    """
    known = untrained_systems(recipe)
    if (system := system or known[0]) not in known:
        raise UserError(f"{recipe.name} has no baseline {system!r}: choose {' or '.join(known)}")
    data = read_benchmark(str(benchmark), split)
    if recipe.task != ("ner" if data.tagged else "relations"):
        raise UserError(
            f"{recipe.name} is a recipe for {recipe.task}, and {benchmark} is a benchmark of "
            "another task"
        )
    predicted = (
        RELATIONS[system](recipe.relation, data)
        if recipe.relation
        else dictionary_tags(recipe, data.tagged)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as lines:
        for row in predicted:
            lines.write(json.dumps(row) + "\n")
    return out


def dictionary_tags(recipe: Recipe, rows: Iterable[TaggedText]) -> Iterator[dict[str, Any]]:
    """Predictions by lookup in the recipe's lexicons, one for each row."""
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
