"""Two hosts, made of network namespaces, train together and learn what one host learns."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ADDRESSES = ("10.77.31.1", "10.77.31.2")


@pytest.fixture
def hosts() -> Iterator[list[str]]:
    """Two network namespaces joined by a virtual cable: nothing but their two addresses is reachable from either."""
    if not shutil.which("ip"):
        pytest.skip("no `ip` command: install iproute2")
    names = [f"corpusmith-{os.getpid()}-{i}" for i in range(2)]
    made = subprocess.run(["ip", "netns", "add", names[0]], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"network namespaces cannot be made here: {made.stderr.strip()}")
    try:
        ip("netns", "add", names[1])
        ip("link", "add", "eth0", "netns", names[0], "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for name, address in zip(names, ADDRESSES, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def launch(host: list[str], machines: int, rank: int, settings: list[str], arguments: list[str]) -> subprocess.Popen:
    command = [*host, sys.executable, "-m", "accelerate.commands.launch", *settings]
    command += ["--num_machines", str(machines), "--num_processes", str(machines), "--machine_rank", str(rank)]
    # gloo listens on the address of the host's name, here the loopback's, unless it is told an interface
    network = {"GLOO_SOCKET_IFNAME": "eth0"} if machines > 1 else {}
    environment = (
        os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()} | network
    )
    return subprocess.Popen(
        [*command, "-m", "training.launch", *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(*processes: subprocess.Popen) -> None:
    try:
        for process in processes:
            output, _ = process.communicate(timeout=600)
            assert process.returncode == 0, output[-4000:]
    finally:
        for process in processes:
            process.kill()


@pytest.fixture
def encoder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """The tiny encoder without dropout, whose random numbers differ from process to process."""
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_two_hosts_learn_what_one_host_learns(
    hosts: list[str], ner_dataset: Path, encoder: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("epochs: 4\nbatch_tokens: 128\npatience: null\ntracker: none\n")
    task = [str(ner_dataset), "--encoder", str(encoder), "--settings", str(settings)]
    finish(launch([], 1, 0, [], [*task, "--out", str(tmp_path / "one")]))
    together = ["--multi_gpu", "--main_process_ip", ADDRESSES[0], "--main_process_port", "29511"]
    finish(
        *(
            launch(["ip", "netns", "exec", name], 2, rank, together, [*task, "--out", str(tmp_path / "two")])
            for rank, name in enumerate(hosts)
        )
    )
    one, two = (json.loads((tmp_path / run / "training.json").read_text()) for run in ("one", "two"))
    assert two["hardware"].startswith("2 x")
    losses = [row["train_loss"] for row in one["history"]]
    assert losses[-1] < losses[0]
    assert [row["train_loss"] for row in two["history"]] == pytest.approx(losses, rel=1e-3)
    assert [row["step"] for row in two["history"]] == [row["step"] for row in one["history"]]
