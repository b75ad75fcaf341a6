"""The table of the paper's baselines, which a report and a model card print alike."""

from collections.abc import Mapping
from typing import Any

from corpusmith.cards import markdown
from corpusmith.cards.markdown import Markdown, between, number, percent

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
    """A line a system that was measured: rows trained on, and its figures with intervals and
    deviations over seeds.
    """
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


def gains_table(section: Mapping[str, Any], task: str) -> Markdown | None:
    """A line a system that no label was written for: how far the student on synthetic sentences
    lies above it.
    """
    above = next(
        (row.get("above") for row in section["rows"] if row["system"] == "synthetic"), None
    )
    if not above:
        return None
    columns = [
        (key, name) for key, name in COLUMNS[task] if all(key in gains for gains in above.values())
    ]
    rows = [
        [Markdown(SYSTEMS[system]), *(gain(gains[key]) for key, _ in columns)]
        for system, gains in above.items()
    ]
    return markdown.table(
        ["The student on synthetic sentences, above", *(name for _, name in columns)], rows
    )


def gain(tested: Mapping[str, Any]) -> Markdown:
    """A difference with its sign and its 95% interval."""
    return Markdown(f"{tested['difference']:+.1f} ({between(tested['ci95'])})")


def gap_closed(section: Mapping[str, Any]) -> Markdown | None:
    """How much of the way from zero-shot to gold synthetic sentences go, where all three were
    measured.
    """
    gap = section.get("gap_closed")
    if not gap:
        return None
    return Markdown(
        f"{percent(gap['value'], 0)} ({percent(gap['ci95'][0], 0)} to {percent(gap['ci95'][1], 0)})"
    )


def figure(figures: Mapping[str, Any], key: str) -> Markdown | None:
    """A mean with its deviation over seeds and its 95% interval, as far as they are known."""
    if figures.get(key) is None:
        return None
    digits = 3 if key == "auroc" else 1
    deviation = figures.get("stdev", {}).get(key)
    ci95 = figures.get("ci95", {}).get(key)
    spread = f" ± {number(deviation, digits)}" if deviation is not None else ""
    interval = f" ({between(ci95, digits)})" if ci95 else ""
    return Markdown(number(figures[key], digits) + spread + interval)


def number_of_seeds(section: Mapping[str, Any]) -> str:
    return "one seed" if len(section["seeds"]) == 1 else f"{len(section['seeds'])} seeds"
