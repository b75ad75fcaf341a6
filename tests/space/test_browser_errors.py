"""What the page shows for bad input, in Debian's Chromium."""

from typing import Any

import pytest

from tests.space.pages import PHONE, TEXT, ask, highlight, marked, show, upload, write

pytestmark = pytest.mark.slow


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
