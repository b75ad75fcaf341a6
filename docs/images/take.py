"""Take the pictures of the Space's page for docs/space.md, light and dark, and one as on a phone.

    make space                                                      # in another terminal
    python docs/images/take.py http://127.0.0.1:7860/ --chromium /usr/bin/chromium

Needs playwright. Without `--chromium` it takes playwright's own browser.
"""

import argparse
from pathlib import Path
from typing import Any

TEXT = (
    "Cystic fibrosis and asthma were seen in two patients with hypertension; a variant of BRCA1 "
    "raised the risk of breast cancer."
)
PAIRS = (
    "Variants in GBA and LRRK2 raise the risk of Parkinson disease, and GBA is also mutated in "
    "Gaucher disease."
)
TEXTS = {"Extract": TEXT, "Relations": PAIRS}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
SCREENS = {
    "light": DESKTOP | {"color_scheme": "light"},
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE | {"is_mobile": True, "color_scheme": "light"},
}
TABS = {"Extract": "find", "Relations": "relate", "Compare": "compare-button"}  # tab -> button


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--chromium", help="the browser's program")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox"]
        )
        for screen, settings in SCREENS.items():
            page = browser.new_context(**settings).new_page()
            page.set_default_timeout(120_000)
            page.goto(options.url)
            page.wait_for_selector("#find")
            for tab, button in TABS.items():
                if screen == "phone" and tab != "Extract":
                    continue
                if not page.get_by_role("tab", name=tab).count():
                    continue  # no relation model
                page.get_by_role("tab", name=tab).click()
                panel = page.locator(f"#{tab.lower()}-tab")
                if tab in TEXTS:
                    panel.locator("textarea").first.fill(TEXTS[tab])
                page.click(f"#{button}")
                panel.locator(".highlighted .text").first.wait_for()
                page.mouse.move(0, 0)
                page.wait_for_timeout(1500)  # until the table is drawn
                # `full_page` of a screenshot forgets that the screen is a phone's.
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({**settings["viewport"], "height": height})
                page.screenshot(path=options.out / f"space-{tab.lower()}-{screen}.png")
                page.set_viewport_size(settings["viewport"])
        browser.close()


if __name__ == "__main__":
    main()
