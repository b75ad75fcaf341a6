"""Generation progress: one updated line on a terminal, plain log lines elsewhere."""

import io
import time

import pytest

from corpusmith.cli.display import LiveProgress, progress_line
from corpusmith.teacher.progress import Progress

PROGRESS = Progress(
    100,
    before=20,
    answered=30,
    accepted=25,
    rejected=5,
    failed=10,
    in_flight=8,
    prompt_tokens=900,
    completion_tokens=300,
    seconds=60.0,
)


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


def test_progress_line_shows_counts_cost_and_time_left() -> None:
    assert progress_line(PROGRESS) == (
        "50/100 answered (25 accepted, 5 rejected now), 10 failed | 30/min, 8 in flight"
        " | 1200 tokens, cost unknown | 80 s left"
    )


def test_plain_lines_are_logged_periodically_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shown(io.StringIO(), 0.1, monkeypatch) == ""
    monkeypatch.setattr("corpusmith.cli.display.LOG_EVERY", 0.1)
    lines = shown(io.StringIO(), 0.5, monkeypatch).splitlines()
    assert 1 <= len(lines) <= 5 and set(lines) == {progress_line(PROGRESS)}


def test_terminal_shows_one_updated_line_and_a_final_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = shown(Terminal(), 0.5, monkeypatch)
    nothing, *lines = text.split("\r\x1b[K")
    assert not nothing and len(lines) > 1 and text.endswith("\n")
    assert {line.rstrip("\n") for line in lines} == {progress_line(PROGRESS)} and text.count(
        "\n"
    ) == 1
