"""The Hub a run talks to: one that is given by its URL, or a local one that lives as long as the run."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpusmith.errors import UserError

PORT = 8788  # where `corpusmith hub serve` listens unless told otherwise
LOCAL_NAMESPACE = "local"
PATIENCE = 60.0  # seconds a local Hub may take to start on a busy machine


@contextmanager
def hub_at(hub: str, root: Path) -> Iterator[str]:
    """The endpoint of `hub`; for "local" that of a Hub over the folder `root`, on a free port, stopped at the end."""
    if hub != "local":
        yield hub.rstrip("/")
        return
    port = free_port()
    line = [
        sys.executable,
        "-m",
        "corpusmith.cli.main",
        "hub",
        "serve",
        "--root",
        str(root),
        "--port",
        str(port),
        "--quiet",
    ]
    # Nothing is ever written to the pipe: it ends when this process does, in whatever way, and the Hub with it.
    with subprocess.Popen([*line, "--until-eof"], stdin=subprocess.PIPE) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def end_with_parent() -> None:
    """Stop this process when its standard input ends, which it does with the process that holds the other end."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def namespace_at(endpoint: str, hub: str) -> str:
    """Whose repos a run writes: `local`, or the account of the token in use. Raises UserError without one."""
    if hub == "local":
        return LOCAL_NAMESPACE
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError, LocalTokenNotFoundError

    try:
        return str(HfApi(endpoint=endpoint).whoami()["name"])
    except (HTTPError, LocalTokenNotFoundError) as error:
        raise UserError(
            f"no account at {endpoint}: `hf auth login`, or set HF_TOKEN to a token with write rights ({error})"
        ) from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Until the server accepts connections. Raises UserError when it ends first, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None or time.monotonic() > deadline:
            raise UserError("the local Hub did not start: see the message above")
        time.sleep(0.1)
