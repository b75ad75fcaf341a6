"""Two hosts, simulated by network namespaces, train the same model as one host."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpusmith.files import shipped

pytestmark = pytest.mark.slow
ADDRESSES = ("10.77.31.1", "10.77.31.2")
TWO_MACHINES = shipped("training", "accelerate") / "two-machines-gloo.yaml"


@pytest.fixture
def hosts() -> Iterator[list[str]]:
    """Two network namespaces joined by a virtual cable: each reaches only the two addresses."""
    if not shutil.which("ip"):
        pytest.skip("no `ip` command: install iproute2")
    names = [f"corpusmith-{os.getpid()}-{i}" for i in range(2)]
    made = subprocess.run(["ip", "netns", "add", names[0]], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"network namespaces cannot be made here: {made.stderr.strip()}")
    try:
        ip("netns", "add", names[1])
        ip(
            "link",
            "add",
            "eth0",
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            names[1],
        )
        for name, address in zip(names, ADDRESSES, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            lose(name)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def lose(host: str) -> None:
    """Kill every process of a host at once: torchrun starts each in its own session."""
    running = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True).stdout
    for pid in map(int, running.split()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def launch(host: list[str], settings: list[str], arguments: list[str]) -> subprocess.Popen:
    command = [
        *host,
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        *settings,
        "-m",
        "corpusmith.training.launch",
    ]
    # without an interface, gloo listens on the address of the host name, here the loopback
    network = {"GLOO_SOCKET_IFNAME": "eth0"} if host else {}
    own = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    return subprocess.Popen(
        [*command, *arguments],
        env=os.environ | own | network,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def launch_together(
    hosts: list[str], arguments: list[str], *, processes: int = 4
) -> list[subprocess.Popen]:
    """Run the shipped file for two machines on both hosts, with the address of this network."""
    settings = ["--config_file", str(TWO_MACHINES), "--main_process_ip", ADDRESSES[0]]
    settings += ["--num_processes", str(processes)]
    return [
        launch(["ip", "netns", "exec", name], [*settings, "--machine_rank", str(rank)], arguments)
        for rank, name in enumerate(hosts)
    ]


def finish(*processes: subprocess.Popen) -> None:
    try:
        for process in processes:
            output, _ = process.communicate(timeout=900)
            assert process.returncode == 0, output[-4000:]
    finally:
        for process in processes:
            process.kill()


@pytest.fixture
def encoder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """The tiny encoder without dropout: its random numbers differ between processes."""
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def settings_file(folder: Path, **more: int) -> Path:
    path = folder / "settings.yaml"
    path.write_text(
        json.dumps({"epochs": 4, "batch_tokens": 128, "patience": None, "tracker": "none", **more})
    )
    return path


def test_two_hosts_give_same_weights_as_one(
    hosts: list[str], ner_dataset: Path, encoder: Path, tmp_path: Path
) -> None:
    """Two processes on each of two hosts, one process on one: the global batch is the same."""
    task = [str(ner_dataset), "--encoder", str(encoder), "--settings", str(settings_file(tmp_path))]
    finish(
        launch(
            [],
            ["--num_machines", "1", "--num_processes", "1"],
            [*task, "--out", str(tmp_path / "one")],
        )
    )
    finish(*launch_together(hosts, [*task, "--out", str(tmp_path / "two")]))
    one, two = (
        json.loads((tmp_path / run / "training.json").read_text()) for run in ("one", "two")
    )
    assert two["hardware"].startswith("4 x")
    losses = [row["train_loss"] for row in one["history"]]
    assert losses[-1] < losses[0]
    assert [row["train_loss"] for row in two["history"]] == pytest.approx(losses, rel=1e-3)
    assert [row["step"] for row in two["history"]] == [row["step"] for row in one["history"]]


def test_lost_host_ends_training_on_both_and_same_command_resumes(
    hosts: list[str], ner_dataset: Path, encoder: Path, tmp_path: Path
) -> None:
    """As docs/scaling.md states, the other host's command fails too and a new run resumes."""
    out = tmp_path / "out"
    settings = settings_file(tmp_path, epochs=40, save_steps=1)
    task = [
        str(ner_dataset),
        "--encoder",
        str(encoder),
        "--settings",
        str(settings),
        "--out",
        str(out),
    ]
    first, second = launch_together(hosts, task, processes=2)
    while not list(out.glob("state/state-*/progress.json")):
        assert first.poll() is None and second.poll() is None
        time.sleep(0.01)
    lose(hosts[1])
    assert second.wait(timeout=60) != 0
    assert first.wait(timeout=600) != 0
    reached = json.loads(max(out.glob("state/state-*/progress.json")).read_text())["progress"]
    assert not (out / "training.json").exists() and reached["step"] > 0
    finish(*launch_together(hosts, task, processes=2))
    history = json.loads((out / "training.json").read_text())["history"]
    assert len(history) == 40 and history[: len(reached["history"])] == reached["history"]
    assert not (out / "state").exists()
