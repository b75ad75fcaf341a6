"""Tokens, roles, organisations, private and gated repositories, and pages of other sites."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from corpusmith.hub.local import application, serve
from corpusmith.hub.local.auth import read_users
from tests.hub import http

USERS = """
[[user]]
name = "ada"
token = "token-of-ada"
role = "write"
orgs = ["oncology"]

[[user]]
name = "bob"
token = "token-of-bob"
orgs = ["oncology"]

[[user]]
name = "eve"
token = "token-of-eve"
role = "write"
"""


@pytest.fixture
def shared(tmp_path: Path, loopback) -> Iterator[str]:
    """A hub with a tokens file and a private repository of the organisation of ada and bob."""
    (tmp_path / "tokens.toml").write_text(USERS)
    url = loopback(lambda _: application(tmp_path / "shared", tmp_path / "tokens.toml")).url
    ada = HfApi(endpoint=url, token="token-of-ada")
    ada.create_repo("oncology/notes", visibility="private")
    ada.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id="oncology/notes")
    yield url


def api(url: str, name: str) -> HfApi:
    return HfApi(endpoint=url, token=f"token-of-{name}")


def refused(call, *args, **kwargs) -> int:
    with pytest.raises(HfHubHTTPError) as error:
        call(*args, **kwargs)
    return error.value.response.status_code


def test_token_identifies_the_user(shared: str) -> None:
    ada = api(shared, "ada").whoami()
    assert (ada["name"], [org["name"] for org in ada["orgs"]]) == ("ada", ["oncology"])
    assert ada["auth"]["accessToken"]["role"] == "write"
    assert api(shared, "bob").whoami()["auth"]["accessToken"]["role"] == "read"
    assert http.get(f"{shared}/api/whoami-v2").status_code == 401


def test_wrong_token_is_refused_even_for_public_repos(shared: str) -> None:
    api(shared, "ada").create_repo("ada/open", private=False)
    assert HfApi(endpoint=shared, token=False).repo_info("ada/open").id == "ada/open"
    for header in (
        "Bearer wrong",
        "Bearer token-of-ad",
        "Bearer token-of-ada2",
        "Basic wrong",
        "Bearer é",
    ):
        answer = http.get(
            f"{shared}/api/models/ada/open", headers={"Authorization": header.encode()}
        )
        assert answer.status_code in (400, 401), header
    with pytest.raises(HfHubHTTPError) as wrong:
        HfApi(endpoint=shared, token="wrong").repo_info("ada/open")
    assert wrong.value.response.status_code == 401 and not isinstance(
        wrong.value, RepositoryNotFoundError
    )


def test_private_repository_is_hidden_from_others(shared: str, tmp_path: Path) -> None:
    assert api(shared, "bob").list_repo_files("oncology/notes") == [".gitattributes", "a.txt"]
    assert [one.id for one in api(shared, "bob").list_models()] == ["oncology/notes"]
    for stranger in (api(shared, "eve"), HfApi(endpoint=shared, token=False)):
        assert [*stranger.list_models()] == []
        calls = [
            lambda api=stranger: api.repo_info("oncology/notes"),
            lambda api=stranger: api.list_repo_refs("oncology/notes"),
            lambda api=stranger: api.hf_hub_download("oncology/notes", "a.txt", cache_dir=tmp_path),
            lambda api=stranger: api.upload_file(
                path_or_fileobj=b"", path_in_repo="b", repo_id="oncology/notes"
            ),
            lambda api=stranger: api.delete_repo("oncology/notes"),
            lambda api=stranger: api.move_repo("oncology/notes", "eve/notes"),
        ]
        for call in calls:
            with pytest.raises(RepositoryNotFoundError):
                call()
    absent = http.get(f"{shared}/api/models/oncology/absent")
    there = http.get(f"{shared}/api/models/oncology/notes")
    assert (there.status_code, there.content) == (absent.status_code, absent.content)


def test_readers_cannot_write_and_writers_write_only_in_own_namespaces(shared: str) -> None:
    bob, eve, ada = api(shared, "bob"), api(shared, "eve"), api(shared, "ada")
    ada.update_repo_settings("oncology/notes", visibility="public")
    ada.create_tag("oncology/notes", tag="v1")
    for other in (bob, eve):
        assert refused(other.create_repo, "oncology/new") == 403
        assert (
            refused(
                other.upload_file, path_or_fileobj=b"", path_in_repo="b", repo_id="oncology/notes"
            )
            == 403
        )
        assert refused(other.create_tag, "oncology/notes", tag="v2") == 403
        assert refused(other.delete_tag, "oncology/notes", tag="v1") == 403
        assert refused(other.update_repo_settings, "oncology/notes", visibility="private") == 403
        assert refused(other.super_squash_history, "oncology/notes") == 403
        assert refused(other.create_collection, "Mine", namespace="oncology") == 403
    assert refused(ada.move_repo, "oncology/notes", "eve/notes") == 403
    assert refused(HfApi(endpoint=shared, token=False).create_repo, "ada/new") == 401
    assert eve.create_repo("own").repo_id == "eve/own"
    assert [tag.name for tag in ada.list_repo_refs("oncology/notes").tags] == ["v1"]


def test_private_collections_are_hidden_from_others(shared: str) -> None:
    slug = api(shared, "ada").create_collection("Plans", namespace="oncology", private=True).slug
    assert api(shared, "bob").get_collection(slug).title == "Plans"
    assert refused(api(shared, "eve").get_collection, slug) == 404
    assert refused(api(shared, "bob").add_collection_item, slug, "oncology/notes", "model") == 403
    assert refused(api(shared, "eve").add_collection_item, slug, "oncology/notes", "model") == 404
    assert (
        api(shared, "ada").add_collection_item(slug, "oncology/notes", "model").items[0].item_id
        == "oncology/notes"
    )


def test_gated_files_are_only_for_their_namespace(shared: str, tmp_path: Path) -> None:
    api(shared, "ada").update_repo_settings("oncology/notes", visibility="public", gated="manual")
    eve = api(shared, "eve")
    assert eve.repo_info("oncology/notes").gated == "manual"
    with pytest.raises(GatedRepoError):
        eve.hf_hub_download("oncology/notes", "a.txt", cache_dir=tmp_path)
    assert Path(
        api(shared, "bob").hf_hub_download("oncology/notes", "a.txt", cache_dir=tmp_path)
    ).exists()


def test_upload_needs_a_signed_url(shared: str) -> None:
    """The PUT of a large file carries no token: its signed URL grants access. The content must
    match the announced hash and size.
    """
    oid = "ab" * 32
    base = f"{shared}/oncology/notes.git/info/lfs/objects"
    assert http.put(f"{base}/{oid}?signature=guess", content=b"x").status_code == 403
    batch = http.post(f"{base}/batch", json={"objects": [{"oid": oid, "size": 1}]})
    assert batch.status_code == 404
    ada = {"Authorization": "Bearer token-of-ada"}
    batch = http.post(
        f"{base}/batch", json={"objects": [{"oid": oid, "size": 1}]}, headers=ada
    ).json()
    href = batch["objects"][0]["actions"]["upload"]["href"]
    assert http.put(href.replace(oid, "cd" * 32), content=b"x").status_code == 403
    assert http.put(href, content=b"y").status_code == 400, "another hash"
    assert http.put(href, content=b"more than was announced").status_code == 413
    verify = http.post(f"{base}/verify", json={"oid": oid, "size": 1}, headers=ada)
    assert verify.status_code == 400
    address = http.get(
        f"{shared}/api/models/oncology/notes/xet-write-token/main", headers=ada
    ).json()["casUrl"]
    for path in ("/v1/xorbs/default/abc", "/v1/shards"):
        assert http.post(address + path, content=b"x", headers=ada).status_code == 403


def test_upload_url_expires_with_its_repository(shared: str) -> None:
    ada, content = api(shared, "ada"), b"late"
    headers = {"Authorization": "Bearer token-of-ada"}
    objects = {"objects": [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]}
    batch = http.post(
        f"{shared}/oncology/notes.git/info/lfs/objects/batch", json=objects, headers=headers
    ).json()
    ada.delete_repo("oncology/notes")
    assert (
        http.put(batch["objects"][0]["actions"]["upload"]["href"], content=content).status_code
        == 403
    )
    assert ada.create_repo("oncology/notes").repo_id == "oncology/notes"


def test_private_flag_of_older_clients_is_respected(shared: str) -> None:
    body = {"name": "old", "organization": "ada", "type": "dataset", "private": True}
    answer = http.post(
        f"{shared}/api/repos/create", json=body, headers={"Authorization": "Bearer token-of-ada"}
    )
    assert answer.status_code == 200 and api(shared, "ada").dataset_info("ada/old").private
    with pytest.raises(RepositoryNotFoundError):
        api(shared, "eve").dataset_info("ada/old")


def test_objects_of_another_repository_cannot_be_committed(shared: str) -> None:
    """A file's hash grants no access to its content."""
    ada, eve = api(shared, "ada"), api(shared, "eve")
    ada.create_commit(
        "oncology/notes", [CommitOperationAdd("w.bin", b"\0secret")], commit_message="m"
    )
    oid = ada.get_paths_info("oncology/notes", "w.bin")[0].lfs.sha256
    eve.create_repo("eve/own")
    line = f'{{"key": "lfsFile", "value": {{"path": "w.bin", "algo": "sha256", "oid": "{oid}"}}}}\n'
    answer = http.post(
        f"{shared}/api/models/eve/own/commit/main",
        content='{"key": "header", "value": {"summary": "s"}}\n' + line,
        headers={"Authorization": "Bearer token-of-eve"},
    )
    assert answer.status_code == 400 and "not uploaded" in answer.json()["error"]


