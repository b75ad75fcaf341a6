"""Score a prompt by a few answers to it: acceptance, diversity, closeness to real text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpusmith.corpus.benchmarks import benchmark_texts
from corpusmith.corpus.example import Entities, PairSentence, Reject
from corpusmith.corpus.filters.ngrams import comparable_words, word_ngrams
from corpusmith.corpus.measure.form import form
from corpusmith.recipe.prompt import PROMPTS
from corpusmith.recipe.schema import Recipe

COMPARED = ("tokens_mean", "share_ending_in_full_stop", "mentions_mean")
SHIPPED = PROMPTS / "form.yaml"


@dataclass(frozen=True)
class Score:
    """Shares from 0 to 1, higher is better. `form` has the figures behind `closeness`."""

    acceptance: float
    diversity: float
    closeness: float
    form: dict[str, float]

    @property
    def total(self) -> float:
        return round((self.acceptance + self.diversity + self.closeness) / 3, 4)


def score(
    outcomes: Sequence[Entities | PairSentence | Reject | None], target: dict[str, float]
) -> Score:
    """Score verified answers (None: a failed request). Only accepted ones have a form."""
    rows = [
        benchmark_form(outcome)
        for outcome in outcomes
        if isinstance(outcome, Entities | PairSentence)
    ]
    if not rows:
        return Score(0.0, 0.0, 0.0, {})
    figures = {name: float(value) for name, value in form(rows).items() if name in COMPARED}
    return Score(
        round(len(rows) / len(outcomes), 4),
        round(distinct([row["text"] for row in rows]), 4),
        round(closeness(figures, target), 4),
        figures,
    )


def benchmark_form(outcome: Entities | PairSentence) -> dict[str, Any]:
    """A row in the form of benchmarks: a masked relation text, or a text with its mentions."""
    if isinstance(outcome, PairSentence):
        return {"text": outcome.masked}
    return {"text": outcome.text, "entities": [{"text": span.text} for span in outcome.spans]}


def distinct(texts: Sequence[str], n: int = 2) -> float:
    """The share of distinct word n-grams (distinct-n, Li et al. 2016)."""
    ngrams = [ngram for text in texts for ngram in word_ngrams(comparable_words(text), n)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def closeness(figures: dict[str, float], target: dict[str, float]) -> float:
    """1 minus the mean relative distance of the shared figures, each at most 1."""
    shared = [name for name in COMPARED if name in figures and target.get(name)]
    off = [min(abs(figures[name] - target[name]) / target[name], 1.0) for name in shared]
    return 1 - sum(off) / len(off) if off else 0.0


def target_form(recipe: Recipe, root: Path | None) -> tuple[dict[str, float], str]:
    """The form of real sentences with a mention, and its source.

    The source is a dev split of the recipe's benchmarks, or else shipped figures. A recipe without
    a benchmark is compared with their mean.
    """
    for name in recipe.benchmarks if root else ():
        path = Path(str(root), name, "dev.jsonl")
        if path.exists():
            rows = [
                row
                for row in benchmark_texts(path)
                if "ner_tags" not in row or set(row["ner_tags"]) != {"O"}
            ]
            return {
                key: float(value) for key, value in form(rows).items() if key in COMPARED
            }, f"{name}/dev"
    shipped: dict[str, dict[str, float]] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    for name in recipe.benchmarks:
        if name in shipped:
            return shipped[name], f"shipped figures of {name}"
    return shipped[recipe.task], f"shipped figures of {recipe.task}"
