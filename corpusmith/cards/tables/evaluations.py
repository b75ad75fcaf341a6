"""The tables of a model card, from evaluation/*.json, in percent."""

from collections.abc import Mapping, Sequence
from typing import Any

from corpusmith.cards import markdown
from corpusmith.cards.markdown import Markdown, between, code, escape, number, percent
from corpusmith.cards.tables import baselines
from corpusmith.cards.tables.baselines import FRACTIONS

Evaluations = Sequence[Mapping[str, Any]]
# Not the F1 of "related": always predicting it scores 67 on balanced data.
HEADLINE = {"ner": "strict_f1", "relations": "macro_f1"}
METRICS = {  # task -> (key of the evaluation, metric id on the Hub, what the card calls it)
    "ner": (
        ("strict_f1", "seqeval", "Strict F1"),
        ("precision", "precision", "Precision"),
        ("recall", "recall", "Recall"),
    ),
    "relations": (
        ("micro_f1", "f1", "Micro F1"),  # over several relation types
        ("positive_f1", "f1", "F1 of related"),
        ("macro_f1", "f1", "Macro F1"),
        ("precision", "precision", "Precision"),
        ("recall", "recall", "Recall"),
        ("accuracy", "accuracy", "Accuracy"),
        ("mcc", "matthews_correlation", "MCC"),
        ("auroc", "roc_auc", "AUROC"),
    ),
}
UNTRAINED = ("dictionary", "always-related", "cue-words", "zero-shot")
SYSTEMS = {  # what an evaluation's "system" says, in the order of the table
    **{name: baselines.SYSTEMS[name] for name in UNTRAINED},
    "synthetic": "**This model**",
    **{name: baselines.SYSTEMS[name] for name in ("gold", "gold+synthetic")},
}


def headline(evaluations: Evaluations, task: str) -> str:
    """The key of the score by which systems are compared: micro F1 over several relation types."""
    typed = any(e.get("micro_f1") is not None for e in evaluations)
    return "micro_f1" if typed else HEADLINE[task]


