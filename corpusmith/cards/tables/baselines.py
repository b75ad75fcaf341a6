"""The table of baselines in a report and in a model card."""

from collections.abc import Mapping
from typing import Any

from corpusmith.cards import markdown
from corpusmith.cards.markdown import Markdown, between, number, percent

FRACTIONS = ("auroc", "mcc")  # from 0 or -1 to 1 in the files; the tables are in percent
COLUMNS = {  # task -> (key of the figures, what the table calls it), the headline first
    "ner": (("strict_f1", "Strict F1"), ("precision", "Precision"), ("recall", "Recall")),
    "relations": (
        ("micro_f1", "Micro F1"),  # of several relation types
        ("macro_f1", "Macro F1"),
        ("positive_f1", "F1 of related"),
        ("precision", "Precision"),
        ("recall", "Recall"),
        ("auroc", "AUROC"),
    ),
}
SYSTEMS = {  # in the order of the table
    "zero-shot": "Teacher LLM, zero-shot",
    "dictionary": "Dictionary lookup",
    "always-related": "Always related",
    "cue-words": "Cue words of the recipe's statements",
    "synthetic": "Encoder trained on synthetic sentences only",
    "adapted": "That encoder adapted to real text without labels",
    "assisted": "The adapted encoder assisted by the dictionary",
    "gold": "Same encoder trained on real sentences",
    "gold+synthetic": "Same encoder trained on both",
}


def columns_of(section: Mapping[str, Any], task: str) -> list[tuple[str, str]]:
    """The columns of a section that has figures: keys and names, the headline first."""
    lines = section.get("rows") or section["points"]
    return [
        (key, name)
        for key, name in COLUMNS[task]
        if any(line["figures"].get(key) is not None for line in lines)
    ]


def baselines_table(section: Mapping[str, Any], task: str) -> Markdown:
    """A line for each system: training rows, and figures with deviations and intervals."""
    columns = columns_of(section, task)
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
    """Gain of the encoder on synthetic sentences over each system without labels."""
    above = next(
        (row.get("above") for row in section["rows"] if row["system"] == "synthetic"), None
    )
    if not above:
        return None
    columns = [
        (key, name) for key, name in COLUMNS[task] if all(key in gains for gains in above.values())
    ]
    rows = [
        [
            Markdown(SYSTEMS[system]),
            *(gain(gains[key], 100 if key in FRACTIONS else 1) for key, _ in columns),
        ]
        for system, gains in above.items()
    ]
    return markdown.table(
        ["Encoder on synthetic sentences, minus", *(name for _, name in columns)], rows
    )


def gain(tested: Mapping[str, Any], factor: float = 1) -> Markdown:
    """A difference with its sign and its 95% interval."""
    interval = between(tested["ci95"], 1, factor)
    return Markdown(f"{factor * tested['difference']:+.1f} ({interval})")


def gap_closed(section: Mapping[str, Any]) -> Markdown | None:
    """The share of the gap between zero-shot and real sentences that is closed, if known."""
    gap = section.get("gap_closed")
    if not gap:
        return None
    return Markdown(
        f"{percent(gap['value'], 0)} ({percent(gap['ci95'][0], 0)} to {percent(gap['ci95'][1], 0)})"
    )


def figure(figures: Mapping[str, Any], key: str) -> Markdown | None:
    """A mean in percent, with its deviation over seeds and its 95% interval if known."""
    if figures.get(key) is None:
        return None
    factor = 100 if key in FRACTIONS else 1
    deviation = figures.get("stdev", {}).get(key)
    ci95 = figures.get("ci95", {}).get(key)
    spread = f" ± {number(factor * deviation, 1)}" if deviation is not None else ""
    interval = f" ({between(ci95, 1, factor)})" if ci95 else ""
    return Markdown(number(factor * figures[key], 1) + spread + interval)


def number_of_seeds(section: Mapping[str, Any]) -> str:
    return "one seed" if len(section["seeds"]) == 1 else f"{len(section['seeds'])} seeds"
