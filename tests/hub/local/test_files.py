"""Files as huggingface_hub sends, lists and reads them: large ones, folders, pages, ranges."""

import json
import os
from hashlib import sha1
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, constants
from huggingface_hub.errors import (
    BadRequestError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from corpusmith.hub.local.files import below, items
from corpusmith.hub.local.objects import CommitFile
from corpusmith.hub.local.repository import Commit
from tests.hub import http
from tests.hub.bound import CARD, Repo


@pytest.fixture(params=["lfs", "xet"])
def transfer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways in which huggingface_hub sends a large file."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", request.param == "lfs")
    return request.param


@pytest.mark.parametrize("size", [400_000, pytest.param(20_000_000, marks=pytest.mark.slow)])
def test_large_files_round_trip(repo: Repo, tmp_path: Path, transfer: str, size: int) -> None:
    """Files sent by path or as bytes, over LFS or Xet, are read back unchanged. A second upload
    sends only the changes.
    """
    content = os.urandom(size // 2) + b"0123456789abcdef" * (size // 32)
    (tmp_path / "large.bin").write_bytes(content)
    repo.commit(
        {"large.bin": tmp_path / "large.bin", "shard.parquet": content[:1000], "empty.bin": b""}
    )
    assert repo.read("large.bin", tmp_path) == content
    assert repo.read("shard.parquet", tmp_path) == content[:1000]
    assert repo.read("empty.bin", tmp_path) == b""
    [item] = repo.get_paths_info("large.bin")
    assert item.lfs.size == item.size == size and item.lfs.pointer_size > 100
    head = repo.repo_info().sha
    unchanged = repo.create_commit(
        [CommitOperationAdd("large.bin", tmp_path / "large.bin")], commit_message="Same"
    )
    assert unchanged.oid == head


def test_xet_round_trip_of_every_compression(
    model: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Xet sends noise uncompressed, text compressed and floats grouped by byte. Two files may
    share chunks.
    """
    numpy = pytest.importorskip("numpy")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    floats = numpy.random.default_rng(0).normal(size=700_003).astype("float32").tobytes() + b"end"
    noise = os.urandom(1_000_000)
    files = {
        "floats.bin": floats,
        "text.gz": b"a line\n" * 90_000,
        "noise.bin": noise,
        "both.bin": noise + floats,
    }
    model.commit(files)
    assert {path: model.read(path, tmp_path) for path in files} == files


def test_tree_and_paths(repo: Repo) -> None:
    first = repo.commit(
        {"README.md": CARD, "data/train/0.parquet": b"\0", "data/test.txt": b"t"}, "First"
    )
    second = repo.commit({"data/test.txt": b"T"}, "Second")
    top = {item.path: item for item in repo.list_repo_tree()}
    assert set(top) == {".gitattributes", "README.md", "data"} and isinstance(
        top["data"], RepoFolder
    )
    below = {item.path: item for item in repo.list_repo_tree("data", recursive=True, expand=True)}
    assert set(below) == {"data/test.txt", "data/train", "data/train/0.parquet"}
    assert below["data/test.txt"].last_commit.oid == second.oid
    assert (
        below["data/train"].last_commit.title
        == below["data/train/0.parquet"].last_commit.title
        == "First"
    )
    old = {item.path: item for item in repo.list_repo_tree(revision=first.oid)}
    assert old["data"].tree_id != top["data"].tree_id
    infos = repo.get_paths_info(["data", "README.md", "absent"], expand=True)
    assert {type(info) for info in infos} == {RepoFile, RepoFolder} and len(infos) == 2
    assert {info.path: info.last_commit.title for info in infos} == {
        "data": "Second",
        "README.md": "First",
    }
    for missing in ("absent", "README.md", "dat"):
        with pytest.raises(RemoteEntryNotFoundError):
            list(repo.list_repo_tree(missing))


class Walked(dict[str, CommitFile]):
    """The files of a commit; counts how often all of them are gone through."""

    walks = 0

    def items(self):
        self.walks += 1
        return super().items()


def test_listing_goes_through_the_files_once_whatever_the_number_of_folders() -> None:
    files = Walked({f"a{n % 7}/b{n}/c.txt": CommitFile(f"{n}", n, f"{n}") for n in range(300)})
    commit = Commit("0" * 40, None, "", "", "", "", files)
    listed = items(commit, "", recursive=True)
    assert files.walks == 1 and len(listed) == 7 + 300 + 300
    oids = {one["path"]: one["oid"] for one in listed}
    for folder in ("a3", "a3/b3"):
        assert oids[folder] == sha1(repr(below(commit, folder)).encode()).hexdigest()


def test_long_listings_come_in_pages(model: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpusmith.hub.local.files.FILES_A_PAGE", 10)
    monkeypatch.setattr("corpusmith.hub.local.files.EXPANDED_FILES_A_PAGE", 4)
    monkeypatch.setattr("corpusmith.hub.local.refs.COMMITS_A_PAGE", 2)
    model.commit({f"many/{number:02}.txt": b"same" for number in range(25)})
    page = http.get(f"{model.api.endpoint}/api/models/lab/notes/tree/main/many")
    assert len(page.json()) == 10 and 'rel="next"' in page.headers["link"]
    for expand in (False, True):
        listed = [item.path for item in model.list_repo_tree("many", expand=expand)]
        assert listed == [f"many/{number:02}.txt" for number in range(25)]
    for number in range(4):
        model.commit({"counter.txt": str(number).encode()}, f"Count {number}")
    titles = [commit.title for commit in model.list_repo_commits()]
    assert titles == ["Count 3", "Count 2", "Count 1", "Count 0", "Change", "initial commit"]


def test_missing_file_revision_and_repository_raise_their_own_errors(
    repo: Repo, tmp_path: Path
) -> None:
    with pytest.raises(RemoteEntryNotFoundError) as missing:
        repo.read("absent.txt", tmp_path)
    assert missing.value.response.headers["x-repo-commit"] == repo.repo_info().sha
    with pytest.raises(RevisionNotFoundError):
        repo.read("a.txt", tmp_path, "absent")
    for absent in ("lab/absent", "absent"):
        with pytest.raises(RepositoryNotFoundError):
            repo.api.repo_info(absent, repo_type=repo.kind)
        with pytest.raises(RepositoryNotFoundError):
            repo.api.hf_hub_download(absent, "a.txt", repo_type=repo.kind, cache_dir=tmp_path)


def test_range_and_head_requests(repo: Repo) -> None:
    repo.commit({"a.txt": b"0123456789", "b.bin": b"\0" + b"123456789"})
    base = f"{repo.url}/resolve/main"
    head = http.head(f"{base}/a.txt")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    assert head.headers["x-repo-commit"] == repo.repo_info().sha
    for name, tail in (("a.txt", b"789"), ("b.bin", b"789")):
        part = http.get(f"{base}/{name}", headers={"Range": "bytes=7-"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (
            206,
            tail,
            "bytes 7-9/10",
        )
    large = http.head(f"{base}/b.bin")
    [item] = repo.get_paths_info("b.bin")
    assert large.headers["x-linked-etag"] == large.headers["etag"] == f'"{item.lfs.sha256}"'
    assert large.headers["x-linked-size"] == "10"
    assert http.get(f"{base}/a.txt", headers={"Range": "bytes=99-"}).status_code == 416


def test_snapshot_download_uses_one_revision(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1", "data/b.bin": b"\0b"})
    repo.create_tag(tag="v1")
    repo.commit({"a.txt": b"2"})
    folder = Path(repo.snapshot_download(revision="v1", cache_dir=tmp_path))
    assert (folder / "a.txt").read_bytes() == b"1" and (
        folder / "data/b.bin"
    ).read_bytes() == b"\0b"


@pytest.mark.parametrize(
    "path", ["../up.txt", "a/../../up.txt", "/abs.txt", "a//b", ".git/config", "a\\b", "a\nb", ""]
)
def test_paths_that_leave_the_folder_are_refused(model: Repo, path: str) -> None:
    line = '{"key": "file", "value": {"path": %s, "content": "YQ==", "encoding": "base64"}}\n'
    answer = http.post(
        f"{model.api.endpoint}/api/models/lab/notes/commit/main",
        content='{"key": "header", "value": {"summary": "s"}}\n' + line % json.dumps(path),
    )
    assert answer.status_code == 400 and model.list_repo_files() == [".gitattributes"]


def test_path_cannot_be_both_file_and_folder(model: Repo) -> None:
    model.commit({"a": b"file"})
    with pytest.raises(BadRequestError):
        model.commit({"a/b.txt": b"in a file"})
