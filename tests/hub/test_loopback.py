"""The local Hub of a run starts with the run and stops with it, even if the run is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from corpusmith.hub.loopback import hub_at, serving_port

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


def test_port_in_use_is_replaced_by_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr("corpusmith.hub.loopback.PORT", port)
        assert serving_port() == port
        taken.listen()
        assert serving_port() != port


def test_local_hub_runs_inside_the_context_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", HOUSE)
    with hub_at("local", tmp_path / "hub") as endpoint:
        assert answers(endpoint)
    assert not answers(endpoint)


def test_local_hub_stops_after_run_is_killed(tmp_path: Path) -> None:
    line = [sys.executable, "-c", RUN, str(tmp_path / "hub")]
    with subprocess.Popen(
        line, env={**os.environ, "PYTHONPATH": HOUSE}, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        endpoint = run.stdout.readline().strip()
        assert answers(endpoint)
        run.send_signal(signal.SIGKILL)
    while answers(endpoint):  # the Hub stops with a delay; if it never stops, the job times out
        time.sleep(0.1)


def test_hub_url_is_used_directly(tmp_path: Path) -> None:
    with hub_at("https://hub.example/", tmp_path) as endpoint:
        assert endpoint == "https://hub.example"
