"""benchmarks/README.md and docs name each command by a module that exists, and none is missing."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"python -m (benchmarks(?:\.\w+)+)")


def commands() -> set[str]:
    """Modules that run as a program."""
    found = set()
    for path in (ROOT / "benchmarks").rglob("*.py"):
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.add(".".join(part for part in parts if part != "__main__"))
    return found


def named(page: Path) -> set[str]:
    return set(COMMAND.findall(page.read_text(encoding="utf-8")))


def test_readme_lists_every_command() -> None:
    assert named(ROOT / "benchmarks" / "README.md") == commands()


def test_pages_and_docstrings_name_existing_commands() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.py")]
    assert not set().union(*map(named, pages)) - commands()
    as_file = re.compile(r"python benchmarks/\w+\.py")
    assert not [page.name for page in pages if as_file.search(page.read_text(encoding="utf-8"))]
