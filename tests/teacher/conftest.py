"""A ledger, and retries without a wait."""

from pathlib import Path

import pytest

from corpusmith.teacher.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpusmith.teacher.endpoint.retries.backoff", lambda attempt: 0.01)
