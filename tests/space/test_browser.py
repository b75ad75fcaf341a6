"""Every tab in Debian's Chromium: desktop and phone, light and dark, keyboard, axe-core."""

import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.slow

AXE = "4.14.1"
DESKTOP, PHONE = (1280, 900), (375, 800)
TABS = ("Extract", "Relations", "Files", "Compare", "About")
TEXT = "BRCA1 causes asthma and fever."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, downloaded from the npm registry once per machine."""
    if not shutil.which("npm"):
        pytest.skip("needs npm for axe-core")
    folder = Path(tempfile.gettempdir()) / f"axe-core-{AXE}"
    source = folder / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run(
            ["npm", "install", "--silent", "--prefix", folder, f"axe-core@{AXE}"], check=True
        )
    return source.read_text()


@pytest.fixture
def open_page(app, browser: Any) -> Iterator[Any]:
    """Open the page at a size and in a theme. The test fails if a script fails."""
    contexts, faults = [], []

    def opened(size: tuple[int, int] = DESKTOP, theme: str = "light", fragment: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{app.url}?__theme={theme}{fragment}")
        page.wait_for_selector("#extract-tab .textfield")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def show(page: Any, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    page.locator(f"#{tab.lower()}-tab").wait_for(state="visible")


def write(page: Any, tab: str, text: str) -> None:
    page.locator(f"#{tab}-tab textarea").fill(text)


def ask(page: Any, tab: str, text: str, button: str, answer: Any) -> None:
    """Write, press, and wait for an answer. On failure, report what the page shows."""
    from playwright.sync_api import TimeoutError as NoAnswer

    write(page, tab, text)
    page.click(button)
    try:
        answer.wait_for()
    except NoAnswer as error:
        written, shown = (
            page.locator(f"#{tab}-tab textarea").input_value(),
            page.locator("body").inner_text(),
        )
        raise AssertionError(
            f"no answer on the tab {tab} to {written!r}; the page reads:\n{shown}"
        ) from error


def marked(page: Any, tab: str) -> list[str]:
    """Return the highlighted text on a tab."""
    return highlight(page, tab, "").all_inner_texts()


def highlight(page: Any, tab: str, text: str) -> Any:
    return page.locator(f"#{tab}-tab .highlighted .text:visible", has_text=text)


def table_of(page: Any, tab: str) -> str:
    return page.locator(f"#{tab}-tab .table").first.inner_text()


def upload(page: Any, name: str, content: str) -> None:
    page.set_input_files(
        "#files-tab input[type=file]",
        {"name": name, "mimeType": "text/plain", "buffer": content.encode()},
    )
    page.locator("#files-tab", has_text="Choose the column and start").wait_for()


def use_everything(page: Any, tmp_path: Path) -> None:
    """A visit to all five tabs."""
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    assert marked(page, "extract") == ["BRCA1", "asthma", "fever"]
    assert "MESH:D001249" in table_of(page, "extract")

    show(page, "Relations")
    # the tab shows the pairs of an example until the answer is there
    answered = page.locator(".pair mark", has_text="asthma").first
    ask(page, "relations", TEXT, "#relate", answered)
    assert page.locator(".pair mark").all_inner_texts()[:2] == ["BRCA1", "asthma"]
    page.locator(".pair summary").first.click()
    assert page.locator(".pair code").first.inner_text() == "@GENE$ causes @DISEASE$ and fever."

    show(page, "Files")
    upload(page, "notes.csv", f'id,note,text\nr1,x,"{TEXT}"\nr2,y,Nothing.\n')
    page.click("#read-file")
    page.locator("#files-tab", has_text="2 of 2 texts, 3 mentions").wait_for()
    links = page.locator("#files-tab a[download^=mentions]")
    links.nth(3).wait_for()
    results = {}
    for link in links.all():
        with page.expect_download() as waiting:
            link.click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        results[path.name] = path
    rows = [json.loads(line) for line in results["mentions.jsonl"].read_text().splitlines()]
    assert [(row["id"], len(row["mentions"])) for row in rows] == [("r1", 3), ("r2", 0)]
    assert zipfile.ZipFile(results["mentions-brat.zip"]).testzip() is None
    assert {path.suffix for path in results.values()} == {".jsonl", ".csv", ".zip", ".json"}

    show(page, "Compare")
    ask(
        page,
        "compare",
        TEXT,
        "#compare-button",
        page.locator("#compare-tab", has_text="Which method found"),
    )
    assert marked(page, "compare") == ["asthma", "asthma", "fever", "BRCA1"]
    assert "81.2" in page.locator("#compare-tab").inner_text()

    show(page, "About")
    assert "do not send what identifies a patient" in page.locator("#about-tab").inner_text()


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


def test_html_is_shown_as_text(open_page: Any) -> None:
    page = open_page()
    evil = "<img src=x onerror='window.harmed = 1'> asthma"
    for tab, button in (("extract", "#find"), ("compare", "#compare-button")):
        show(page, tab.capitalize())
        write(page, tab, evil)
        page.click(button)
        page.locator(f"#{tab}-tab .textfield", has_text="onerror").first.wait_for()
    show(page, "Files")
    upload(
        page,
        "<b>x.csv",
        "text,\"<img src=x onerror='window.harmed = 1'>\"\n"
        'asthma,"<script>window.harmed = 1</script>"\n',
    )
    assert page.locator("#files-tab table img").count() == 0
    assert page.evaluate("window.harmed") is None


def test_error_message_names_remedy(open_page: Any) -> None:
    page = open_page()
    write(page, "extract", "  ")
    page.click("#find")
    page.get_by_text("There is no text yet. Type or paste a sentence").wait_for()
    show(page, "Files")
    page.click("#read-file")
    page.get_by_text("There is no file yet. Upload one first.").wait_for()


def test_refused_upload_is_reported_at_once_beside_the_file(open_page: Any) -> None:
    page = open_page(PHONE)
    show(page, "Files")
    for name, content, message in (
        ("torn.csv", "text\nasthma, fever\n", "Line 2 has 2 cells"),
        ("twice.csv", "text,text\nasthma,fever\n", "have the same name"),
    ):
        page.set_input_files(
            "#files-tab input[type=file]",
            {"name": name, "mimeType": "text/csv", "buffer": content.encode()},
        )
        refused = page.locator("#file-verdict [role=alert]", has_text=message)
        refused.wait_for()
        file = page.locator("#files-tab .file-preview, #files-tab table").first
        assert refused.bounding_box()["y"] - file.bounding_box()["y"] < 300
        page.locator("#files-tab button[aria-label=Clear]").first.click()
        page.locator("#file-verdict", has_text="No file yet.").wait_for()


def test_error_replaces_old_result(open_page: Any) -> None:
    page = open_page()
    ask(page, "extract", TEXT, "#find", highlight(page, "extract", "fever"))
    write(page, "extract", " ")
    page.click("#find")
    page.locator("#extract-tab [role=alert]").wait_for()
    assert marked(page, "extract") == []
    assert page.locator("#extract-tab .table").count() == 0


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


def test_file_can_be_cancelled_and_page_still_works(open_page: Any) -> None:
    page = open_page()
    show(page, "Files")
    upload(
        page,
        "many.txt",
        "BRCA1 causes asthma and fever, and much else. " * 5 + "\n" + f"{TEXT}\n" * 19_000,
    )
    page.click("#read-file")
    page.locator("#files-tab progress").wait_for()
    page.click("#cancel-file")
    page.locator("#files-tab", has_text="Cancelled: nothing was kept.").wait_for()
    page.wait_for_timeout(2000)  # time in which a reading that went on would report
    assert page.locator("#files-tab progress").count() == 0
    page.locator("#files-tab button[aria-label=Clear]").first.click()
    page.locator("#files-tab", has_text="No file yet.").wait_for()
    upload(page, "few.txt", f"{TEXT}\n")
    page.click("#read-file")
    page.locator("#files-tab", has_text="1 of 1 texts").wait_for()
