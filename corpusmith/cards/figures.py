"""The pictures of a card, as PNG bytes that are the same on every run.

For light and dark pages: transparent, with greys and colours of middle luminance (contrast above
4.2 against white and against the Hub's dark background).
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from corpusmith.cards.corpus import CorpusFacts
from corpusmith.cards.markdown import plain
from corpusmith.cards.model import ModelFacts
from corpusmith.cards.tables.corpus import FORM
from corpusmith.cards.tables.evaluations import SYSTEMS, headline, shown_interval

INK = "#747a84"
OURS, OTHERS = "#d9633b", "#4f86c6"


def dataset_figures(corpus: CorpusFacts) -> dict[str, bytes]:
    """Pictures of one config by file name, those whose facts are known."""
    pictures = {}
    if corpus.statistics and corpus.reference_statistics:
        pictures["form.png"] = draw_form(corpus)
    if corpus.rejected_by_reason and corpus.counts.get("accepted"):
        pictures["acceptance.png"] = draw_acceptance(corpus)
    return pictures


def model_figures(facts: ModelFacts) -> dict[str, bytes]:
    """Pictures of a model by file name, those whose facts are known."""
    pictures = {}
    if len({result["system"] for result in facts.real}) > 1:
        pictures["comparison.png"] = comparison(facts)
    if len(facts.training.get("history", ())) > 1:
        pictures["training.png"] = training(facts)
    return pictures


def draw_form(corpus: CorpusFacts) -> bytes:
    """A panel for each measure, with a bar for each corpus."""
    columns = {corpus.name: corpus.statistics, **corpus.reference_statistics}
    measures = [
        (key, label, digits)
        for key, label, digits in FORM
        if key not in ("rows", "vocabulary", "unique_mentions")
        and all(key in stats for stats in columns.values())
    ]
    figure, panels = canvas(
        len(measures), width=2.3 * len(measures) + 1.2, height=0.5 * len(columns) + 1.0, shared="y"
    )
    names = [plain(name, 32) for name in columns]
    for panel, (key, label, digits) in zip(panels, measures, strict=True):
        values = [stats[key] * (100 if digits == "%" else 1) for stats in columns.values()]
        bars = panel.barh(names, values, color=[OURS] + [OTHERS] * (len(columns) - 1), height=0.62)
        panel.bar_label(
            bars,
            fmt="%.0f%%" if digits == "%" else f"%.{digits}f",
            padding=3,
            color=INK,
            fontsize=11,
        )
        panel.set_title(label, fontsize=12, color=INK, loc="left")
        panel.set_xlim(0, max(values) * 1.35 or 1)
        panel.xaxis.set_visible(False)
        panel.spines["bottom"].set_visible(False)
    panels[0].invert_yaxis()
    return as_png(figure)


def draw_acceptance(corpus: CorpusFacts) -> bytes:
    """Accepted answers, and rejected ones by reason."""
    reasons = sorted(corpus.rejected_by_reason.items(), key=lambda item: -item[1])[:10]
    names = ["accepted", *(plain(reason, 48) for reason, _ in reasons)]
    counts = [corpus.counts["accepted"], *(count for _, count in reasons)]
    figure, (panel,) = canvas(1, width=8, height=0.36 * len(names) + 0.7)
    bars = panel.barh(names, counts, color=[OURS] + [OTHERS] * len(reasons), height=0.66)
    panel.bar_label(
        bars, labels=[f"{count:,}" for count in counts], padding=4, color=INK, fontsize=11
    )
    panel.set_title("Answers", fontsize=12, color=INK, loc="left")
    panel.set_xlim(0, max(counts) * 1.15)
    panel.xaxis.set_visible(False)
    panel.spines["bottom"].set_visible(False)
    panel.invert_yaxis()
    return as_png(figure)


def comparison(facts: ModelFacts) -> bytes:
    """Each system's headline score with its 95% interval, a panel for each benchmark split."""
    columns = list(dict.fromkeys((result["benchmark"], result["split"]) for result in facts.real))
    found = [result["system"] for result in facts.real]
    systems = [name for name in (*SYSTEMS, *sorted(set(found) - set(SYSTEMS))) if name in found]
    labels = [re.sub(r"\*", "", SYSTEMS.get(name, plain(name, 40))) for name in systems]
    key = headline(facts.real, facts.task)
    width, height = 3.2 * len(columns) + 3.2, 0.42 * len(systems) + 1.1
    figure, panels = canvas(len(columns), width=width, height=height, shared="all")
    for panel, column in zip(panels, columns, strict=True):
        for row, system in enumerate(systems):
            for result in facts.real:
                if (result["benchmark"], result["split"]) != column or result["system"] != system:
                    continue
                low, high = shown_interval(result, key) or (result[key], result[key])
                color = OURS if system == "synthetic" else OTHERS
                panel.plot(
                    [low, high], [row, row], color=color, linewidth=2.4, solid_capstyle="round"
                )
                panel.plot(result[key], row, "o", color=color, markersize=8)
                panel.annotate(
                    f"{result[key]:.1f}",
                    (result[key], row),
                    (0, 8),
                    textcoords="offset points",
                    ha="center",
                    color=INK,
                    fontsize=10,
                )
        panel.set_title(
            f"{plain(column[0], 30)}, {plain(column[1], 12)}", fontsize=12, color=INK, loc="left"
        )
        panel.set_yticks(range(len(systems)), labels)
        panel.set_ylim(len(systems) - 0.5, -0.7)
        panel.margins(x=0.15)
        panel.grid(axis="x", color=INK, alpha=0.25)
    return as_png(figure)


def training(facts: ModelFacts) -> bytes:
    """Training loss and the validation score over the steps."""
    history: Sequence[Mapping[str, Any]] = facts.training["history"]
    metric = (facts.training.get("best") or {}).get("metric", "")
    scored = [point for point in history if metric and metric in (point.get("validation") or {})]
    figure, panels = canvas(2 if scored else 1, width=8 if scored else 4.5, height=2.8)
    losses = [point for point in history if point.get("train_loss") is not None]
    panels[0].plot(
        [p["step"] for p in losses],
        [p["train_loss"] for p in losses],
        "o-",
        color=OTHERS,
        linewidth=2,
    )
    panels[0].set_title("Training loss", fontsize=12, color=INK, loc="left")
    if scored:
        values = [point["validation"][metric] for point in scored]
        panels[1].plot([point["step"] for point in scored], values, "o-", color=OURS, linewidth=2)
        panels[1].set_title(
            f"Validation, {metric.replace('_', ' ').replace('f1', 'F1')}",
            fontsize=12,
            color=INK,
            loc="left",
        )
    for panel in panels:
        panel.set_xlabel("step", color=INK)
        panel.grid(axis="y", color=INK, alpha=0.25)
    return as_png(figure)


def canvas(count: int, *, width: float, height: float, shared: str = "") -> tuple[Any, list[Any]]:
    """A figure and its axes side by side, without pyplot and its global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    panels = list(
        figure.subplots(1, count, squeeze=False, sharex=shared == "all", sharey=shared != "")[0]
    )
    for panel in panels:
        panel.set_facecolor("none")
        panel.tick_params(colors=INK, labelsize=11, length=0)
        for side, spine in panel.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(INK)
    return figure, panels


def as_png(figure: Any) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=144, transparent=True, metadata={"Software": None})
    return picture.getvalue()
