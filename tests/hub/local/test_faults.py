"""A killed hub, a disconnected client, and concurrent writers."""

import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HTTPError

from corpusmith.hub.local.store import Store
from tests.hub import http

SERVE = (
    "import sys; from pathlib import Path; from corpusmith.hub.local import serve; "
    "serve(Path(sys.argv[1]), int(sys.argv[2]))"
)


class Killable:
    """A hub in a child process that can be killed and restarted on the same port and folder."""

    def __init__(self, root: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root, self.url = root, f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.root), str(self.port)]
        )
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    hub = Killable(tmp_path / "hub")
    yield hub
    hub.kill()


def write_until_it_dies(api: HfApi, number: int, acknowledged: list[int]) -> None:
    """Make numbered commits, each of three files that belong together, one of them large."""
    while True:
        number += 1
        text = str(number).encode()
        files = {"one.txt": text, "two.txt": text, "large.bin": b"\0" + text * 100_000}
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        try:
            api.create_commit("lab/notes", operations, commit_message=f"Number {number}")
        except (HTTPError, OSError, RuntimeError):
            return
        acknowledged.append(number)


def check_whole(root: Path, acknowledged: int) -> int:
    """Check that no commit and no file is missing. Returns the newest commit's number."""
    repo = Store(root).repo("models", "lab/notes")
    head = repo.resolve("main")
    for commit in repo.history(head):
        for entry in commit.files.values():
            content = repo.objects.path(entry.sha256).read_bytes()
            assert (
                hashlib.sha256(content).hexdigest() == entry.sha256 and len(content) == entry.size
            )
    texts = {
        repo.objects.path(head.files[name].sha256).read_text() for name in ("one.txt", "two.txt")
    }
    [number] = map(int, texts)
    assert number in (acknowledged, acknowledged + 1) and head.title == f"Number {number}"
    assert head.files["large.bin"].size == 1 + 100_000 * len(str(number))
    titles = [commit.title for commit in repo.history(head)]
    assert titles[:-2] == [f"Number {one}" for one in range(number, 0, -1)]
    return number


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_hub_keeps_complete_and_acknowledged_commits(
    killable: Killable, kills: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    api = HfApi(endpoint=killable.url, token="any-token")
    api.create_repo("lab/notes")
    acknowledged = [0]
    api.upload_file(path_or_fileobj=b"0", path_in_repo="one.txt", repo_id="lab/notes")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    for kill in range(kills):
        writer = threading.Thread(
            target=write_until_it_dies, args=(api, acknowledged[-1], acknowledged)
        )
        writer.start()
        enough = len(acknowledged) + 1
        while len(acknowledged) < enough:
            time.sleep(0.005)
        time.sleep(random.Random(seed + kill).uniform(0, 0.3))
        killable.kill()
        writer.join()
        acknowledged.append(check_whole(killable.root, acknowledged[-1]))
        killable.start()
        assert api.model_info("lab/notes").sha and len(api.list_repo_files("lab/notes")) == 4


def test_only_one_of_two_concurrent_commits_with_same_parent_succeeds(hub: str) -> None:
    api = HfApi(endpoint=hub, token="any-token")
    api.create_repo("lab/notes")

    def attempt(parent: str, name: str) -> int:
        operations = [
            CommitOperationAdd("a.txt", name.encode()),
            CommitOperationAdd("b.txt", name.encode()),
        ]
        try:
            api.create_commit("lab/notes", operations, commit_message=name, parent_commit=parent)
        except HfHubHTTPError as error:
            return error.response.status_code
        return 200

    for turn in "12345":
        parent = api.model_info("lab/notes").sha
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(attempt, [parent] * 4, [name + turn for name in "wxyz"]))
        assert sorted(answers) == [200, 412, 412, 412]
        winner = "wxyz"[answers.index(200)] + turn
        urls = [f"{hub}/lab/notes/resolve/main/{name}.txt" for name in "ab"]
        assert [http.get(url).text for url in urls] == [winner, winner]


def test_concurrent_commits_without_parent_are_all_applied(hub: str) -> None:
    api = HfApi(endpoint=hub, token="any-token")
    api.create_repo("lab/notes")
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda number: api.upload_file(
                    path_or_fileobj=b"x", path_in_repo=f"{number}.txt", repo_id="lab/notes"
                ),
                range(12),
            )
        )
    assert (
        len(api.list_repo_files("lab/notes")) == 13
        and len(api.list_repo_commits("lab/notes")) == 13
    )


