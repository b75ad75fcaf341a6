"""The pictures of a report, in the style of the cards' pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corpusmith.cards.figures import INK, OTHERS, OURS, as_png, canvas
from corpusmith.cards.markdown import plain
from corpusmith.cards.tables.baselines import SYSTEMS, columns_of


def draw_sentence_map(synthetic: np.ndarray, real: np.ndarray) -> bytes:
    """Each sentence as a point on two axes, synthetic ones on top of real ones."""
    figure, (panel,) = canvas(1, width=6.4, height=5.2)
    for points, color, label in ((real, OTHERS, "real"), (synthetic, OURS, "synthetic")):
        panel.scatter(
            *points.T,
            s=12,
            color=color,
            alpha=0.55,
            linewidths=0,
            label=f"{label} ({len(points):,})",
        )
    panel.set_title(
        "Sentence embeddings, first two principal axes", fontsize=12, color=INK, loc="left"
    )
    panel.legend(frameon=False, labelcolor=INK, fontsize=11, markerscale=2.2)
    panel.set_xticks([])
    panel.set_yticks([])
    return as_png(figure)


def draw_curve(section: Mapping[str, Any], task: str) -> bytes:
    """The headline score by training rows: the mean of the seeds, in a band of all seeds."""
    key, name = columns_of(section, task)[0]
    points = section["points"]
    rows = [point["rows"] for point in points]
    seeds = [list(point["figures"]["by_seed"].values()) for point in points]
    figure, (panel,) = canvas(1, width=7.2, height=3.6)
    panel.fill_between(
        rows, list(map(min, seeds)), list(map(max, seeds)), color=OURS, alpha=0.25, linewidth=0
    )
    panel.plot(
        rows,
        [point["figures"][key] for point in points],
        "o-",
        color=OURS,
        linewidth=2,
        label="model",
    )
    if line := section.get("line"):
        label = SYSTEMS[line["system"]].lower()
        panel.axhline(line["figures"][key], color=OTHERS, linewidth=2, linestyle="--", label=label)
    panel.set_xscale("log", base=2)
    panel.set_xticks(rows, [f"{count:,}" for count in rows])
    panel.minorticks_off()
    panel.set_xlabel("accepted sentences trained on", color=INK)
    title = f"{name}, {plain(section['benchmark'], 40)} {plain(section['split'], 12)}"
    panel.set_title(title, fontsize=12, color=INK, loc="left")
    panel.legend(frameon=False, labelcolor=INK, fontsize=11)
    panel.grid(axis="y", color=INK, alpha=0.25)
    return as_png(figure)


def draw_ablations(section: Mapping[str, Any], task: str) -> bytes:
    """The difference of each ablation, with its 95% interval."""
    changed = [row for row in section["rows"] if row.get("difference")]
    names = [plain(row["name"], 56) for row in changed]
    return differences(
        names,
        [row["difference"] for row in changed],
        f"Difference of {columns_of(section, task)[0][1]}, whole recipe = 0",
    )


def differences(names: Sequence[str], tested: Sequence[Mapping[str, Any]], title: str) -> bytes:
    """Differences with their intervals, and a line at zero."""
    figure, (panel,) = canvas(1, width=8, height=0.38 * len(names) + 1.1)
    panel.axvline(0, color=INK, linewidth=1)
    for row, test in enumerate(tested):
        color = OURS if test["ci95"][1] < 0 or test["ci95"][0] > 0 else OTHERS
        panel.plot(test["ci95"], [row, row], color=color, linewidth=2.4, solid_capstyle="round")
        panel.plot(test["difference"], row, "o", color=color, markersize=8)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_title(title, fontsize=12, color=INK, loc="left")
    panel.grid(axis="x", color=INK, alpha=0.25)
    return as_png(figure)
