"""Copy a repo with its history from one loopback Hub to another."""

from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from starlette.responses import JSONResponse

from corpusmith.errors import UserError
from corpusmith.hub.repo import HubTarget
from corpusmith.hub.transfer import lift

STATES = {
    "v1.0.0": {"README.md": b"# One", "data/0.parquet": b"\0rows", "old.txt": b"old"},
    "v1.0.1": {"README.md": b"# Two", "data/0.parquet": b"\0rows", "old.txt": b"old"},
    "v2.0.0": {"README.md": b"# Two", "data/0.parquet": b"\0more rows"},
}


@pytest.fixture
def source(hub: str) -> HfApi:
    """A hub with one dataset of three releases."""
    api, standing = HfApi(endpoint=hub, token="any-token"), {}
    api.create_repo("lab/ner", repo_type="dataset")
    for version, files in STATES.items():
        release(api, version, standing, files)
        standing = files
    return api


def release(api: HfApi, version: str, before: dict, files: dict) -> None:
    operations = [
        CommitOperationAdd(path, files[path]) for path in files if before.get(path) != files[path]
    ]
    operations += [CommitOperationDelete(path) for path in before if path not in files]
    api.create_commit(
        "lab/ner",
        operations,
        commit_message=f"Release {version}",
        commit_description="Why",
        repo_type="dataset",
    )
    api.create_tag("lab/ner", tag=version, repo_type="dataset")


class Fails:
    """Middleware that answers 500 to commits after the first `allowed`."""

    def __init__(self, app, allowed: int):
        self.app, self.allowed = app, allowed

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and "/commit/" in scope["path"]:
            self.allowed -= 1
            if self.allowed < 0:
                return await JSONResponse({"error": "down"}, 500)(scope, receive, send)
        await self.app(scope, receive, send)


@pytest.fixture
def target(loopback, tmp_path: Path):
    """A second hub that accepts a number of commits and then fails."""
    from corpusmith.hub.local import application

    return loopback(lambda _: Fails(application(tmp_path / "target"), 1000))


def contents(api: HfApi, revision: str, repo_id: str = "lab/ner") -> dict[str, bytes]:
    paths = [
        path
        for path in api.list_repo_files(repo_id, repo_type="dataset", revision=revision)
        if path[0] != "."
    ]
    get = api.hf_hub_download
    return {
        path: Path(get(repo_id, path, repo_type="dataset", revision=revision)).read_bytes()
        for path in paths
    }


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def test_history_and_tags_are_copied(source: HfApi, target) -> None:
    done = lift(
        "dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url)
    )
    assert (done.tags, done.left) == (("v1.0.0", "v1.0.1", "v2.0.0"), ())
    api = HfApi(endpoint=target.url)
    assert api.dataset_info("lab/ner").private
    assert {version: contents(api, version) for version in STATES} == STATES
    commits = api.list_repo_commits("lab/ner", repo_type="dataset")
    assert [commit.title for commit in commits] == [
        f"Release {version}" for version in reversed(STATES)
    ] + ["initial commit"]
    origin = source.dataset_info("lab/ner").sha
    assert (
        commits[0].message.startswith("Why\n\nLifted from commit " + origin)
        and "by local" in commits[0].message
    )


def test_second_transfer_copies_only_new_commits(source: HfApi, target) -> None:
    lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    api = HfApi(endpoint=target.url)
    before = api.list_repo_commits("lab/ner", repo_type="dataset")
    lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    assert api.list_repo_commits("lab/ner", repo_type="dataset") == before
    release(source, "v2.1.0", STATES["v2.0.0"], STATES["v1.0.0"])
    assert (
        lift(
            "dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url)
        ).tags[-1]
        == "v2.1.0"
    )
    assert len(api.list_repo_commits("lab/ner", repo_type="dataset")) == len(before) + 1
    assert contents(api, "main") == STATES["v1.0.0"]


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_interrupted_transfer_resumes(source: HfApi, target, allowed: int, impatient: None) -> None:
    target.app.allowed = allowed
    with pytest.raises(UserError, match="failed"):
        lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    api = HfApi(endpoint=target.url)
    assert len(api.list_repo_commits("lab/ner", repo_type="dataset")) == 1 + allowed
    target.app.allowed = 1000
    lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    assert {version: contents(api, version) for version in STATES} == STATES
    assert len(api.list_repo_commits("lab/ner", repo_type="dataset")) == 4


