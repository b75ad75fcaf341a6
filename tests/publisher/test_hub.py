"""A release under fire: faults at each step, somebody else publishing at the same time, accounts that may not write."""

import hashlib
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError

from corpusmith_errors import UserError
from publisher.contents import model_contents
from publisher.hub import compare, folder_files, release, same, tag
from publisher.publish import publish
from publisher.repo import RemoteFile, Repo, Standing, retried

MODEL = "local/corpusmith-demo"
FAULTS = ("500 before", "429 before", "hang up before", "500 after", "hang up after")


class FaultAt:
    """Middleware that fails the request with the given number among those whose path and method `matches` accepts.

    "before" fails without doing what was asked; "after" does it and loses the answer.
    """

    def __init__(self, app, number: int, fault: str, matches=lambda method, path: True) -> None:
        self.app, self.number, self.fault, self.matches = app, number, fault, matches
        self.seen: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or not self.matches(scope["method"], scope["path"]):
            return await self.app(scope, receive, send)
        self.seen.append(f"{scope['method']} {scope['path']}")
        if len(self.seen) != self.number + 1:
            return await self.app(scope, receive, send)
        if self.fault.endswith("after"):
            await self.app(scope, receive, swallow)
        if self.fault.startswith("hang up"):  # uvicorn closes a connection whose body falls short
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            return None
        await send({"type": "http.response.start", "status": int(self.fault[:3]), "headers": [(b"retry-after", b"1")]})
        return await send({"type": "http.response.body", "body": b"<html>a proxy's page</html>"})


async def swallow(message) -> None:
    """Drop an answer."""


def is_write(method: str, path: str) -> bool:
    return method not in ("GET", "HEAD")


def check_whole(url: str, repo_id: str, folder: Path, version: str) -> None:
    """`main` and the one tag hold the release, complete, in one commit."""
    repo = Repo("model", repo_id, endpoint=url)
    standing = repo.standing()
    assert standing.tags == {version: standing.head}
    assert not [c for c in compare(model_contents(folder), standing) if c.action != "delete"]
    commits = repo.api.list_repo_commits(repo_id)
    assert [commit.title for commit in commits if commit.title.startswith("Release")] == [f"Release {version}"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault", ["500 before", "hang up after", *(pytest.param(f, marks=pytest.mark.slow) for f in FAULTS[1:4])]
)
def test_a_release_survives_a_fault_at_each_write(loopback, model_folder: Path, fault: str) -> None:
    number, done = 0, False
    while not done:
        server = loopback(partial(FaultAt, number=number, fault=fault, matches=is_write))
        repo_id = f"local/model-{number}"
        assert publish("model", model_folder, repo_id, endpoint=server.url).version == "v0.1.0"
        check_whole(server.url, repo_id, model_folder, "v0.1.0")
        number, done = number + 1, len(server.app.seen) <= number
        server.stop()
    assert number > 6, "create, preupload, batch, put, validate, commit and tag were each hit"


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_second_release_survives_a_fault_at_each_request(loopback, tmp_path: Path, write, fault: str) -> None:
    _, write_model = write
    number, done = 0, False
    while not done:
        server = loopback(lambda app: app)
        repo_id = f"local/model-{number}"
        publish("model", write_model(tmp_path / "first"), repo_id, endpoint=server.url)
        server.stop()
        server = loopback(partial(FaultAt, number=number, fault=fault))
        folder = write_model(tmp_path / "second", b"\0other weights")
        assert publish("model", folder, repo_id, endpoint=server.url).version == "v0.2.0"
        number, done = number + 1, len(server.app.seen) <= number
        standing = Repo("model", repo_id, endpoint=server.url).standing()
        assert standing.tags.keys() == {"v0.1.0", "v0.2.0"} and standing.tags["v0.2.0"] == standing.head
        server.stop()
    assert number > 12


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_stays_down_is_named(loopback, model_folder: Path) -> None:
    server = loopback(lambda app: app)
    url = server.url
    server.stop()
    with pytest.raises(UserError, match="failed 6 times"):
        publish("model", model_folder, MODEL, endpoint=url)


def test_a_refusal_is_not_tried_again() -> None:
    calls = []

    def refuse() -> None:
        calls.append(1)
        raise FileNotFoundError("no such folder")

    with pytest.raises(FileNotFoundError):
        retried(refuse)
    assert len(calls) == 1


