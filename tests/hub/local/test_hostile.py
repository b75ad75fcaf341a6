"""Hostile contents, requests and clients affect no other user."""

import json
import resource
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from corpusmith.hub.local.cards.parse import parse_metadata
from tests.hub import http

BOMB = "a: &a {k: 1}\n" + "\n".join(
    f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}' if n else '*a'] * 9)}]}}" for n in range(12)
)
BAD_METADATA = [
    "d: 2001-13-45",
    "d: !!timestamp foo",
    "n: !!int ''",
    "n: !!float ''",
    "n: !!bool maybe",
    "n: " + "9" * 5000,
    "n: 0x" + "f" * 5000,
    "p: !!python/object/apply:os.system ['true']",
    "[" * 3000,
    BOMB,
]
ODD_METADATA = [  # valid YAML with values that JSON cannot represent
    'tags: ["\\ud800"]',
    '"\\udfff": 1',
    "b: !!binary '%%%'",
    "s: !!set {a, b}",
    "o: !!omap [a: 1]",
]
# Ten levels of ten aliases, in pairs: 10 billion numbers as text.
LEVELS = ["{a: &a0 [1, 1]}"]
LEVELS += [f"{{k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 11)]
PAIRS = f"o: !!omap [{', '.join(LEVELS)}]"


def commit_card(api: HfApi, repo_id: str, card: str) -> None:
    """Commit a README.md without asking the Hub to check it."""
    api.create_repo(repo_id)
    content = card.encode()
    lines = [
        {"key": "header", "value": {"summary": "Card"}},
        {"key": "file", "value": {"path": "README.md", "content": encoded(content)}},
    ]
    sent = http.post(
        f"{api.endpoint}/api/models/{repo_id}/commit/main",
        content="\n".join(map(json.dumps, lines)),
    )
    assert sent.status_code == 200


def encoded(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()


def test_bad_card_does_not_hide_other_repositories(api: HfApi) -> None:
    hostile = [*BAD_METADATA, *ODD_METADATA]
    for number, metadata in enumerate(hostile):
        commit_card(api, f"lab/bad-{number}", f"---\nlicense: mit\n{metadata}\n---\nText")
    commit_card(api, "lab/good", "---\nlicense: mit\n---\nText")
    listed = {info.id: info for info in api.list_models()}
    assert len(listed) == len(hostile) + 1
    assert listed["lab/good"].tags == ["license:mit"]
    front = http.get(api.endpoint)
    assert front.status_code == 200 and "lab/good" in front.text
    for number in range(len(hostile)):
        page = http.get(f"{api.endpoint}/lab/bad-{number}")
        assert page.status_code == 200 and "Text" in page.text


@pytest.mark.parametrize("metadata", BAD_METADATA)
def test_card_check_refuses_bad_metadata_with_400(api: HfApi, metadata: str) -> None:
    body = {"content": f"---\n{metadata}\n---\n", "repoType": "model"}
    answer = http.post(f"{api.endpoint}/api/validate-yaml", json=body)
    assert answer.status_code == 400 and answer.json()["errors"]


def test_yaml_merge_keys_use_little_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="merge keys"):
        parse_metadata(BOMB)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_aliases_in_pairs_are_refused_as_too_large() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError):
        parse_metadata(PAIRS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.parametrize("visibility", [["private"], "PRIVATE", 5, None])
def test_malformed_visibility_does_not_show_a_private_repository(
    api: HfApi, visibility: object
) -> None:
    api.create_repo("lab/notes", private=True)
    url = f"{api.endpoint}/api/models/lab/notes/settings"
    assert http.put(url, json={"visibility": visibility}).status_code == 400
    assert api.model_info("lab/notes").private


def test_damaged_repository_does_not_hide_the_others(api: HfApi, tmp_path: Path) -> None:
    for name in ("one", "two", "three", "four"):
        api.create_repo(f"lab/{name}")
    repos = tmp_path / "hub" / "repos" / "models" / "lab"
    (repos / "one" / "repo.json").write_text("{")
    (repos / "two" / "refs" / "heads" / "main").unlink()
    (repos / "three" / "refs" / "heads" / "main").write_text("0" * 40)
    (repos / "bad name").mkdir()
    (repos / "bad name" / "repo.json").write_text("{}")
    (tmp_path / "hub" / "collections" / "lab").mkdir(parents=True)
    (tmp_path / "hub" / "collections" / "lab" / "x.json").write_text("[]")
    assert [info.id for info in api.list_models()] == ["lab/four"]
    assert http.get(api.endpoint).status_code == 200


@pytest.mark.parametrize("path", ["a\ud800.txt", "a\x00b", "../a", "a\\b", ".git/config"])
def test_bad_file_names_are_refused(api: HfApi, path: str) -> None:
    api.create_repo("lab/notes")
    lines = [
        {"key": "header", "value": {"summary": "Half a pair \ud800"}},
        {"key": "file", "value": {"path": path, "content": ""}},
    ]
    url = f"{api.endpoint}/api/models/lab/notes/commit/main"
    assert http.post(url, content="\n".join(map(json.dumps, lines))).status_code == 400
    lines[1]["value"]["path"] = "fine.txt"
    assert http.post(url, content="\n".join(map(json.dumps, lines))).status_code == 200
    assert http.get(f"{api.endpoint}/lab/notes").status_code == 200


DEEP = "[" * 100_000
MALFORMED = [
    ("POST", "/api/repos/create", {"name": 5, "organization": "lab"}),
    ("POST", "/api/repos/create", {"name": "a", "organization": ["lab"]}),
    ("POST", "/api/repos/create", {"name": "a", "organization": "lab", "type": {"a": 1}}),
    ("POST", "/api/repos/create", [1]),
    ("POST", "/api/repos/create", DEEP),
    ("POST", "/api/repos/move", {"fromRepo": 1, "toRepo": None}),
    ("POST", "/api/validate-yaml", {"content": 7}),
    ("POST", "/api/validate-yaml", {"content": "---\n" + DEEP + "\n---\n"}),
    ("POST", "/api/collections", {"title": 1, "namespace": "lab"}),
    ("POST", "/api/collections", {"title": "a", "namespace": {}}),
    ("POST", "/api/models/lab/notes/preupload/main", {"files": 3}),
    ("POST", "/api/models/lab/notes/preupload/main", {"files": [3]}),
    ("POST", "/api/models/lab/notes/preupload/main", {"files": [{"path": 1, "size": "x"}]}),
    ("POST", "/api/models/lab/notes/commit/main", '{"key": "file", "value": 3}'),
    ("POST", "/api/models/lab/notes/commit/main", "3\n4"),
    ("POST", "/api/models/lab/notes/commit/main", DEEP),
    ("POST", "/api/models/lab/notes/tag/main", {"tag": ["v1"]}),
    ("POST", "/api/models/lab/notes/tag/main", {"tag": "v" * 5000}),
    ("POST", "/api/models/lab/notes/branch/" + "b" * 5000, {}),
    ("POST", "/api/models/lab/notes/discussions", {"pullRequest": True, "title": {}}),
    ("PUT", "/api/models/lab/notes/settings", {"gated": {"a": 1}}),
    ("POST", "/lab/notes.git/info/lfs/objects/batch", {"objects": [{"oid": 1, "size": -1}]}),
    ("POST", "/lab/notes.git/info/lfs/objects/batch", {"objects": "x"}),
    ("GET", "/api/models?limit=-1", None),
    ("GET", "/api/models?limit=1e9", None),
    ("GET", "/api/models?sort=nonsense", None),
    ("GET", "/api/models/lab/notes/tree/main?cursor=x", None),
    ("GET", "/api/models/lab/notes/revision/" + "r" * 5000, None),
    ("GET", "/lab/notes/resolve/main/%00", None),
    ("GET", "/lab/notes/resolve/%00/a", None),
    ("GET", "/api/models?search=%00", None),
    ("GET", "/lab/notes/resolve/main/" + "a/" * 3000, None),
]


@pytest.mark.parametrize(("method", "path", "body"), MALFORMED)
def test_malformed_request_is_refused_with_4xx(
    api: HfApi, method: str, path: str, body: object
) -> None:
    api.create_repo("lab/notes")
    content = body if isinstance(body, str) else json.dumps(body)
    kwargs = {} if method == "GET" else {"content": content}
    answer = http._client.request(method, f"{api.endpoint}{path}", **kwargs)
    assert 400 <= answer.status_code < 500, answer.text