def test_private_transfer_becomes_public_on_request(source: HfApi, target) -> None:
    api = HfApi(endpoint=target.url)
    lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    assert api.dataset_info("lab/ner").private
    lift(
        "dataset",
        "lab/ner",
        source=HubTarget(source.endpoint),
        target=HubTarget(target.url, private=False),
    )
    assert not api.dataset_info("lab/ner").private


def test_commits_of_others_are_not_overwritten(source: HfApi, target) -> None:
    api = HfApi(endpoint=target.url)
    api.create_repo("lab/ner", repo_type="dataset")
    api.upload_file(
        path_or_fileobj=b"theirs", path_in_repo="a.txt", repo_id="lab/ner", repo_type="dataset"
    )
    with pytest.raises(UserError, match="not lifted"):
        lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    assert contents(api, "main") == {"a.txt": b"theirs"}
    done = lift(
        "dataset",
        "lab/ner",
        source=HubTarget(source.endpoint),
        target=HubTarget(target.url, private=False),
        as_id="lab/other",
    )
    assert (
        done.url == f"{target.url}/datasets/lab/other" and not api.dataset_info("lab/other").private
    )
    assert contents(api, "main", "lab/other") == STATES["v2.0.0"]


def test_commit_by_others_stops_transfer(source: HfApi, target) -> None:
    lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    api = HfApi(endpoint=target.url)
    api.upload_file(
        path_or_fileobj=b"theirs", path_in_repo="a.txt", repo_id="lab/ner", repo_type="dataset"
    )
    release(source, "v2.1.0", STATES["v2.0.0"], STATES["v1.0.0"])
    with pytest.raises(UserError, match="not lifted"):
        lift("dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url))
    assert contents(api, "main") == STATES["v2.0.0"] | {"a.txt": b"theirs"}


def test_tag_off_main_is_reported_and_not_copied(source: HfApi, target) -> None:
    source.create_branch("lab/ner", branch="dev", repo_type="dataset")
    source.upload_file(
        path_or_fileobj=b"x",
        path_in_repo="x",
        repo_id="lab/ner",
        repo_type="dataset",
        revision="dev",
    )
    source.create_tag("lab/ner", tag="v9", revision="dev", repo_type="dataset")
    assert lift(
        "dataset", "lab/ner", source=HubTarget(source.endpoint), target=HubTarget(target.url)
    ).left == ("v9",)


def test_missing_repo_is_reported(source: HfApi, target) -> None:
    with pytest.raises(UserError, match="no dataset lab/absent"):
        lift(
            "dataset", "lab/absent", source=HubTarget(source.endpoint), target=HubTarget(target.url)
        )


def test_cards_use_the_new_repo_names(hub: str, target, tmp_path: Path, write) -> None:
    from corpusmith.hub.publish import About, publish

    write_corpus, write_model = write
    publish("dataset", write_corpus(tmp_path / "c"), "onc/ner", target=HubTarget(hub))
    about = About(dataset="onc/ner@v0.1.0")
    publish("model", write_model(tmp_path / "m"), "onc/student", about=about, target=HubTarget(hub))
    ends = {"source": HubTarget(hub), "target": HubTarget(target.url)}
    kept = lift("model", "onc/student", as_id="you/draft", **ends)
    assert kept.old_names == ("onc/ner",)
    done = lift("model", "onc/student", as_id="you/student", renames={"onc/ner": "you/ner"}, **ends)
    assert done.old_names == ()
    lift("dataset", "onc/ner", as_id="you/ner", **ends)
    api = HfApi(endpoint=target.url)
    for repo_id, kind in (("you/student", "model"), ("you/ner", "dataset")):
        card = Path(api.hf_hub_download(repo_id, "README.md", repo_type=kind)).read_text()
        assert "onc/" not in card and repo_id in card
    again = lift(
        "model", "onc/student", as_id="you/student", renames={"onc/ner": "you/ner"}, **ends
    )
    assert again.commits == done.commits
