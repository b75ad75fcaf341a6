import pytest

from builders.progress import Progress, bar


def test_pending_rate_and_time_left_follow_from_the_counts() -> None:
    progress = Progress(total=100, before=20, answered=30, accepted=25, rejected=5, failed=10, seconds=15.0)
    assert progress.pending == 40 and progress.rate == 2.0 and progress.seconds_left == 20.0
    assert (
        progress.before + progress.accepted + progress.rejected + progress.failed + progress.pending == progress.total
    )


def test_what_is_not_known_is_none() -> None:
    assert Progress(total=None, answered=3, seconds=1.0).pending is None
    assert Progress(total=None, answered=3, seconds=1.0).seconds_left is None
    assert Progress(total=10).seconds_left is None and Progress(total=10).rate == 0.0


def test_a_bar_tells_number_rate_and_time_left_of_what_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with bar(100, "lexicons, read", "names") as quick:
        quick.update(50)
    assert not capsys.readouterr().err  # over in no time

    monkeypatch.setattr("builders.progress.QUICK", 0.0)
    monkeypatch.setattr("builders.progress.LOG_EVERY", 0.0)
    with bar(100, "lexicons, read", "names") as shown:
        shown.update(50)
    line = capsys.readouterr().err
    assert "lexicons, read:  50%" in line and "50/100" in line and "names/s" in line and "<00:" in line