def test_only_one_of_two_concurrent_tags_or_repositories_of_same_name_is_created(hub: str) -> None:
    def status(path: str, body: dict) -> int:
        return http.post(f"{hub}{path}", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        body = {"name": "notes", "organization": "lab", "type": "model"}
        assert sorted(pool.map(lambda _: status("/api/repos/create", body), range(4))) == [
            200,
            409,
            409,
            409,
        ]
        tags = pool.map(lambda _: status("/api/models/lab/notes/tag/main", {"tag": "v1"}), range(4))
        assert sorted(tags) == [200, 409, 409, 409]


def test_interrupted_upload_leaves_no_file(hub: str, tmp_path: Path) -> None:
    api = HfApi(endpoint=hub, token="any-token")
    api.create_repo("lab/notes")
    oid = hashlib.sha256(b"whole").hexdigest()
    batch = http.post(
        f"{hub}/lab/notes.git/info/lfs/objects/batch", json={"objects": [{"oid": oid, "size": 5}]}
    )
    href = batch.json()["objects"][0]["actions"]["upload"]["href"].removeprefix(hub)
    line = b'{"key": "header", "value": {"summary": "s"}}\n'
    line += b'{"key": "file", "value": {"path": "a", "content": "Y'
    for target, body in ((f"PUT {href}", b"who"), ("POST /api/models/lab/notes/commit/main", line)):
        with socket.create_connection(("127.0.0.1", int(hub.rpartition(":")[2]))) as client:
            client.sendall(
                f"{target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n".encode()
                + body
            )
            client.shutdown(socket.SHUT_WR)
            client.recv(1)
    assert api.list_repo_files("lab/notes") == [".gitattributes"]
    assert len(list((tmp_path / "hub" / "repos").rglob("objects/*/*"))) == 1  # .gitattributes
    deadline = time.monotonic() + 10  # the server responds before it cleans up
    while list((tmp_path / "hub" / "tmp").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list((tmp_path / "hub" / "tmp").iterdir()) == []
    assert http.put(hub + href, content=b"whole").status_code == 200


def test_partial_uploads_of_killed_hub_are_deleted_at_start(tmp_path: Path) -> None:
    root = tmp_path / "hub"
    store = Store(root)
    (store.scratch / "half").write_bytes(os.urandom(10))
    store.create(store.repo("models", "lab/notes"), "ada", private=False)
    (store.repo("models", "lab/notes").path / "refs" / "heads" / ".new-half").write_bytes(
        b"half an o"
    )
    again = Store(root)
    assert [*again.scratch.iterdir(), *root.rglob(".new-*")] == []
    assert [repo.id for repo in again.repos("models")] == ["lab/notes"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/repos/create", b"{"),
        ("/api/repos/create", b"[]"),
        ("/api/repos/create", b"{}"),
        ("/api/models/lab/notes/commit/main", b"{}\n"),
        (
            "/api/models/lab/notes/commit/main",
            b'{"key": "file", "value": {"path": "a", "content": "YQ=="}}\n',
        ),
        ("/api/models/lab/notes/tag/main", b'{"tag": "../../up"}'),
        ("/api/models/lab/notes/preupload/main", b'{"files": [{"path": "a"}]}'),
        ("/lab/notes.git/info/lfs/objects/batch", b'{"objects": [{"oid": "../up", "size": 1}]}'),
    ],
)
def test_malformed_requests_are_refused(hub: str, path: str, body: bytes) -> None:
    HfApi(endpoint=hub, token="any-token").create_repo("lab/notes")
    assert http.post(hub + path, content=body).status_code == 400


def test_shard_that_does_not_match_upload_is_refused_and_upload_deleted(
    hub: str, tmp_path: Path
) -> None:
    HfApi(endpoint=hub, token="any-token").create_repo("lab/notes")
    entry = bytes(32) + (1 << 30).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(8)
    many = bytes(32) + (1 << 30).to_bytes(4, "little") + b"\xff" * 4 + bytes(8)
    for shard in (
        b"",
        bytes(48),
        bytes(48) + entry,
        bytes(48) + entry + bytes(48) * 2 + b"\xff" * 48,
        bytes(48) + many + bytes(96),
    ):
        token = http.get(f"{hub}/api/models/lab/notes/xet-write-token/main").json()
        headers = {"Authorization": f"Bearer {token['accessToken']}"}
        sent = http.post(f"{token['casUrl']}/v1/shards", content=shard, headers=headers)
        assert sent.status_code == 400
        again = http.post(f"{token['casUrl']}/v1/shards", content=shard, headers=headers)
        assert again.status_code == 404
    assert not [*(tmp_path / "hub" / "tmp").iterdir()]
