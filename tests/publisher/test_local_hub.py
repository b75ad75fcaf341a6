"""Every call of the Hub's protocol, made by huggingface_hub itself, on models, datasets and spaces."""

import json
import os
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, RepoCard, constants
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from tests.publisher import http

CARD = b"---\nlicense: mit\nsdk: gradio\npipeline_tag: token-classification\nlibrary_name: transformers\n---\nText\n"


@pytest.fixture(params=["model", "dataset", "space"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["lfs", "xet"])
def transfer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways in which huggingface_hub sends a large file."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", request.param == "lfs")
    return request.param


class Repo:
    """The API bound to one repository."""

    def __init__(self, endpoint: str, kind: str):
        self.api, self.id, self.kind = HfApi(endpoint=endpoint, token="any-token"), "lab/notes", kind
        sdk = "gradio" if kind == "space" else None
        self.url = self.api.create_repo(self.id, repo_type=kind, space_sdk=sdk)

    def __getattr__(self, name: str):
        return lambda *args, **kwargs: getattr(self.api, name)(self.id, *args, repo_type=self.kind, **kwargs)

    def commit(self, files: dict[str, bytes | Path], message: str = "Change", **kwargs):
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        return self.create_commit(operations, commit_message=message, **kwargs)

    def read(self, path: str, cache: Path, revision: str = "main") -> bytes:
        return Path(self.hf_hub_download(path, revision=revision, cache_dir=cache)).read_bytes()


@pytest.fixture
def repo(hub: str, kind: str) -> Repo:
    return Repo(hub, kind)


@pytest.fixture
def model(hub: str) -> Repo:
    return Repo(hub, "model")


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return error.value.response.status_code


def test_create_list_move_delete(repo: Repo, hub: str) -> None:
    assert str(repo.url) == f"{hub}/{'' if repo.kind == 'model' else repo.kind + 's/'}lab/notes"
    with pytest.raises(HfHubHTTPError) as conflict:
        repo.create_repo(space_sdk="gradio")
    assert status(conflict) == 409
    assert repo.create_repo(space_sdk="gradio", exist_ok=True) == repo.url
    listing = getattr(repo.api, f"list_{repo.kind}s")
    assert [one.id for one in listing(author="lab", search="NOTE")] == ["lab/notes"]
    assert [*listing(author="other")] == [*listing(search="absent")] == []
    repo.commit({"README.md": CARD}, "Add a card")
    repo.api.move_repo("lab/notes", "clinic/notes", repo_type=repo.kind)
    assert repo.api.list_repo_commits("clinic/notes", repo_type=repo.kind)[0].title == "Add a card"
    with pytest.raises(RepositoryNotFoundError):
        repo.repo_info()
    repo.api.delete_repo("clinic/notes", repo_type=repo.kind)
    assert [*listing()] == []
    repo.api.delete_repo("clinic/notes", repo_type=repo.kind, missing_ok=True)


def test_info_comes_from_the_card(repo: Repo) -> None:
    first = repo.repo_info()
    commit = repo.commit({"README.md": CARD, "weights.safetensors": b"\0" * 64})
    info = repo.repo_info(files_metadata=True)
    assert info.sha == commit.oid and info.created_at <= first.last_modified < info.last_modified
    assert info.card_data["license"] == "mit" and "license:mit" in info.tags and info.author == "lab"
    assert repo.repo_info(revision=first.sha).card_data is None
    weights = next(one for one in info.siblings if one.rfilename == "weights.safetensors")
    assert weights.size == weights.lfs["size"] == 64
    if repo.kind == "model":
        assert (info.pipeline_tag, info.library_name) == ("token-classification", "transformers")
    if repo.kind == "space":
        assert info.sdk == "gradio"


def test_a_commit_is_all_its_operations(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"a", "old/1.txt": b"1", "old/2.txt": b"2", "w.bin": b"\0w"})
    operations = [
        CommitOperationAdd("deep/b.txt", b"b"),
        CommitOperationDelete("old/", is_folder=True),
        CommitOperationDelete("a.txt"),
        CommitOperationCopy("w.bin", "copy.bin"),
    ]
    commit = repo.create_commit(operations, commit_message="Title", commit_description="Body", revision="main")
    assert sorted(repo.list_repo_files()) == [".gitattributes", "copy.bin", "deep/b.txt", "w.bin"]
    assert repo.read("copy.bin", tmp_path) == b"\0w"
    newest = repo.list_repo_commits()[0]
    assert (newest.commit_id, newest.title, newest.message, newest.authors) == (commit.oid, "Title", "Body", ["local"])


