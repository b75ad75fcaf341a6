"""Requests of clients other than the current huggingface_hub, and URLs that people open."""

import subprocess
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from corpusmith.hub.local import application
from corpusmith.hub.local.cards.rules import card_errors
from tests.hub import http

NER = "---\nlicense: mit\nlanguage: en\npipeline_tag: token-classification\ntags: [medical]\n---\n"
RELATIONS = "---\nlicense: apache-2.0\nlanguage: de\npipeline_tag: text-classification\n---\n"


@pytest.fixture
def api(hub: str) -> HfApi:
    api = HfApi(endpoint=hub, token="any-token")
    for repo_id, card in {"lab/ner": NER, "lab/re": RELATIONS, "ward/ner": NER}.items():
        api.create_repo(repo_id)
        added = [CommitOperationAdd("README.md", card.encode())]
        added.append(CommitOperationAdd("data/a b.txt", b"text"))
        api.create_commit(repo_id, added, commit_message="Card")
    return api


def ids(listed) -> list[str]:
    return sorted(info.id for info in listed)


def test_unknown_list_filter_is_refused_and_others_apply(api: HfApi) -> None:
    assert ids(api.list_models(author="lab")) == ["lab/ner", "lab/re"]
    assert ids(api.list_models(search="NER")) == ["lab/ner", "ward/ner"]
    assert ids(api.list_models(filter="medical")) == ["lab/ner", "ward/ner"]
    tagged = api.list_models(filter=["license:mit", "language:en"], author="ward")
    assert ids(tagged) == ["ward/ner"]
    assert ids(api.list_models(pipeline_tag="text-classification")) == ["lab/re"]
    assert ids(api.list_models(filter="no-such-tag")) == []
    assert ids(api.list_models(gated=True)) == []
    newest = [info.id for info in api.list_models(sort="created_at")]
    assert newest == ["ward/ner", "lab/re", "lab/ner"]
    assert [info.id for info in api.list_models(sort="created_at", limit=1)] == ["ward/ner"]
    with pytest.raises(HfHubHTTPError, match="can't filter by inference"):
        list(api.list_models(inference="warm"))


def test_javascript_client_works(api: HfApi) -> None:
    """@huggingface/hub sends JSON where Python sends a form, and `HEAD` for the newest commit."""
    url = f"{api.endpoint}/api/models/lab/ner"
    body = {"paths": ["README.md", "data", "absent"], "expand": True}
    rows = http.post(f"{url}/paths-info/HEAD", json=body).json()
    assert {row["path"]: row["type"] for row in rows} == {"README.md": "file", "data": "directory"}
    assert rows[0]["lastCommit"]["title"] == "Card"
    assert http.get(f"{url}/revision/HEAD").json()["sha"] == api.model_info("lab/ner").sha
    assert http.get(f"{api.endpoint}/lab/ner/resolve/HEAD/data/a%20b.txt").text == "text"
    assert http.post(f"{url}/paths-info/HEAD", json={"paths": 3}).status_code == 400


def test_printed_links_resolve_to_pages(api: HfApi) -> None:
    printed = api.upload_file(path_or_fileobj=b"x", path_in_repo="data/n.txt", repo_id="lab/ner")
    folder = api.upload_folder(
        folder_path=Path(__file__).parent,
        path_in_repo="code",
        repo_id="lab/ner",
        allow_patterns="test_clients.py",
    )
    for link in (
        printed.commit_url,
        folder.commit_url,
        f"{api.endpoint}/lab/ner/blob/main/data/n.txt",
        f"{api.endpoint}/lab/ner/raw/main/data/a%20b.txt",
        f"{api.endpoint}/lab/ner/tree/main/data",
        f"{api.endpoint}/lab/ner/commits/main",
    ):
        assert http._client.get(link, follow_redirects=True).status_code == 200, link
    page = http.get(f"{api.endpoint}/lab/ner/tree/main/data").text
    assert "data/n.txt" in page and "code/test_clients.py" not in page
    assert http.get(f"{api.endpoint}/lab/ner/tree/main/absent").status_code == 404


