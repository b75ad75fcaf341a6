"""Every tab in Debian's Chromium: desktop and phone, light and dark, keyboard, axe-core."""

from pathlib import Path
from typing import Any

import pytest

from tests.space.pages import (
    DESKTOP,
    PHONE,
    TABS,
    TEXT,
    ask,
    highlight,
    marked,
    show,
    use_everything,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_tab_works_and_fits_and_is_accessible(
    open_page: Any, axe: str, size: tuple[int, int], theme: str, tmp_path: Path
) -> None:
    page = open_page(size, theme)
    use_everything(page, tmp_path)
    page.add_script_tag(content=axe)
    for tab in TABS:
        show(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], (
            f"{tab} is wider than the screen"
        )
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        serious = [
            (rule["id"], [node["html"][:160] for node in rule["nodes"]][:3])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        assert serious == [], tab


def test_threshold_acts_at_once_without_running_model(open_page: Any) -> None:
    page = open_page()
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    queued: list[str] = []
    page.on(
        "request",
        lambda request: queued.append(request.url) if "queue/join" in request.url else None,
    )
    page.get_by_label("number input for Threshold").first.fill("0.9")
    highlight(page, "extract", "fever").wait_for(state="detached")
    assert marked(page, "extract") == ["BRCA1", "asthma"]
    assert queued == []


def test_models_are_compared_side_by_side(open_page: Any) -> None:
    page = open_page()
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    page.get_by_label("Side by side").check()
    page.locator("#extract-tab label", has_text="gene").last.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('#extract-tab .legend')]"
        ".filter(e => e.offsetParent).length == 2"
    )
    assert marked(page, "extract") == ["asthma", "fever", "BRCA1"]


def test_all_mention_columns_are_visible_on_desktop(open_page: Any) -> None:
    page = open_page()
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    table = page.locator("#extract-tab .table")
    assert table.locator("th").last.inner_text() == "Offsets"
    assert table.evaluate("table => table.scrollWidth - table.clientWidth") == 0


def test_page_works_with_keyboard_alone(open_page: Any) -> None:
    page = open_page()
    page.locator("#extract-tab textarea").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(TEXT)
    page.keyboard.press("Shift+Enter")
    highlight(page, "extract", "fever").wait_for()
    page.get_by_role("tab", name="Extract").focus()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
            )
        )
    assert {"find", "copy-link", "Mentions"} <= set(reached)


def test_link_holds_text_only_on_request(open_page: Any) -> None:
    page = open_page()
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    assert "BRCA1" not in page.url
    page.click("#copy-link")
    page.wait_for_url("**#text=*")
    page.get_by_text("The link contains the text.").wait_for()
    requested: list[str] = []
    linked = open_page(fragment="#" + page.url.split("#")[1])
    linked.on("request", lambda request: requested.append(request.url))
    highlight(linked, "extract", "fever").wait_for()
    assert linked.locator("#extract-tab textarea").input_value() == TEXT
    assert not any("BRCA1" in url for url in requested)


def test_phone_hides_keyboard_hint_and_scrolls_tables(browser: Any, app: Any) -> None:
    device = {"viewport": {"width": 375, "height": 800}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**device)
    page = context.new_page()
    page.goto(app.url)
    page.wait_for_selector("#extract-tab .textfield")
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    assert not page.locator("#extract-tab .keyboard").is_visible()
    table = page.locator("#extract-tab .table")
    assert table.evaluate("table => table.scrollWidth > table.clientWidth")
    assert "gradient" in table.evaluate("table => getComputedStyle(table).backgroundImage")
    show(page, "Relations")
    # the tab shows the pairs of an example until the answer is there
    answered = page.locator(".pair mark", has_text="asthma").first
    ask(page, "relations", TEXT, "#relate", answered)
    label = page.locator(".graph text").first
    size = label.evaluate("text => text.getBoundingClientRect().height")
    assert size >= 12  # pixels on the screen
    context.close()
