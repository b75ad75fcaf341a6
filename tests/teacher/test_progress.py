from corpusmith.teacher.progress import Progress


def test_pending_rate_and_time_left_are_computed_from_counts() -> None:
    progress = Progress(
        total=100, before=20, answered=30, accepted=25, rejected=5, failed=10, seconds=15.0
    )
    assert progress.pending == 40 and progress.rate == 2.0 and progress.seconds_left == 20.0
    assert (
        progress.before + progress.accepted + progress.rejected + progress.failed + progress.pending
        == progress.total
    )


def test_unknown_rate_and_time_left_are_none() -> None:
    assert Progress(total=None, answered=3, seconds=1.0).pending is None
    assert Progress(total=None, answered=3, seconds=1.0).seconds_left is None
    assert Progress(total=10).seconds_left is None and Progress(total=10).rate == 0.0
