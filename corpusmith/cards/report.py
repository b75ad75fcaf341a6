"""The report page of a recipe: facts in, README.md out."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpusmith.cards import markdown
from corpusmith.cards.corpus import CorpusFacts
from corpusmith.cards.markdown import Markdown, between, code, number
from corpusmith.cards.tables.baselines import (
    SYSTEMS,
    baselines_table,
    columns_of,
    figure,
    gain,
    gains_table,
    gap_closed,
    number_of_seeds,
)
from corpusmith.cards.tables.corpus import (
    audit_table,
    counts_table,
    derivations,
    form_table,
    hashes_table,
    reasons_table,
)

QUANTILES = (("mean", "Mean"), ("p50", "Median"), ("p99", "99th percentile"), ("max", "Nearest"))


@dataclass(frozen=True)
class ReportFacts:
    """The facts of a report page. Sections missing in `sections` are left out."""

    corpus: CorpusFacts
    sections: Mapping[str, Mapping[str, Any]]  # by name, as report.json holds them
    figures: tuple[str, ...] = ()  # files beside the page
    recipe: str | None = None  # as the command was given it: a name or a path; None: by its name

    @property
    def trained(self) -> list[Mapping[str, Any]]:
        """The sections that state how models were trained."""
        return [
            self.sections[name]
            for name in ("baselines", "ablation", "curve")
            if name in self.sections
        ]

    def at(self, name: str) -> Mapping[str, Any] | None:
        return self.sections.get(name)

    def picture(self, name: str) -> str | None:
        """The file of a picture, if it was drawn."""
        return f"{name}.png" if f"{name}.png" in self.figures else None


def render(facts: ReportFacts) -> str:
    """README.md of a report folder."""
    page = markdown.template_environment().get_template("report.md.jinja")
    return markdown.without_blank_runs(
        page.render(
            facts=facts,
            corpus=facts.corpus,
            columns_of=columns_of,
            command=command,
            counts_table=counts_table,
            reasons_table=reasons_table,
            derivations=derivations,
            form_table=form_table,
            audit_table=audit_table,
            hashes_table=hashes_table,
            unlabelled_table=unlabelled_table,
            distance_table=distance_table,
            nearest_table=nearest_table,
            curve_table=curve_table,
            ablation_table=ablation_table,
            baselines_table=baselines_table,
            gains_table=gains_table,
            gap_closed=gap_closed,
            number_of_seeds=number_of_seeds,
            settings_table=settings_table,
            between=between,
        )
    )


def command(facts: ReportFacts) -> Markdown:
    """The command that makes the page again."""
    return code(f"corpusmith report {shlex.quote(facts.recipe or facts.corpus.name)} --out DIR")


def unlabelled_table(told: Mapping[str, Any]) -> Markdown:
    """A line for each name, the most often unlabelled first."""
    rows = [
        [name["name"], name["labelled"], name["unlabelled"], code(name["row"])]
        for name in told["names"]
    ]
    return markdown.table(["Name", "A mention", "Unlabelled", "For one in row"], rows)


def distance_table(section: Mapping[str, Any]) -> Markdown:
    """AUROC of a classifier of synthetic against real sentences, and of two real halves."""
    names = {
        "two_sample": "Synthetic beside real",
        "real_halves": "One half of the real beside the other",
    }
    rows = [
        [
            name,
            f"{section[key]['auroc']:.3f}",
            between(section[key]["ci95"], 3),
            section[key]["rows"],
        ]
        for key, name in names.items()
        if section.get(key)
    ]
    return markdown.table(["", "AUROC", "95% interval", "Sentences of each"], rows)


def nearest_table(section: Mapping[str, Any]) -> Markdown:
    """Cosine similarity with the nearest benchmark sentence, of our rows and of its own."""
    sides = (("synthetic", "our rows"), ("real", "its own other sentences"))
    rows = [
        [
            name,
            label,
            measured[side]["rows"],
            *(f"{measured[side][key]:.3f}" for key, _ in QUANTILES),
        ]
        for name, measured in section["nearest"].items()
        for side, label in sides
    ]
    return markdown.table(
        ["Benchmark", "Compared with it", "Number", *(name for _, name in QUANTILES)],
        rows,
        text_columns=2,
    )


def curve_table(section: Mapping[str, Any], task: str) -> Markdown:
    """A line for each point, and one for the untrained baseline."""
    columns = columns_of(section, task)
    rows = [
        [
            number(point["rows"]),
            point["training_rows"],
            *(figure(point["figures"], key) for key, _ in columns),
        ]
        for point in section["points"]
    ]
    if line := section.get("line"):
        rows.append(
            [
                SYSTEMS[line["system"]],
                None,
                *(figure(line["figures"], key) for key, _ in columns),
            ]
        )
    return markdown.table(["Sentences", "Rows, augmented", *(name for _, name in columns)], rows)


def ablation_table(section: Mapping[str, Any], task: str) -> Markdown:
    """One line per ablation, with the difference to the whole recipe."""
    columns = [(key, name) for key, name in columns_of(section, task) if key != "auroc"]
    rows = []
    for row in section["rows"]:
        test = row.get("difference")
        cells = [figure(row["figures"], key) for key, _ in columns]
        rows.append([row["name"], row["training_rows"], *cells, gain(test) if test else None])
    return markdown.table(["Change", "Rows", *(name for _, name in columns), "Difference"], rows)


def settings_table(sections: Sequence[Mapping[str, Any]]) -> Markdown:
    """Training settings, as the first section states them; the seeds of all sections."""
    section, seeds = (
        sections[0],
        sorted({seed for section in sections for seed in section["seeds"]}),
    )
    rows = [["Encoder", code(section["encoder"])], ["Seeds", ", ".join(map(str, seeds))]]
    settings = {
        key: value
        for key, value in section["settings"].items()
        if key != "seed" and value is not None
    }
    rows += [[code(key), code(str(value))] for key, value in settings.items()]
    return markdown.table(["Setting", "Value"], rows, text_columns=2)
