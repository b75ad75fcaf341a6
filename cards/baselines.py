"""The table of the paper's baselines, which a report and a model card print alike."""

from collections.abc import Mapping
from typing import Any

from cards import markdown
from cards.markdown import Markdown, number, percent

METRIC = {"ner": ("strict_f1", "Strict F1"), "relations": ("macro_f1", "Macro F1")}
COLUMNS = {  # task -> (key of the figures, what the table calls it)
    "ner": (("strict_f1", "Strict F1"), ("precision", "Precision"), ("recall", "Recall")),
    "relations": (
        ("macro_f1", "Macro F1"),
        ("positive_f1", "F1 of related"),
        ("precision", "Precision"),
        ("recall", "Recall"),
        ("auroc", "AUROC"),
    ),
}
SYSTEMS = {  # in the order of the table
    "zero-shot": "The teacher itself, zero-shot",
    "dictionary": "Dictionary, no learning",
    "always-related": "Always answering related",
    "synthetic": "Student, on synthetic sentences only",
    "gold": "The same student, on real sentences",
    "gold+synthetic": "The same student, on both",
}


def baselines_table(section: Mapping[str, Any], task: str) -> Markdown:
    """A line a system that was measured: rows trained on, and its figures with intervals and deviations over seeds."""
    columns = [
        (key, name)
        for key, name in COLUMNS[task]
        if any(row["figures"].get(key) is not None for row in section["rows"])
    ]
    rows = [
        [
            Markdown(SYSTEMS[row["system"]]),
            row.get("training_rows"),
            *(figure(row["figures"], key) for key, _ in columns),
        ]
        for row in sorted(section["rows"], key=lambda row: list(SYSTEMS).index(row["system"]))
    ]
    return markdown.table(["", "Rows", *(name for _, name in columns)], rows)


def gap_closed(section: Mapping[str, Any]) -> Markdown | None:
    """How much of the way from zero-shot to gold synthetic sentences go, where all three were measured."""
    gap = section.get("gap_closed")
    if not gap:
        return None
    return Markdown(f"{percent(gap['value'], 0)} ({percent(gap['ci95'][0], 0)} to {percent(gap['ci95'][1], 0)})")


def figure(figures: Mapping[str, Any], key: str) -> Markdown | None:
    """A mean with its deviation over seeds and its 95% interval, as far as they are known."""
    if figures.get(key) is None:
        return None
    digits = 3 if key == "auroc" else 1
    deviation = figures.get("stdev", {}).get(key)
    ci95 = figures.get("ci95", {}).get(key)
    spread = f" ± {number(deviation, digits)}" if deviation is not None else ""
    between = f" ({number(ci95[0], digits)} to {number(ci95[1], digits)})" if ci95 else ""
    return Markdown(number(figures[key], digits) + spread + between)
