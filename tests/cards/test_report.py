"""The page of a report: with all facts, with the fewest facts, and with hostile text."""

import dataclasses
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

from corpusmith.cards import report, report_figures
from corpusmith.cards.dataset import CorpusFacts
from corpusmith.cards.report import ReportFacts
from corpusmith.cards.tables.baselines import SYSTEMS, baselines_table, gap_closed

GOLDEN = Path(__file__).parent / "golden" / "report.md"
PICTURES = ("ablation.png", "acceptance.png", "curve.png", "form.png", "map.png")
HOSTILE = (
    "<script>alert(1)</script>",
    "| a | b |\n|---|---|",
    "\n## Owned",
    "[x](javascript:alert(1))",
    "{{ 7 * 7 }}",
)


def test_page(disease: CorpusFacts, sections: dict) -> None:
    page = report.render(ReportFacts(disease, sections, PICTURES))
    if os.environ.get("CORPUSMITH_GOLDEN") == "write":
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_missing_section_or_picture_is_left_out(disease: CorpusFacts, sections: dict) -> None:
    page = report.render(ReportFacts(disease, {"acceptance": sections["acceptance"]}))
    assert "From request to row" in page and "![" not in page
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## From request to row"
    ]
    assert "## " not in report.render(ReportFacts(disease, {}))


def test_sections_state_their_number_of_seeds(disease: CorpusFacts, sections: dict) -> None:
    page = report.render(
        ReportFacts(disease, sections | {"ablation": sections["ablation"] | {"seeds": [7]}})
    )
    assert "on the mean of one seed." in page and "deviation over 2 seeds (95%" in page
    assert "| Seeds | 1, 2, 7 |" in page


def test_command_names_recipe_as_given(disease: CorpusFacts) -> None:
    assert "\n`corpusmith report recipes/mine.yaml --out DIR`" in report.render(
        ReportFacts(disease, {}, recipe="recipes/mine.yaml")
    )
    assert "corpusmith report 'my recipes/\\`a.yaml' --out DIR" in report.render(
        ReportFacts(disease, {}, recipe="my recipes/`a.yaml")
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped(disease: CorpusFacts, sections: dict, text: str) -> None:
    def structure(page: str) -> list[str]:
        return [
            f"{token.type} {token.tag}"
            for token in MarkdownIt("gfm-like", {"linkify": False}).parse(page)
        ]

    def written(word: str) -> str:
        changed = {**sections["ablation"]}
        changed["rows"] = [{**row, "name": word} for row in changed["rows"]]
        changed["left_out"] = [word]
        shown = {**sections, "ablation": changed, "map": {**sections["map"], "encoder": word}}
        shown["memorisation"] = {
            **sections["memorisation"],
            "nearest": {word: sections["memorisation"]["nearest"]["ncbi_disease/dev"]},
        }
        standing = {"name": word, "labelled": 1, "unlabelled": 2, "row": word}
        label = {"labelled": 1, "unlabelled": 2, "names": [standing]}
        shown["unlabelled"] = {"split": "train", "labels": {word: label}}
        corpus = dataclasses.replace(disease, title=word)
        return report.render(ReportFacts(corpus, shown, PICTURES))

    assert structure(written(text)) == structure(written("harmless"))
    assert "<script" not in written(text)


def test_baselines_have_fixed_order_rows_and_intervals(sections: dict) -> None:
    table = baselines_table(sections["baselines"], "ner").splitlines()
    named = [line.split(" | ")[0].removeprefix("| ") for line in table[2:]]
    assert named == [
        SYSTEMS[name] for name in ("zero-shot", "dictionary", "synthetic", "gold", "gold+synthetic")
    ]
    assert "1,800 | 61.5 ± 0.7 (58.5 to 64.5)" in table[4]
    assert gap_closed(sections["baselines"]) == "60% (55% to 64%)"
    assert gap_closed({**sections["baselines"], "gap_closed": None}) is None


def test_pictures_are_deterministic(sections: dict) -> None:
    points = np.random.default_rng(0).normal(size=(2, 50, 2))

    def drawn() -> list[bytes]:
        return [
            report_figures.draw_sentence_map(*points),
            report_figures.draw_curve(sections["curve"], "ner"),
            report_figures.draw_ablations(sections["ablation"], "ner"),
        ]

    assert drawn() == drawn()
    for picture in drawn():
        assert picture.startswith(b"\x89PNG") and struct.unpack(">I", picture[16:20])[0] > 400