def test_of_two_publishers_one_wins_and_the_other_says_so(hub: str, tmp_path: Path, write) -> None:
    _, write_model = write
    publish("model", write_model(tmp_path / "first"), MODEL, endpoint=hub)
    folders = [write_model(tmp_path / name, name.encode() + b"\0") for name in ("one", "two")]
    repo = Repo("model", MODEL, endpoint=hub)
    since, outcomes = repo.standing(), {}
    together = threading.Barrier(2)

    def run(folder: Path) -> None:
        together.wait()
        try:
            mine = Repo("model", MODEL, endpoint=hub)
            outcomes[folder.name] = release(mine, folder_files(folder), "v0.2.0", since=since, message="New weights.")
        except UserError as error:
            outcomes[folder.name] = error

    threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost, won = sorted(folders, key=lambda folder: not isinstance(outcomes[folder.name], UserError))
    assert "changed while v0.2.0 was prepared" in str(outcomes[lost.name])
    assert not compare(folder_files(won), repo.standing()), "nothing of the other is mixed in"
    assert repo.standing().tags["v0.2.0"] == outcomes[won.name].commit


def test_a_repo_filled_meanwhile_is_not_overwritten(hub: str, tmp_path: Path, write) -> None:
    _, write_model = write
    publish("model", write_model(tmp_path / "theirs"), MODEL, endpoint=hub)
    repo = Repo("model", MODEL, endpoint=hub)
    head = repo.standing().head
    ours = folder_files(write_model(tmp_path / "ours", b"\0ours"))
    with pytest.raises(UserError, match="changed while"):
        release(repo, ours, "v0.1.0", since=Standing(), message="First release.")
    assert repo.standing().head == head


def test_a_tag_taken_by_another_commit_is_left_alone(hub: str, model_folder: Path) -> None:
    done = publish("model", model_folder, MODEL, endpoint=hub)
    repo = Repo("model", MODEL, endpoint=hub)
    tag(repo, "v0.1.0", str(done.commit))  # again: nothing happens
    first = repo.api.list_repo_commits(MODEL)[-1].commit_id
    with pytest.raises(UserError, match=r"has a tag v0\.1\.0 already"):
        tag(repo, "v0.1.0", first)
    assert repo.standing().tags["v0.1.0"] == done.commit


@pytest.fixture
def guarded(loopback, tmp_path: Path) -> str:
    """A hub with accounts: ada may write, bob may read."""
    from publisher.local_hub.server import application

    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        '[[user]]\nname = "ada"\ntoken = "ada-secret-token"\nrole = "write"\n'
        '[[user]]\nname = "bob"\ntoken = "bob-secret-token"\nrole = "read"\n'
    )
    return loopback(lambda app: application(tmp_path / "guarded", tokens)).url


@pytest.mark.parametrize(
    ("repo_id", "token", "said"),
    [
        ("bob/model", "bob-secret-token", "may only read"),
        ("ada/model", "unknown-secret-token", "refuses this account"),
        ("bob/model", "ada-secret-token", "refuses this account"),
    ],
)
def test_accounts_that_may_not_write_learn_how(
    guarded: str, model_folder: Path, repo_id: str, token: str, said: str
) -> None:
    with pytest.raises(UserError, match=said) as caught:
        publish("model", model_folder, repo_id, endpoint=guarded, token=token)
    assert "hf auth login" in str(caught.value) and "secret" not in str(caught.value)


def test_an_account_that_may_write_publishes(guarded: str, model_folder: Path) -> None:
    assert publish("model", model_folder, "ada/model", endpoint=guarded, token="ada-secret-token").state == "released"


def test_same_agrees_with_git_and_sha256(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content\n")
    git = subprocess.run(["git", "hash-object", file], capture_output=True, text=True, check=True).stdout.strip()
    sha256 = hashlib.sha256(b"content\n").hexdigest()
    for content in (file, b"content\n"):
        assert same(content, RemoteFile("file", git, 8, False, "main"))
        assert same(content, RemoteFile("file", sha256, 8, True, "main"))
        assert not same(content, RemoteFile("file", git, 8, True, "main"))


def test_hidden_files_stay_at_home(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    for name in (".env", ".cache/x", "shown"):
        (tmp_path / name).write_text("x")
    assert list(folder_files(tmp_path)) == ["shown"]


def test_errors_of_the_hub_keep_their_kind(hub: str) -> None:
    with pytest.raises(HfHubHTTPError):
        retried(lambda: Repo("model", MODEL, endpoint=hub).api.list_repo_commits(MODEL))
