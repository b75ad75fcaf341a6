"""The Hub that a run publishes to: an existing one, or a local one that ends with the run."""

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
from corpusmith.processes import SAFE_PATH, module_command

PORT = 8788  # where `corpusmith hub serve` listens unless told otherwise
LOCAL_NAMESPACE = "local"
PATIENCE = 60.0  # seconds a local Hub may take to start on a busy machine


@contextmanager
def hub_at(hub: str, root: Path) -> Iterator[str]:
    """The endpoint of `hub`. For "local", serve the folder `root` on a free port until the end."""
    if hub != "local":
        yield hub.rstrip("/")
        return
    port = free_port()
    options = ("--root", root, "--port", port, "--quiet", "--until-eof")
    line = module_command("corpusmith", "hub", "serve", *options)
    # Nothing is written to the pipe. It closes when this process ends for any reason; then the Hub
    # ends.
    environment = os.environ | SAFE_PATH
    with subprocess.Popen(line, stdin=subprocess.PIPE, env=environment) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def end_with_parent() -> None:
    """Stop this process when its standard input closes, as it does when the parent ends."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def namespace_at(endpoint: str, hub: str) -> str:
    """The namespace that a run writes to: `local`, or the account of the token.

    Raises:
        UserError: there is no token, or the Hub refuses it.
    """
    if hub == "local":
        return LOCAL_NAMESPACE
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError, LocalTokenNotFoundError

    try:
        return str(HfApi(endpoint=endpoint).whoami()["name"])
    except (HTTPError, LocalTokenNotFoundError) as error:
        raise UserError(
            f"no account at {endpoint}: `hf auth login`, or set HF_TOKEN to a token with write "
            f"rights ({error})"
        ) from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving_port() -> int:
    """A port for `corpusmith hub serve`: PORT unless something listens on it already."""
    with socket.socket() as probe:
        return free_port() if probe.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server accepts connections.

    Raises:
        UserError: the server ended, or took too long.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None or time.monotonic() > deadline:
            raise UserError("the local Hub did not start: see the message above")
        time.sleep(0.1)
