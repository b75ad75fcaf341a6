"""The local Hub of a run: there while the run is, and gone with it, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from corpusmith.hub.loopback import hub_at

HOUSE = str(Path(__file__).parents[2])
RUN = """
import sys, time
from pathlib import Path
from corpusmith.hub.loopback import hub_at
with hub_at("local", Path(sys.argv[1])) as endpoint:
    print(endpoint, flush=True)
    time.sleep(3600)
"""


def answers(endpoint: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(urlsplit(endpoint).port or 0))) == 0


def test_local_hub_runs_inside_the_context_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", HOUSE)
    with hub_at("local", tmp_path / "hub") as endpoint:
        assert answers(endpoint)
    assert not answers(endpoint)


def test_local_hub_ends_with_a_killed_run(tmp_path: Path) -> None:
    line = [sys.executable, "-c", RUN, str(tmp_path / "hub")]
    with subprocess.Popen(
        line, env={**os.environ, "PYTHONPATH": HOUSE}, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        endpoint = run.stdout.readline().strip()
        assert answers(endpoint)
        run.send_signal(signal.SIGKILL)
    while answers(
        endpoint
    ):  # it has to hear of it first; a Hub that stayed would be caught by the job's time limit
        time.sleep(0.1)


def test_url_of_a_hub_is_used_as_it_is(tmp_path: Path) -> None:
    with hub_at("https://hub.example/", tmp_path) as endpoint:
        assert endpoint == "https://hub.example"