def test_collections_and_pull_requests_are_listed(api: HfApi) -> None:
    slug = api.create_collection("Corpora", namespace="lab").slug
    api.create_collection("Other", namespace="ward")
    api.add_collection_item(slug, "lab/ner", "model")
    assert [one.title for one in api.list_collections(owner="lab")] == ["Corpora"]
    assert [one.slug for one in api.list_collections(item="models/lab/ner")] == [slug]
    assert len([*api.list_collections()]) == 2
    for number in (1, 2):
        change = CommitOperationAdd(f"{number}.txt", b"x")
        api.create_commit("lab/ner", [change], commit_message=f"Pull {number}", create_pr=True)
    api.merge_pull_request("lab/ner", 1)
    assert [one.num for one in api.get_repo_discussions("lab/ner")] == [2, 1]
    assert [one.num for one in api.get_repo_discussions("lab/ner", discussion_status="open")] == [2]
    assert not [*api.get_repo_discussions("lab/ner", discussion_type="discussion")]


def test_git_clone_error_names_the_alternative(api: HfApi, tmp_path: Path) -> None:
    line = ["git", "clone", f"{api.endpoint}/lab/ner", str(tmp_path / "clone")]
    done = subprocess.run(line, capture_output=True, text=True, env={"GIT_TERMINAL_PROMPT": "0"})
    assert done.returncode != 0
    assert "does not speak git" in done.stderr and "hf download lab/ner" in done.stderr


def test_configured_url_is_used_behind_proxy_without_headers(loopback, tmp_path: Path) -> None:
    """By default, nginx sends the upstream's name as Host."""

    class Proxy:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                headers = [pair for pair in scope["headers"] if pair[0] != b"host"]
                scope = {**scope, "headers": [*headers, (b"host", b"127.0.0.1:1")]}
            await self.app(scope, receive, send)

    apps: dict[str, object] = {}

    async def late(scope, receive, send):
        await apps["app"](scope, receive, send)

    server = loopback(lambda _: late)
    apps["app"] = Proxy(application(tmp_path / "proxied", url=server.url))
    api = HfApi(endpoint=server.url, token="any-token")
    assert api.create_repo("lab/notes").repo_id == "lab/notes"
    api.upload_file(path_or_fileobj=b"\0" * 1000, path_in_repo="w.bin", repo_id="lab/notes")
    assert api.list_repo_files("lab/notes") == [".gitattributes", "w.bin"]


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ("license: my-own", '"license" with value "my-own"'),
        ("language: english", '"language" with value "english"'),
        ("language: xq", '"language" with value "xq"'),  # two letters, but no language
        ("language: [en, zh-Hant]", '"language" with value "zh-Hant"'),
        ("base_model: a/b/c", '"base_model" with value "a/b/c"'),
        ("base_model: [1]", '"base_model" must be a string'),
        ("datasets: [some corpus]", '"datasets" with value "some corpus"'),
        ("pipeline_tag: ner", '"pipeline_tag" with value "ner"'),
        ("widget: text", '"widget" must be a list'),
        ("widget: [text]", '"widget[0]" must be a mapping'),
        ("model-index: {}", '"model-index" must be a list'),
        ("model-index: [{results: []}]", '"model-index[0].name" is required'),
        ("model-index: [{name: m}]", '"model-index[0].results" must be a list'),
        (
            "model-index: [{name: m, results: [{task: {type: x}, dataset: {type: y}}]}]",
            '"model-index[0].results[0].dataset.name" is required',
        ),
        (
            "model-index: [{name: m, results: [{task: {type: x}, dataset: {type: y, name: z},"
            " metrics: [{type: f1}]}]}]",
            '"model-index[0].results[0].metrics[0].value" is required',
        ),
    ],
)
def test_card_check_refuses_same_metadata_as_real_hub(metadata: str, complaint: str) -> None:
    errors = card_errors(f"---\n{metadata}\n---\n", "model")
    assert any(complaint in error for error in errors), errors


def test_card_check_accepts_complete_card() -> None:
    card = """---
license: [cc-by-4.0, openmdw-1.1, other]
language: [en, deu, cmn, iw, code, multilingual]
base_model: sentence-transformers/all-MiniLM-L6-v2
pipeline_tag: token-classification
widget: [{text: A sentence.}]
model-index:
- name: m
  results:
  - task: {type: token-classification}
    dataset: {type: lab/ner, name: ner}
    metrics: [{type: f1, value: 0.5}]
---
"""
    assert card_errors(card, "model") == []
