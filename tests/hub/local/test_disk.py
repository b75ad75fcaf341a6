"""What the folder of a Hub holds after a refusal, a full disk and a deletion."""

import base64
import json
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from corpusmith.hub.local.objects import write_durably
from corpusmith.hub.local.store import Store
from tests.hub import http


@pytest.mark.parametrize("held", ["tmp/notes.txt", "repos/a.txt/../../thesis.doc", "a/.new-draft"])
def test_unrelated_folder_is_refused_and_unchanged(tmp_path: Path, held: str) -> None:
    root = tmp_path / "home"
    (root / "repos").mkdir(parents=True)
    if held.startswith("tmp"):
        (root / "repos").rmdir()
    file = (root / held).resolve()
    (root / "repos" / "a.txt").mkdir(exist_ok=True) if held.startswith("repos") else None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    with pytest.raises(ValueError, match="is not the folder of a Hub"):
        Store(root)
    assert file.read_text() == "mine"


def test_folder_of_earlier_hub_version_is_adopted(tmp_path: Path) -> None:
    for part in ("repos", "collections", "tmp"):
        (tmp_path / part).mkdir()
    Store(tmp_path)
    Store(tmp_path)
    (tmp_path / "stray.txt").write_text("x")
    Store(tmp_path)  # the marker file identifies the folder as a hub's
    assert (tmp_path / "stray.txt").exists()


def test_folder_of_checkouts_is_not_a_hub(tmp_path: Path) -> None:
    for part in ("repos/my-project/.new-notes", "tmp"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "tmp" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not the folder of a Hub"):
        Store(tmp_path)
    assert (tmp_path / "tmp" / "mine.txt").exists()


def test_full_disk_leaves_no_partial_file(
    api: HfApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    api.create_repo("lab/notes")
    monkeypatch.setattr("corpusmith.hub.local.objects.sync", full)
    lines = [
        {"key": "header", "value": {"summary": "s"}},
        {"key": "file", "value": {"path": "a", "content": base64.b64encode(b"new").decode()}},
    ]
    url = f"{api.endpoint}/api/models/lab/notes/commit/main"
    sent = http.post(url, content="\n".join(map(json.dumps, lines)))
    assert sent.status_code == 507 and "disk of this Hub is full" in sent.json()["error"]
    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "f", b"x")
    left = [*(tmp_path / "hub" / "tmp").iterdir(), *(tmp_path / "hub").rglob(".new-*")]
    assert not left and not [*tmp_path.glob(".new-*")]


def test_finished_xet_upload_leaves_no_temporary_files(
    api: HfApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    api.create_repo("lab/notes")
    (tmp_path / "w.bin").write_bytes(os.urandom(300_000))
    added = [CommitOperationAdd("w.bin", tmp_path / "w.bin")]
    api.create_commit("lab/notes", added, commit_message="m")
    assert not [*(tmp_path / "hub" / "tmp").iterdir()]


def test_repository_deleted_during_upload_leaves_no_files(api: HfApi, tmp_path: Path) -> None:
    import hashlib

    content = b"late bytes"
    oid = hashlib.sha256(content).hexdigest()
    api.create_repo("lab/notes")
    base = f"{api.endpoint}/lab/notes.git/info/lfs/objects"
    batch = http.post(f"{base}/batch", json={"objects": [{"oid": oid, "size": len(content)}]})
    href = batch.json()["objects"][0]["actions"]["upload"]["href"]

    def slowly():
        yield content[:4]
        api.delete_repo("lab/notes")
        yield content[4:]

    sent = http.put(href, content=slowly(), headers={"Content-Length": str(len(content))})
    assert sent.status_code in (403, 404)
    assert not (tmp_path / "hub/repos/models/lab/notes").exists()
    ghost = tmp_path / "hub/repos/models/lab/notes/objects/ab"
    ghost.mkdir(parents=True)  # as an earlier version left it
    assert api.create_repo("lab/notes").repo_id == "lab/notes"
