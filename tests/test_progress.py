import pytest

from corpusmith.progress import bar


def test_progress_bar_shows_count_rate_and_time_left_of_long_loops(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with bar(100, "lexicons, read", "names") as quick:
        quick.update(50)
    assert not capsys.readouterr().err  # a short loop shows no bar

    monkeypatch.setattr("corpusmith.progress.QUICK", 0.0)
    monkeypatch.setattr("corpusmith.progress.LOG_EVERY", 0.0)
    with bar(100, "lexicons, read", "names") as shown:
        shown.update(50)
    line = capsys.readouterr().err
    assert (
        "lexicons, read:  50%" in line and "50/100" in line and "names/s" in line and "<00:" in line
    )

    assert list(bar(3, "lexicons, read", "names", ["a", "b", "c"])) == ["a", "b", "c"]
    assert "3/3 [" in capsys.readouterr().err
    with bar(100, "lexicons, read", "names", shown=False) as silent:
        silent.update(50)
    assert not capsys.readouterr().err
