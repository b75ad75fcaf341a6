"""The reference pages agree with the code, and links between the pages lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted(path for path in ROOT.glob("*/README.md") if path.parent.name != "docs")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def test_reference_pages_are_up_to_date() -> None:
    line = [sys.executable, "docs/reference/generate.py", "--check"]
    finished = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    relative = [target for target in targets if not target.startswith(("http", "mailto:", "<"))]
    assert not [target for target in relative if not (page.parent / target).exists()]