def test_a_commit_with_a_bad_operation_changes_nothing(model: Repo) -> None:
    head = model.repo_info().sha
    with pytest.raises(RemoteEntryNotFoundError):
        model.create_commit(
            [CommitOperationAdd("new.txt", b"n"), CommitOperationDelete("absent.txt")], commit_message="Half"
        )
    assert model.repo_info().sha == head


def test_the_same_commit_twice_is_one(model: Repo) -> None:
    """A client that did not hear of its success may send everything again."""
    first = model.commit({"a.txt": b"a"})
    answer = http.post(
        f"{model.api.endpoint}/api/models/lab/notes/commit/main",
        content=b'{"key": "header", "value": {"summary": "again"}}\n'
        b'{"key": "file", "value": {"path": "a.txt", "content": "YQ==", "encoding": "base64"}}\n',
    )
    assert answer.json()["commitOid"] == first.oid and len(model.list_repo_commits()) == 2


def test_a_stale_parent_is_refused(repo: Repo) -> None:
    head = repo.repo_info().sha
    repo.commit({"a.txt": b"1"}, parent_commit=head)
    with pytest.raises(HfHubHTTPError) as stale:
        repo.commit({"a.txt": b"2"}, parent_commit=head)
    assert status(stale) == 412


@pytest.mark.parametrize("size", [400_000, pytest.param(20_000_000, marks=pytest.mark.slow)])
def test_large_files(repo: Repo, tmp_path: Path, transfer: str, size: int) -> None:
    """By path and by bytes, as LFS and as Xet sends them, back byte for byte; then only what changed travels."""
    content = os.urandom(size // 2) + b"0123456789abcdef" * (size // 32)
    (tmp_path / "large.bin").write_bytes(content)
    repo.commit({"large.bin": tmp_path / "large.bin", "shard.parquet": content[:1000], "empty.bin": b""})
    assert repo.read("large.bin", tmp_path) == content
    assert repo.read("shard.parquet", tmp_path) == content[:1000]
    assert repo.read("empty.bin", tmp_path) == b""
    [item] = repo.get_paths_info("large.bin")
    assert item.lfs.size == item.size == size and item.lfs.pointer_size > 100
    head = repo.repo_info().sha
    unchanged = repo.create_commit([CommitOperationAdd("large.bin", tmp_path / "large.bin")], commit_message="Same")
    assert unchanged.oid == head


def test_xet_restores_every_packing(model: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise is sent as it is, text compressed, floats grouped by byte; and a file may share chunks with another."""
    numpy = pytest.importorskip("numpy")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    floats = numpy.random.default_rng(0).normal(size=700_003).astype("float32").tobytes() + b"end"
    noise = os.urandom(1_000_000)
    files = {"floats.bin": floats, "text.gz": b"a line\n" * 90_000, "noise.bin": noise, "both.bin": noise + floats}
    model.commit(files)
    assert {path: model.read(path, tmp_path) for path in files} == files


def test_tree_and_paths(repo: Repo) -> None:
    first = repo.commit({"README.md": CARD, "data/train/0.parquet": b"\0", "data/test.txt": b"t"}, "First")
    second = repo.commit({"data/test.txt": b"T"}, "Second")
    top = {item.path: item for item in repo.list_repo_tree()}
    assert set(top) == {".gitattributes", "README.md", "data"} and isinstance(top["data"], RepoFolder)
    below = {item.path: item for item in repo.list_repo_tree("data", recursive=True, expand=True)}
    assert set(below) == {"data/test.txt", "data/train", "data/train/0.parquet"}
    assert below["data/test.txt"].last_commit.oid == second.oid
    assert below["data/train"].last_commit.title == below["data/train/0.parquet"].last_commit.title == "First"
    old = {item.path: item for item in repo.list_repo_tree(revision=first.oid)}
    assert old["data"].tree_id != top["data"].tree_id
    infos = repo.get_paths_info(["data", "README.md", "absent"], expand=True)
    assert {type(info) for info in infos} == {RepoFile, RepoFolder} and len(infos) == 2
    assert {info.path: info.last_commit.title for info in infos} == {"data": "Second", "README.md": "First"}
    for missing in ("absent", "README.md", "dat"):
        with pytest.raises(RemoteEntryNotFoundError):
            list(repo.list_repo_tree(missing))


def test_long_listings_come_in_pages(model: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.local_hub.files.FILES_A_PAGE", 10)
    monkeypatch.setattr("publisher.local_hub.files.EXPANDED_FILES_A_PAGE", 4)
    monkeypatch.setattr("publisher.local_hub.refs.COMMITS_A_PAGE", 2)
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


def test_branches_and_tags(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit({"a.txt": b"1"})
    repo.create_tag(tag="v1.0.0", tag_message="The first")
    repo.create_branch(branch="dev/x", revision="v1.0.0")
    repo.commit({"a.txt": b"2"}, revision="dev/x")
    refs = repo.list_repo_refs()
    assert {ref.name: ref.ref for ref in refs.branches} == {"main": "refs/heads/main", "dev/x": "refs/heads/dev/x"}
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [("v1.0.0", first.oid)]
    assert repo.read("a.txt", tmp_path, "dev/x") == b"2" and repo.read("a.txt", tmp_path, "v1.0.0") == b"1"
    for again in (lambda: repo.create_tag(tag="v1.0.0"), lambda: repo.create_branch(branch="dev/x")):
        with pytest.raises(HfHubHTTPError) as conflict:
            again()
        assert status(conflict) == 409
    with pytest.raises(RevisionNotFoundError):
        repo.create_tag(tag="v2", revision="absent")
    with pytest.raises(BadRequestError):
        repo.commit({"a.txt": b"3"}, revision="v1.0.0")
    with pytest.raises(BadRequestError):
        repo.create_branch(branch="refs/pr/7")
    with pytest.raises(HfHubHTTPError):
        repo.delete_branch(branch="main")
    repo.delete_branch(branch="dev/x")
    repo.delete_tag(tag="v1.0.0")
    with pytest.raises(RevisionNotFoundError):
        repo.delete_tag(tag="v1.0.0")
    assert [ref.name for ref in repo.list_repo_refs().branches] == ["main"]


def test_squash_keeps_the_files_and_the_tags(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1"})
    repo.create_tag(tag="v1")
    repo.commit({"a.txt": b"2"})
    repo.super_squash_history(commit_message="One")
    assert [commit.title for commit in repo.list_repo_commits()] == ["One"]
    assert repo.read("a.txt", tmp_path) == b"2" and repo.read("a.txt", tmp_path, "v1") == b"1"


def test_pull_requests(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1", "b.txt": b"1"})
    pull = repo.create_commit(
        [CommitOperationAdd("a.txt", b"2"), CommitOperationDelete("b.txt")], commit_message="Propose", create_pr=True
    )
    assert (pull.pr_num, pull.pr_revision) == (1, "refs/pr/1") and repo.read("a.txt", tmp_path) == b"1"
    repo.commit({"c.txt": b"3"}, revision=pull.pr_revision)
    assert "c.txt" in repo.list_repo_files(revision="refs/pr/1")
    assert [ref.ref for ref in repo.list_repo_refs(include_pull_requests=True).pull_requests] == ["refs/pr/1"]
    repo.commit({"d.txt": b"4"}, "Meanwhile")
    repo.merge_pull_request(1)
    assert sorted(repo.list_repo_files()) == [".gitattributes", "a.txt", "c.txt", "d.txt"]
    details = repo.get_discussion_details(1)
    assert (details.status, details.merge_commit_oid) == ("merged", repo.repo_info().sha)
    with pytest.raises(HfHubHTTPError):
        repo.merge_pull_request(1)


def test_a_folder_becomes_a_pull_request_and_conflicts_are_not_merged(model: Repo, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("theirs")
    pull = model.api.upload_folder(repo_id="lab/notes", folder_path=tmp_path, create_pr=True)
    # The client opens a draft and commits to it, or commits once with create_pr: it decides by how fast it goes.
    assert model.get_discussion_details(pull.pr_num).status in ("draft", "open")
    model.commit({"a.txt": b"ours"})
    with pytest.raises(HfHubHTTPError) as conflict:
        model.merge_pull_request(pull.pr_num)
    assert status(conflict) == 409 and "a.txt" in str(conflict.value)


def test_files_are_found_or_the_right_thing_is_missing(repo: Repo, tmp_path: Path) -> None:
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


def test_ranges_and_heads(repo: Repo) -> None:
    repo.commit({"a.txt": b"0123456789", "b.bin": b"\0" + b"123456789"})
    base = f"{repo.url}/resolve/main"
    head = http.head(f"{base}/a.txt")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    assert head.headers["x-repo-commit"] == repo.repo_info().sha
    for name, tail in (("a.txt", b"789"), ("b.bin", b"789")):
        part = http.get(f"{base}/{name}", headers={"Range": "bytes=7-"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, tail, "bytes 7-9/10")
    large = http.head(f"{base}/b.bin")
    [item] = repo.get_paths_info("b.bin")
    assert large.headers["x-linked-etag"] == large.headers["etag"] == f'"{item.lfs.sha256}"'
    assert large.headers["x-linked-size"] == "10"
    assert http.get(f"{base}/a.txt", headers={"Range": "bytes=99-"}).status_code == 416


def test_snapshot_takes_one_revision(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1", "data/b.bin": b"\0b"})
    repo.create_tag(tag="v1")
    repo.commit({"a.txt": b"2"})
    folder = Path(repo.snapshot_download(revision="v1", cache_dir=tmp_path))
    assert (folder / "a.txt").read_bytes() == b"1" and (folder / "data/b.bin").read_bytes() == b"\0b"


def test_card_validation(model: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", model.api.endpoint)
    RepoCard("---\nlicense: mit\ntags:\n- a\n---\ntext").validate(repo_type="model")
    for wrong in ("tags:\n- a: 1", "tags: [", "- a\n- b"):
        with pytest.raises(ValueError, match="Invalid metadata"):
            model.commit({"README.md": f"---\n{wrong}\n---\ntext".encode()})
    with pytest.raises(ValueError, match="sdk"):
        RepoCard("---\nsdk: none\n---\n").validate(repo_type="space")


def test_settings_and_access_check(repo: Repo) -> None:
    assert repo.repo_info().private is False
    repo.update_repo_settings(visibility="private")
    assert repo.repo_info().private is True
    repo.update_repo_settings(gated="auto")
    assert repo.repo_info().gated == "auto" and repo.repo_info().private is True
    repo.auth_check()


def test_collections(hub: str) -> None:
    api = HfApi(endpoint=hub, token="any-token")
    made = api.create_collection("Released corpora", description="All", private=True)
    assert made.slug.startswith("local/released-corpora-") and made.private
    with pytest.raises(HfHubHTTPError):
        api.create_collection("Released corpora")
    api.add_collection_item(made.slug, "lab/ner", "dataset", note="v1.0.0")
    filled = api.add_collection_item(made.slug, "lab/encoder", "model")
    assert api.add_collection_item(made.slug, "lab/ner", "dataset", exists_ok=True).items == filled.items
    api.update_collection_item(made.slug, filled.items[1].item_object_id, note="v1.0.1")
    found = api.get_collection(made.slug)
    assert [(item.item_id, item.note, item.position) for item in found.items] == [
        ("lab/ner", "v1.0.0", 0), ("lab/encoder", "v1.0.1", 1)
    ]  # fmt: skip
    assert api.create_collection("Released corpora", exists_ok=True).items == found.items
    for slug, item in ((made.slug, "0" * 24), ("local/absent-0", found.items[0].item_object_id)):
        with pytest.raises(HfHubHTTPError):
            api.update_collection_item(slug, item, note="v9")


@pytest.mark.parametrize("path", ["../up.txt", "a/../../up.txt", "/abs.txt", "a//b", ".git/config", "a\\b", "a\nb", ""])
def test_paths_that_leave_the_folder_are_refused(model: Repo, path: str) -> None:
    line = '{"key": "file", "value": {"path": %s, "content": "YQ==", "encoding": "base64"}}\n'
    answer = http.post(
        f"{model.api.endpoint}/api/models/lab/notes/commit/main",
        content='{"key": "header", "value": {"summary": "s"}}\n' + line % json.dumps(path),
    )
    assert answer.status_code == 400 and model.list_repo_files() == [".gitattributes"]


def test_a_path_is_a_file_or_a_folder(model: Repo) -> None:
    model.commit({"a": b"file"})
    with pytest.raises(BadRequestError):
        model.commit({"a/b.txt": b"in a file"})


@pytest.mark.parametrize("name", ["..", "lab/..", "../..", "lab/a--b", "lab/x.git", "api/x", "lab/-x", "lab/a b"])
def test_names_that_are_no_names_are_refused(hub: str, name: str) -> None:
    organization, _, last = name.rpartition("/")
    body = {"organization": organization or "lab", "name": last, "type": "model"}
    assert http.post(f"{hub}/api/repos/create", json=body).status_code == 404
