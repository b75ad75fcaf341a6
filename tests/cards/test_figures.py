"""Pictures: drawn only from known facts, deterministic, legible on light and dark."""

import dataclasses
import io
import struct

import pytest

from corpusmith.cards import figures
from corpusmith.cards.dataset import CorpusFacts
from corpusmith.cards.model import ModelFacts


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.1)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", ["#ffffff", "#0b0f19", "#0d1117"])
def test_ink_and_marks_have_contrast_on_light_and_dark(background: str) -> None:
    for color, least in ((figures.INK, 4.2), (figures.OURS, 3.0), (figures.OTHERS, 3.0)):
        low, high = sorted((luminance(color), luminance(background)))
        assert (high + 0.05) / (low + 0.05) >= least, f"{color} on {background}"


def test_pictures_are_deterministic(disease: CorpusFacts, model_facts: ModelFacts) -> None:
    first = figures.dataset_figures(disease) | figures.model_figures(model_facts)
    again = figures.dataset_figures(disease) | figures.model_figures(model_facts)
    assert first == again
    assert set(first) == {"acceptance.png", "form.png", "comparison.png", "training.png"}
    for picture in first.values():
        assert picture.startswith(b"\x89PNG") and struct.unpack(">I", picture[16:20])[0] > 400


def test_background_is_transparent(disease: CorpusFacts) -> None:
    from matplotlib import image

    pixels = image.imread(io.BytesIO(figures.draw_form(disease)))
    assert pixels[0, 0, 3] == 0 and pixels[..., 3].max() == 1


def test_no_picture_without_facts(disease: CorpusFacts, model_facts: ModelFacts) -> None:
    assert (
        figures.dataset_figures(
            dataclasses.replace(disease, reference_statistics={}, rejected_by_reason={})
        )
        == {}
    )
    assert (
        figures.model_figures(dataclasses.replace(model_facts, evaluations=(), training={})) == {}
    )


def test_hostile_text_is_not_read_as_formula(disease: CorpusFacts) -> None:
    """matplotlib reads `$...$` as TeX and fails on invalid TeX."""
    assert figures.draw_acceptance(
        dataclasses.replace(disease, rejected_by_reason={"costs $\\frac{$ and $": 3})
    )