def test_cross_site_pages_cannot_write(hub: str) -> None:
    body = {"name": "x", "organization": "lab", "type": "model"}
    assert (
        http.post(
            f"{hub}/api/repos/create", json=body, headers={"Origin": "https://a.example"}
        ).status_code
        == 403
    )
    assert http.get(f"{hub}/api/models", headers={"Host": "a.example"}).status_code == 400
    assert http.post(f"{hub}/api/repos/create", json=body).status_code == 200


def test_browser_signs_in_with_token_as_password(shared: str) -> None:
    page = f"{shared}/oncology/notes"
    assert http.get(page, headers={"Accept": "text/html"}).status_code == 404
    challenge = http.get(f"{shared}/login", headers={"Accept": "text/html"})
    assert (challenge.status_code, challenge.headers["www-authenticate"][:5]) == (401, "Basic")
    assert (
        http.get(page, auth=("ada", "token-of-ada"), headers={"Accept": "text/html"}).status_code
        == 200
    )
    assert (
        http.get(page, auth=("ada", "wrong-token"), headers={"Accept": "text/html"}).status_code
        == 401
    )


def test_hub_without_tokens_only_binds_to_loopback(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--tokens"):
        serve(tmp_path, 0, host="0.0.0.0")


def test_error_names_missing_tokens_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.toml"):
        read_users(tmp_path / "absent.toml")


def test_error_names_port_in_use(hub: str, tmp_path: Path) -> None:
    port = int(hub.rpartition(":")[2])
    with pytest.raises(ValueError, match=f"{port} already: give another --port"):
        serve(tmp_path / "other", port)


def test_second_server_on_same_root_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.hub.local.server.SECONDS_TO_LEAVE", 0.05)
    with (
        FileLock(tmp_path / ".served"),
        pytest.raises(ValueError, match="served by another process"),
    ):
        serve(tmp_path, 0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "user: Field required"),
        ('[[user]]\nname = "ada"\ntoken = "short"', r"user\.0\.token: .* at least 8 characters"),
        ('[[user]]\ntoken = "long-enough"', r"user\.0\.name"),
        ('[[user]]\nname = "ada"\ntoken = "long-enough"\nrole = "admin"', "role"),
        ('[[user]]\nname = "ada"\ntoken = "long-enough"\nrigths = "write"', "rigths"),
        ("[[user", "tokens.toml"),
    ],
)
def test_error_explains_invalid_tokens_file(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "tokens.toml").write_text(text)
    with pytest.raises(ValueError, match=complaint) as error:
        read_users(tmp_path / "tokens.toml")
    assert "long-enough" not in str(error.value) and '"short"' not in str(error.value)
