"""A generation is shown on one line that is kept up to date, or logged as plain lines where nobody
watches.
"""

import io
import time

import pytest

from corpusmith.cli.display import LiveProgress, progress_line
from corpusmith.teacher.progress import Progress

PROGRESS = Progress(
    100, before=20, answered=30, accepted=25, rejected=5, failed=10, in_flight=8, prompt_tokens=900,
    completion_tokens=300, seconds=60.0,
)  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, seconds: float, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    with LiveProgress() as show:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            show(PROGRESS)
            time.sleep(0.01)
    return stream.getvalue()


def test_a_line_says_what_became_of_requests_and_what_it_costs() -> None:
    assert progress_line(PROGRESS) == (
        "50/100 answered (25 accepted, 5 rejected now), 10 failed | 30/min, 8 in flight"
        " | 1200 tokens, cost unknown | 80 s left"
    )


def test_without_a_terminal_a_plain_line_is_logged_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shown(io.StringIO(), 0.1, monkeypatch) == ""
    monkeypatch.setattr("corpusmith.cli.display.LOG_EVERY", 0.1)
    lines = shown(io.StringIO(), 0.5, monkeypatch).splitlines()
    assert 1 <= len(lines) <= 5 and set(lines) == {progress_line(PROGRESS)}


def test_a_terminal_keeps_one_line_and_ends_with_how_it_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = shown(Terminal(), 0.5, monkeypatch)
    nothing, *lines = text.split("\r\x1b[K")
    assert not nothing and len(lines) > 1 and text.endswith("\n")
    assert {line.rstrip("\n") for line in lines} == {progress_line(PROGRESS)} and text.count(
        "\n"
    ) == 1
