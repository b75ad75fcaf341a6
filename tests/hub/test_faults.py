"""The Hub fails at each request of a release. Its content stays complete and tagged once."""

import shutil
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from corpusmith.hub.collection import collect
from corpusmith.hub.folders.contents import model_contents
from corpusmith.hub.publish import About, publish, repin, rollback
from corpusmith.hub.release import Release, file_changes
from corpusmith.hub.repo import HubTarget, Repo

CORPUS, MODEL, SPACE = "local/corpusmith-ner", "local/corpusmith-demo", "local/corpusmith"
OTHER = "local/corpusmith-other"
FAULTS = ("500 before", "429 before", "hang up before", "500 after", "hang up after")


class FaultAt:
    """Middleware that fails the n-th request whose method and path `matches` accepts.

    "before" fails without executing the request; "after" executes it and drops the response.
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
        if self.fault.startswith(
            "hang up"
        ):  # uvicorn closes the connection if the body is too short
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-length", b"1000")],
                }
            )
            return None
        await send(
            {
                "type": "http.response.start",
                "status": int(self.fault[:3]),
                "headers": [(b"retry-after", b"0")],
            }
        )
        return await send({"type": "http.response.body", "body": b"<html>a proxy's page</html>"})


async def swallow(message) -> None:
    """Drop a response."""


def is_write(method: str, path: str) -> bool:
    return method not in ("GET", "HEAD")


def check_whole(url: str, repo_id: str, folder: Path, version: str) -> None:
    """Check that `main` and the only tag point to one commit with the complete release."""
    repo = Repo("model", repo_id, HubTarget(url))
    standing = repo.standing()
    assert standing.tags == {version: standing.head}
    assert not [c for c in file_changes(model_contents(folder), standing) if c.action != "delete"]
    commits = repo.api.list_repo_commits(repo_id)
    assert [commit.title for commit in commits if commit.title.startswith("Release")] == [
        f"Release {version}"
    ]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault",
    [
        "500 before",
        "hang up after",
        *(pytest.param(f, marks=pytest.mark.slow) for f in FAULTS[1:4]),
    ],
)
def test_first_release_survives_fault_at_each_write(
    loopback, model_folder: Path, fault: str
) -> None:
    number, done = 0, False
    while not done:
        server = loopback(partial(FaultAt, number=number, fault=fault, matches=is_write))
        repo_id = f"local/model-{number}"
        assert (
            publish("model", model_folder, repo_id, target=HubTarget(server.url)).version
            == "v0.1.0"
        )
        check_whole(server.url, repo_id, model_folder, "v0.1.0")
        number, done = number + 1, len(server.app.seen) <= number
        server.stop()
    assert number > 6, "create, preupload, batch, put, validate, commit and tag were each hit"


@pytest.fixture
def stood(loopback, tmp_path: Path, write) -> dict:
    """A hub with released corpus, models and Space, and folders of the next versions."""
    write_corpus, write_model = write
    space = tmp_path / "space"
    space.mkdir()
    (space / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\n---\n")
    server = loopback(lambda app: app, tmp_path / "stood")
    publish("dataset", write_corpus(tmp_path / "c1"), CORPUS, target=HubTarget(server.url))
    last = publish(
        "dataset", write_corpus(tmp_path / "c2", rows=30), CORPUS, target=HubTarget(server.url)
    )
    publish("model", write_model(tmp_path / "m1"), MODEL, target=HubTarget(server.url))
    for name in ("o1", "o2"):
        folder = write_model(tmp_path / name, name.encode())
        publish("model", folder, OTHER, target=HubTarget(server.url))
    publish(
        "space", space, SPACE, about=About(ner=[f"{OTHER}@v0.1.0"]), target=HubTarget(server.url)
    )
    server.stop()
    corpus, model = (
        write_corpus(tmp_path / "c3", rows=40),
        write_model(tmp_path / "m2", b"\0better"),
    )
    return {"root": tmp_path / "stood", "corpus": corpus, "model": model, "last": last}


def act(action: str, stood: dict, url: str) -> Release | str:
    if action == "collection":
        return collect("local", [stood["last"]], target=HubTarget(url))
    if action == "repin":
        return repin(SPACE, [f"{OTHER}@v0.2.0"], target=HubTarget(url))
    if action == "rollback":
        return rollback("dataset", CORPUS, "v0.1.0", target=HubTarget(url))
    if action == "model":
        return publish("model", stood["model"], MODEL, target=HubTarget(url))
    return publish(
        "dataset",
        stood["corpus"],
        CORPUS,
        target=HubTarget(url, pull_request=action == "pull request"),
    )


OUTCOMES = {  # action -> (the repo, its kind, the tags it ends with, pull requests)
    "dataset": (CORPUS, "dataset", ["v0.1.0", "v0.2.0", "v0.3.0"], 0),
    "rollback": (CORPUS, "dataset", ["v0.1.0", "v0.2.0", "v0.3.0"], 0),
    "pull request": (CORPUS, "dataset", ["v0.1.0", "v0.2.0"], 1),
    "model": (MODEL, "model", ["v0.1.0", "v0.2.0"], 0),
    "repin": (SPACE, "space", ["v0.1.0", "v0.1.1"], 0),
}


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("action", "fault"),
    [("dataset", fault) for fault in FAULTS]
    + [
        (action, fault)
        for action in (*OUTCOMES, "collection")
        if action != "dataset"
        for fault in FAULTS[::4]
    ],
)
def test_later_releases_survive_fault_at_each_request(
    loopback, tmp_path: Path, stood: dict, action: str, fault: str
) -> None:
    for number in count():
        root = shutil.copytree(stood["root"], tmp_path / f"hub-{number}")
        server = loopback(partial(FaultAt, number=number, fault=fault), root)
        done = act(action, stood, server.url)
        seen, server.app.number = list(server.app.seen), -1
        if action == "collection":
            found = HfApi(endpoint=server.url).get_collection(str(done).split("/collections/")[1])
            note = "v0.2.0. demo-disease: more rows of the same kind."
            assert [(item.item_id, item.note) for item in found.items] == [(CORPUS, note)], seen[
                number:
            ]
        else:
            check_release(server.url, *OUTCOMES[action], f"fault at {seen[number : number + 1]}")
        server.stop()
        if number >= len(seen):
            break
    assert number >= {"collection": 2}.get(action, 9), "each request was hit"


def check_release(
    url: str, repo_id: str, kind: str, tags: list[str], pulls: int, when: str
) -> None:
    """Check that each version is one commit, that `main` is the last, and that no other exists."""
    repo = Repo(kind, repo_id, HubTarget(url))
    standing = repo.standing()
    assert sorted(standing.tags) == tags and standing.tags[tags[-1]] == standing.head, when
    titles = [commit.title for commit in repo.api.list_repo_commits(repo_id, repo_type=repo.type)]
    assert titles[:-1] == [f"Release {version}" for version in reversed(tags)], when
    refs = repo.api.list_repo_refs(repo_id, repo_type=repo.type, include_pull_requests=True)
    assert len(refs.pull_requests or []) == pulls, when
