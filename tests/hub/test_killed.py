"""Kill publisher and hub at each step of a release; a rerun completes it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from corpusmith.hub.folders.contents import model_contents
from corpusmith.hub.publish import publish
from corpusmith.hub.release import file_changes
from corpusmith.hub.repo import HubTarget, Repo, Standing

MODEL = "local/corpusmith-demo"
pytestmark = pytest.mark.slow


class KillAt:
    """Middleware that kills the publisher at its n-th request, before or after executing it."""

    def __init__(self, app, number: int, after: bool) -> None:
        self.app, self.number, self.after = app, number, after
        self.seen, self.victim = 0, 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            self.seen += 1
            if self.seen == self.number + 1 and self.victim:
                if self.after:
                    await self.app(scope, receive, swallow)
                os.kill(self.victim, signal.SIGKILL)
                return await send({"type": "http.response.start", "status": 500, "headers": []})
        return await self.app(scope, receive, send)


async def swallow(message) -> None:
    """Drop a response."""


def publish_model(folder: Path, url: str) -> None:
    publish("model", folder, MODEL, target=HubTarget(url))


def content(standing: Standing) -> dict[str, str]:
    return {path: file.oid for path, file in standing.files.items()}


@pytest.fixture(scope="module")
def processes():
    """A forkserver that has imported all modules and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["corpusmith.hub.publish", "matplotlib.figure"])
    return context


@pytest.mark.parametrize("after", [False, True])
def test_rerun_completes_release_killed_at_each_request(
    loopback, processes, tmp_path: Path, write, after: bool
) -> None:
    _, write_model = write
    first, second = (
        write_model(tmp_path / "first"),
        write_model(tmp_path / "second", b"\0" * 2_000_000),
    )
    number, died = 0, True
    while died:
        server = loopback(partial(KillAt, number=10**6, after=after), tmp_path / f"hub-{number}")
        publish("model", first, MODEL, target=HubTarget(server.url))
        repo = Repo("model", MODEL, HubTarget(server.url))
        before = repo.standing()
        server.app.seen, server.app.number = 0, number
        child = processes.Process(target=publish_model, args=(second, server.url))
        server.app.victim = 10**9  # no process, until the child's id is known
        child.start()
        server.app.victim = child.pid
        child.join()
        died, server.app.victim = child.exitcode == -signal.SIGKILL, 0
        seen = repo.standing()
        assert content(seen) == content(before) or not missing(seen, second), (
            "main is the old release or the new one"
        )
        for tag, commit in seen.tags.items():
            assert content(repo.standing(tag)) == content(repo.standing(commit))
        done = publish("model", second, MODEL, target=HubTarget(server.url))
        last = repo.standing()
        assert done.version == "v0.2.0" and last.tags == {
            "v0.1.0": before.head,
            "v0.2.0": last.head,
        }
        assert not missing(last, second)
        titles = [commit.title for commit in repo.api.list_repo_commits(MODEL)]
        assert (
            titles[:2] == ["Release v0.2.0", "Release v0.1.0"]
            and titles.count("Release v0.2.0") == 1
        )
        server.stop()
        number += 1
    assert number > 15, "the publisher was killed at every request"


def missing(standing: Standing, folder: Path) -> list[str]:
    return [
        change.path
        for change in file_changes(model_contents(folder), standing)
        if change.action != "delete"
    ]


def test_release_completes_while_hub_is_killed_repeatedly(tmp_path: Path, write) -> None:
    """The hub is killed and restarted twenty times. The publisher sees only broken connections."""
    _, write_model = write
    folders: dict[str, Path] = {}
    root, port = tmp_path / "hub", free_port()
    url = f"http://127.0.0.1:{port}"
    hub = start_hub(root, port)
    try:
        for round_number in range(20):
            folder = write_model(
                tmp_path / f"model-{round_number}", bytes([round_number]) * 3_000_000
            )
            folders[f"v0.{round_number + 1}.0"] = folder
            repo = Repo("model", MODEL, HubTarget(url))
            before = content(repo.standing())
            publisher = multiprocessing.get_context("fork").Process(
                target=publish_model, args=(folder, url)
            )
            publisher.start()
            time.sleep(0.02 + 0.04 * round_number)  # a later moment each round
            hub.kill()
            hub.wait()
            hub = start_hub(root, port)
            seen = repo.standing()
            fresh = content(seen).keys() == {".gitattributes"}
            assert fresh or content(seen) == before or not missing(seen, folder), (
                "main is the old release or the new one"
            )
            assert not [tag for tag in seen.tags if missing(repo.standing(tag), folders[tag])]
            publisher.join()
            assert publisher.exitcode == 0
            standing = repo.standing()
            assert not missing(standing, folder)
            assert standing.tags[f"v0.{round_number + 1}.0"] == standing.head
    finally:
        hub.kill()
        hub.wait()


def start_hub(root: Path, port: int) -> subprocess.Popen:
    code = "import sys, pathlib; from corpusmith.hub.local import server; "
    code += "server.serve(pathlib.Path(sys.argv[1]), int(sys.argv[2]))"
    return subprocess.Popen([sys.executable, "-c", code, str(root), str(port)])


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
