"""Concurrent publishers, accounts without write access, and an unreachable Hub."""

import hashlib
import subprocess
import threading
from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError

from corpusmith.errors import UserError
from corpusmith.hub.publish import publish
from corpusmith.hub.release import file_changes, folder_files, release, same, tag
from corpusmith.hub.repo import HubTarget, RemoteFile, Repo, Standing, retried

MODEL = "local/corpusmith-demo"


@pytest.mark.usefixtures("impatient")
def test_unreachable_hub_is_reported(loopback, model_folder: Path) -> None:
    server = loopback(lambda app: app)
    url = server.url
    server.stop()
    with pytest.raises(UserError, match="failed 6 times"):
        publish("model", model_folder, MODEL, target=HubTarget(url))


def test_refusal_is_not_retried() -> None:
    calls = []

    def refuse() -> None:
        calls.append(1)
        raise FileNotFoundError("no such folder")

    with pytest.raises(FileNotFoundError):
        retried(refuse)
    assert len(calls) == 1


def test_only_one_of_two_concurrent_publishers_succeeds_and_other_gets_error(
    hub: str, tmp_path: Path, write
) -> None:
    _, write_model = write
    publish("model", write_model(tmp_path / "first"), MODEL, target=HubTarget(hub))
    folders = [write_model(tmp_path / name, name.encode() + b"\0") for name in ("one", "two")]
    repo = Repo("model", MODEL, HubTarget(hub))
    since, outcomes = repo.standing(), {}
    together = threading.Barrier(2)

    def run(folder: Path) -> None:
        together.wait()
        try:
            mine = Repo("model", MODEL, HubTarget(hub))
            outcomes[folder.name] = release(
                mine, folder_files(folder), "v0.2.0", since=since, message="New weights."
            )
        except UserError as error:
            outcomes[folder.name] = error

    threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost, won = sorted(folders, key=lambda folder: not isinstance(outcomes[folder.name], UserError))
    assert "changed while v0.2.0 was prepared" in str(outcomes[lost.name])
    assert not file_changes(folder_files(won), repo.standing()), (
        "no file of the other release is mixed in"
    )
    assert repo.standing().tags["v0.2.0"] == outcomes[won.name].commit


def test_repo_filled_during_release_is_not_overwritten(hub: str, tmp_path: Path, write) -> None:
    _, write_model = write
    publish("model", write_model(tmp_path / "theirs"), MODEL, target=HubTarget(hub))
    repo = Repo("model", MODEL, HubTarget(hub))
    head = repo.standing().head
    ours = folder_files(write_model(tmp_path / "ours", b"\0ours"))
    with pytest.raises(UserError, match="changed while"):
        release(repo, ours, "v0.1.0", since=Standing(), message="First release.")
    assert repo.standing().head == head


def test_existing_tag_of_another_commit_is_unchanged(hub: str, model_folder: Path) -> None:
    done = publish("model", model_folder, MODEL, target=HubTarget(hub))
    repo = Repo("model", MODEL, HubTarget(hub))
    tag(repo, "v0.1.0", str(done.commit))  # repeated: no effect
    first = repo.api.list_repo_commits(MODEL)[-1].commit_id
    with pytest.raises(UserError, match=r"has a tag v0\.1\.0 already"):
        tag(repo, "v0.1.0", first)
    assert repo.standing().tags["v0.1.0"] == done.commit


@pytest.fixture
def guarded(loopback, tmp_path: Path) -> str:
    """A hub with accounts: ada may write, bob may read."""
    from corpusmith.hub.local.server import application

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
def test_error_without_write_access_explains_remedy(
    guarded: str, model_folder: Path, repo_id: str, token: str, said: str
) -> None:
    with pytest.raises(UserError, match=said) as caught:
        publish("model", model_folder, repo_id, target=HubTarget(guarded, token=token))
    assert "hf auth login" in str(caught.value) and "secret" not in str(caught.value)


def test_account_with_write_access_publishes(guarded: str, model_folder: Path) -> None:
    assert (
        publish(
            "model", model_folder, "ada/model", target=HubTarget(guarded, token="ada-secret-token")
        ).state
        == "released"
    )


def test_same_agrees_with_git_and_sha256(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content\n")
    git = subprocess.run(
        ["git", "hash-object", file], capture_output=True, text=True, check=True
    ).stdout.strip()
    sha256 = hashlib.sha256(b"content\n").hexdigest()
    for content in (file, b"content\n"):
        assert same(content, RemoteFile("file", git, 8, False, "main"))
        assert same(content, RemoteFile("file", sha256, 8, True, "main"))
        assert not same(content, RemoteFile("file", git, 8, True, "main"))


def test_hidden_files_are_not_published(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    for name in (".env", ".cache/x", "shown"):
        (tmp_path / name).write_text("x")
    assert list(folder_files(tmp_path)) == ["shown"]


def test_hub_errors_keep_their_type(hub: str) -> None:
    with pytest.raises(HfHubHTTPError):
        retried(lambda: Repo("model", MODEL, HubTarget(hub)).api.list_repo_commits(MODEL))
