"""Use the page as a visitor does."""

import json
import zipfile
from pathlib import Path
from typing import Any

DESKTOP, PHONE = (1280, 900), (375, 800)
TABS = ("Extract", "Relations", "Files", "Compare", "About")


TEXT = "BRCA1 causes asthma and fever."


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
