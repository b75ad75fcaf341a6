"""The review page in Debian's Chromium, by keyboard alone and by mouse."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpusmith.training.review.sentences import Review
from corpusmith.training.review.server import ReviewServer

pytestmark = pytest.mark.slow
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def page(review: Review) -> Iterator[tuple[Any, ReviewServer]]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    with ReviewServer(review) as server, playwright.sync_playwright() as started:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        shown = opened.new_page()
        shown.set_default_timeout(120_000)
        errors: list[str] = []
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(server.url)
        shown.wait_for_selector("#sentence .word")
        yield shown, server
        opened.close()
        server.shutdown()
        assert not errors


def test_sentence_is_corrected_by_keyboard_alone(page: tuple[Any, ReviewServer]) -> None:
    shown, server = page
    sentence = server.review.sentences[0]
    for key in ("Home", "Shift+End", "Delete", "Home", "ArrowRight", "Shift+ArrowRight", "1"):
        shown.keyboard.press(key)
    shown.keyboard.press("Enter")
    shown.get_by_text("Sentence 2 of 20; 1 reviewed").wait_for()
    assert server.review.corrected == {sentence.id: [(1, 3, "Disease")]}
    shown.keyboard.press("PageUp")
    shown.get_by_text("this one too").wait_for()
    assert shown.locator("#sentence .tag").all_inner_texts() == ["Disease"]


def test_words_are_marked_by_mouse_and_page_finishes(page: tuple[Any, ReviewServer]) -> None:
    shown, server = page
    for word in (2, 4):
        shown.locator(f'[data-word="{word}"]').click(modifiers=["Shift"] if word == 4 else [])
    shown.get_by_role("button", name="1 Disease").click()
    shown.get_by_role("button", name="Right, next").click()
    shown.get_by_text("1 reviewed").wait_for()
    assert (2, 5, "Disease") in server.review.corrected[server.review.sentences[0].id]
    shown.get_by_role("button", name="Finish").click()
    shown.get_by_text("Finished.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_themes(
    page: tuple[Any, ReviewServer], scheme: str
) -> None:
    shown, _ = page
    shown.emulate_media(color_scheme=scheme)
    ink, paper = shown.evaluate(
        "() => { const s = getComputedStyle(document.querySelector('#sentence'));"
        " return [getComputedStyle(document.body).color, s.backgroundColor]; }"
    )
    assert contrast(ink, paper) >= 7


def contrast(first: str, second: str) -> float:
    """The WCAG 2 contrast ratio of two colours written rgb(r, g, b)."""
    lights = []
    for colour in (first, second):
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        lights.append(0.2126 * r + 0.7152 * g + 0.0722 * b)
    return (max(lights) + 0.05) / (min(lights) + 0.05)
