"""huggingface_hub against the local Hub: repositories, commits, refs, pull requests."""

from pathlib import Path

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    RepoCard,
    constants,
)
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub import http
from tests.hub.bound import CARD, Repo


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return error.value.response.status_code


def test_create_list_move_and_delete_repository(repo: Repo, hub: str) -> None:
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


def test_repo_info_is_read_from_card(repo: Repo) -> None:
    first = repo.repo_info()
    commit = repo.commit({"README.md": CARD, "weights.safetensors": b"\0" * 64})
    info = repo.repo_info(files_metadata=True)
    assert info.sha == commit.oid and info.created_at <= first.last_modified < info.last_modified
    assert (
        info.card_data["license"] == "mit" and "license:mit" in info.tags and info.author == "lab"
    )
    assert repo.repo_info(revision=first.sha).card_data is None
    weights = next(one for one in info.siblings if one.rfilename == "weights.safetensors")
    assert weights.size == weights.lfs["size"] == 64
    if repo.kind == "model":
        assert (info.pipeline_tag, info.library_name) == ("token-classification", "transformers")
    if repo.kind == "space":
        assert info.sdk == "gradio"


def test_commit_applies_all_operations(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"a", "old/1.txt": b"1", "old/2.txt": b"2", "w.bin": b"\0w"})
    operations = [
        CommitOperationAdd("deep/b.txt", b"b"),
        CommitOperationDelete("old/", is_folder=True),
        CommitOperationDelete("a.txt"),
        CommitOperationCopy("w.bin", "copy.bin"),
    ]
    commit = repo.create_commit(
        operations, commit_message="Title", commit_description="Body", revision="main"
    )
    assert sorted(repo.list_repo_files()) == [".gitattributes", "copy.bin", "deep/b.txt", "w.bin"]
    assert repo.read("copy.bin", tmp_path) == b"\0w"
    newest = repo.list_repo_commits()[0]
    assert (newest.commit_id, newest.title, newest.message, newest.authors) == (
        commit.oid,
        "Title",
        "Body",
        ["local"],
    )


def test_commit_with_a_bad_operation_changes_nothing(model: Repo) -> None:
    head = model.repo_info().sha
    with pytest.raises(RemoteEntryNotFoundError):
        model.create_commit(
            [CommitOperationAdd("new.txt", b"n"), CommitOperationDelete("absent.txt")],
            commit_message="Half",
        )
    assert model.repo_info().sha == head


def test_repeated_commit_is_applied_once(model: Repo) -> None:
    """A client that received no response may repeat the commit."""
    first = model.commit({"a.txt": b"a"})
    answer = http.post(
        f"{model.api.endpoint}/api/models/lab/notes/commit/main",
        content=b'{"key": "header", "value": {"summary": "again"}}\n'
        b'{"key": "file", "value": {"path": "a.txt", "content": "YQ==", "encoding": "base64"}}\n',
    )
    assert answer.json()["commitOid"] == first.oid and len(model.list_repo_commits()) == 2


def test_stale_parent_is_refused(repo: Repo) -> None:
    head = repo.repo_info().sha
    repo.commit({"a.txt": b"1"}, parent_commit=head)
    with pytest.raises(HfHubHTTPError) as stale:
        repo.commit({"a.txt": b"2"}, parent_commit=head)
    assert status(stale) == 412


def test_branches_and_tags(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit({"a.txt": b"1"})
    repo.create_tag(tag="v1.0.0", tag_message="The first")
    repo.create_branch(branch="dev/x", revision="v1.0.0")
    repo.commit({"a.txt": b"2"}, revision="dev/x")
    refs = repo.list_repo_refs()
    assert {ref.name: ref.ref for ref in refs.branches} == {
        "main": "refs/heads/main",
        "dev/x": "refs/heads/dev/x",
    }
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [("v1.0.0", first.oid)]
    assert (
        repo.read("a.txt", tmp_path, "dev/x") == b"2"
        and repo.read("a.txt", tmp_path, "v1.0.0") == b"1"
    )
    for again in (
        lambda: repo.create_tag(tag="v1.0.0"),
        lambda: repo.create_branch(branch="dev/x"),
    ):
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


def test_squash_keeps_files_and_tags(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1"})
    repo.create_tag(tag="v1")
    repo.commit({"a.txt": b"2"})
    repo.super_squash_history(commit_message="One")
    assert [commit.title for commit in repo.list_repo_commits()] == ["One"]
    assert repo.read("a.txt", tmp_path) == b"2" and repo.read("a.txt", tmp_path, "v1") == b"1"


def test_pull_requests(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.txt": b"1", "b.txt": b"1"})
    pull = repo.create_commit(
        [CommitOperationAdd("a.txt", b"2"), CommitOperationDelete("b.txt")],
        commit_message="Propose",
        create_pr=True,
    )
    assert (pull.pr_num, pull.pr_revision) == (1, "refs/pr/1") and repo.read(
        "a.txt", tmp_path
    ) == b"1"
    repo.commit({"c.txt": b"3"}, revision=pull.pr_revision)
    assert "c.txt" in repo.list_repo_files(revision="refs/pr/1")
    assert [ref.ref for ref in repo.list_repo_refs(include_pull_requests=True).pull_requests] == [
        "refs/pr/1"
    ]
    repo.commit({"d.txt": b"4"}, "Meanwhile")
    repo.merge_pull_request(1)
    assert sorted(repo.list_repo_files()) == [".gitattributes", "a.txt", "c.txt", "d.txt"]
    details = repo.get_discussion_details(1)
    assert (details.status, details.merge_commit_oid) == ("merged", repo.repo_info().sha)
    with pytest.raises(HfHubHTTPError):
        repo.merge_pull_request(1)


def test_folder_upload_opens_pull_request_and_conflicts_are_not_merged(
    model: Repo, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("theirs")
    pull = model.api.upload_folder(repo_id="lab/notes", folder_path=tmp_path, create_pr=True)
    # Depending on its speed, the client opens a draft and commits to it, or commits once with
    # create_pr.
    assert model.get_discussion_details(pull.pr_num).status in ("draft", "open")
    model.commit({"a.txt": b"ours"})
    with pytest.raises(HfHubHTTPError) as conflict:
        model.merge_pull_request(pull.pr_num)
    assert status(conflict) == 409 and "a.txt" in str(conflict.value)


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
    assert (
        api.add_collection_item(made.slug, "lab/ner", "dataset", exists_ok=True).items
        == filled.items
    )
    api.update_collection_item(made.slug, filled.items[1].item_object_id, note="v1.0.1")
    found = api.get_collection(made.slug)
    assert [(item.item_id, item.note, item.position) for item in found.items] == [
        ("lab/ner", "v1.0.0", 0),
        ("lab/encoder", "v1.0.1", 1),
    ]
    assert api.create_collection("Released corpora", exists_ok=True).items == found.items
    for slug, item in ((made.slug, "0" * 24), ("local/absent-0", found.items[0].item_object_id)):
        with pytest.raises(HfHubHTTPError):
            api.update_collection_item(slug, item, note="v9")


@pytest.mark.parametrize(
    "name", ["..", "lab/..", "../..", "lab/a--b", "lab/x.git", "api/x", "lab/-x", "lab/a b"]
)
def test_invalid_names_are_refused(hub: str, name: str) -> None:
    organization, _, last = name.rpartition("/")
    body = {"organization": organization or "lab", "name": last, "type": "model"}
    assert http.post(f"{hub}/api/repos/create", json=body).status_code == 404
