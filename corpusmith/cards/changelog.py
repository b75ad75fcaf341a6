"""CHANGELOG.md of a repo: a release adds its entry, and reads back those of earlier ones."""

import re
from dataclasses import dataclass

from corpusmith.cards.markdown import Markdown, template_environment

HEADING = re.compile(r"^## (v\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)[ \t\r]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One release: a summary line and details."""

    version: str
    date: str
    summary: str
    details: str = ""


def render(entries: tuple[Entry, ...]) -> str:
    """The file, newest entry first."""
    return (
        template_environment().get_template("changelog.md.jinja").render(entries=entries).rstrip()
        + "\n"
    )


def with_entry(text: str, entry: Entry) -> str:
    """The file with a new entry before the others. All else stays, also what was written by hand.

    A text without entries is no file of ours, and is replaced.
    """
    first, new = HEADING.search(text), render((entry,))
    if first is None:
        return new
    added = new[HEADING.search(new).start() :]  # type: ignore[union-attr]
    return f"{text[: first.start()]}{added}\n{text[first.start() :]}"


def parse(text: str) -> tuple[Entry, ...]:
    """The entries of a file that `render` wrote; their text is Markdown already."""
    _, *parts = HEADING.split(text)
    entries = []
    for version, date, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        summary, _, details = body.strip().partition("\n\n")
        entries.append(Entry(version, date, Markdown(summary), Markdown(details)))
    return tuple(entries)