def shown_interval(evaluation: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """The 95% interval of a metric: `ci95` is one pair, of the headline, or one a metric."""
    ci95 = evaluation.get("ci95")
    if isinstance(ci95, Mapping):
        ci95 = ci95.get(key)
    elif key != HEADLINE[evaluation.get("task", "ner")]:
        ci95 = None
    return (ci95[0], ci95[1]) if ci95 else None


def results_table(results: Evaluations, task: str) -> Markdown:
    """A line for each evaluation, with 95% intervals where they are known."""
    metrics = [
        (key, name)
        for key, _, name in METRICS[task]
        if any(e.get(key) is not None for e in results)
    ]
    rows = [
        [_where(e), e.get("sentences"), *(_figure(e, key) for key, _ in metrics)] for e in results
    ]
    return markdown.table(["Text", "Sentences", *(name for _, name in metrics)], rows)


def readings_table(own: Evaluations) -> Markdown:
    """F1 by other counts: on raw text, with overlaps, of mentions seen and unseen."""
    readings = {
        "Given words": lambda e: e.get("strict_f1"),
        "Raw text, as deployed": lambda e: e.get("as_deployed", {}).get("strict_f1"),
        "Any overlap": lambda e: e.get("relaxed", {}).get("f1"),
        "Boundaries only": lambda e: e.get("boundary_only", {}).get("f1"),
        "Mentions seen in training": lambda e: e.get("mentions", {}).get("seen", {}).get("f1"),
        "Mentions never seen": lambda e: e.get("mentions", {}).get("unseen", {}).get("f1"),
    }
    rows = [
        [name, *(None if (value := read(e)) is None else number(value, 1) for e in own)]
        for name, read in readings.items()
        if any(read(e) is not None for e in own)
    ]
    return markdown.table(["F1", *(_where(e) for e in own)], rows)


def types(own: Evaluations) -> list[str]:
    """The entity types, or relation classes, that were scored."""
    return sorted({name for result in own for name in result.get("by_type", {})})


def types_table(own: Evaluations) -> Markdown:
    """F1 and number of mentions (relations: rows) of each type, a column for each text."""
    rows = [
        [code(name), *(_of_type(e.get("by_type", {}).get(name)) for e in own)]
        for name in types(own)
    ]
    return markdown.table(["Type", *(_where(e) for e in own)], rows)


def _of_type(scores: Mapping[str, Any] | None) -> Markdown | None:
    if not scores:
        return None
    count = scores.get("support", scores.get("rows"))  # mentions, or rows of a relation type
    return Markdown(f"{number(scores['f1'], 1)} of {number(count)}")


def _where(evaluation: Mapping[str, Any]) -> str:
    return f"{evaluation['benchmark']}, {evaluation['split']}"


def _figure(evaluation: Mapping[str, Any], key: str) -> Markdown | None:
    if evaluation.get(key) is None:
        return None
    factor = 100 if key in FRACTIONS else 1
    ci95 = shown_interval(evaluation, key)
    spread = f" ({between(ci95, 1, factor)})" if ci95 else ""
    return Markdown(number(factor * evaluation[key], 1) + spread)


def comparison_table(real: Evaluations, task: str, synthetic_only: bool) -> Markdown:
    """This model and its baselines, a column for each benchmark split."""
    columns = list(dict.fromkeys((e["benchmark"], e["split"]) for e in real))
    by_cell = {(e["system"], e["benchmark"], e["split"]): e for e in real}
    others = sorted({system for system, _, _ in by_cell} - set(SYSTEMS))
    rows = []
    for system in [*SYSTEMS, *others]:
        cells = [by_cell.get((system, *column)) for column in columns]
        if any(cells):
            label = Markdown(SYSTEMS[system]) if system in SYSTEMS else escape(system)
            if system == "synthetic" and synthetic_only:
                label = Markdown(f"{label}, trained on synthetic sentences only")
            rows.append(
                [label, *(_figure(cell, headline(real, task)) if cell else None for cell in cells)]
            )
    return markdown.table(["", *(f"{benchmark}, {split}" for benchmark, split in columns)], rows)


def gaps_closed(real: Evaluations, task: str) -> list[Markdown]:
    """The share of the gap that each benchmark split's three systems give."""
    columns = list(dict.fromkeys((e["benchmark"], e["split"]) for e in real))
    by_cell = {(e["system"], e["benchmark"], e["split"]): e for e in real}
    shares = [_gap_closed(by_cell, column, headline(real, task)) for column in columns]
    return [
        Markdown(f"{escape(f'{benchmark}, {split}')} {percent(share, 0)}")
        for (benchmark, split), share in zip(columns, shares, strict=True)
        if share is not None
    ]


def _gap_closed(
    by_cell: Mapping[Any, Mapping[str, Any]], column: tuple[str, str], key: str
) -> float | None:
    """(synthetic - zero-shot) / (gold - zero-shot), if all three were measured."""
    found = [
        by_cell[(system, *column)][key]
        for system in ("zero-shot", "synthetic", "gold")
        if (system, *column) in by_cell
    ]
    if len(found) < 3 or found[2] == found[0]:
        return None
    return (found[1] - found[0]) / (found[2] - found[0])


def errors_table(own: Evaluations) -> Markdown:
    """Mistakes by kind, a column for each text, and the most frequent ones of the first text."""
    counted = [e for e in own if e.get("errors")]
    kinds = list(dict.fromkeys(kind for e in counted for kind in e["errors"]))
    rows = [
        [
            kind.capitalize(),
            _instances(counted[0]["errors"].get(kind)),
            *(_count(e["errors"].get(kind)) for e in counted),
        ]
        for kind in kinds
    ]
    return markdown.table(
        ["Mistake", "For example", *(_where(e) for e in counted)], rows, text_columns=2
    )


def _count(error: Any) -> int | None:
    """An error class is a count, or a count with examples."""
    return error.get("count") if isinstance(error, Mapping) else error


def _instances(error: Any) -> Markdown:
    """The gold mention and the prediction of some mistakes; a dash for none."""
    examples = error.get("examples", [])[:3] if isinstance(error, Mapping) else []
    return Markdown(
        "; ".join(escape(f"{e['gold'] or '–'} → {e['predicted'] or '–'}", 80) for e in examples)
    )


def calibration_table(own: Evaluations) -> Markdown:
    """Expected calibration error in percentage points, a line for each text."""
    errors = {_where(e): e["calibration"].get("ece") for e in own if e.get("calibration")}
    return markdown.table(
        ["Text", "Error"],
        [[name, number(100 * error, 1)] for name, error in errors.items() if error is not None],
    )
