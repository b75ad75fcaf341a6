"""An earlier version is restored, and compared with another."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.hub.publish import diff, publish, rollback
from corpusmith.hub.repo import HubTarget, Repo
from tests.hub.published import CORPUS, text


def test_rollback_restores_content_under_a_new_version(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=HubTarget(hub))
    publish("dataset", write_corpus(tmp_path / "b", rows=30), CORPUS, target=HubTarget(hub))
    done = rollback("dataset", CORPUS, "v0.1.0", target=HubTarget(hub))
    repo = Repo("dataset", CORPUS, HubTarget(hub))
    old, new = repo.standing("v0.1.0").files, repo.standing().files
    assert done.version == "v0.3.0", "changed rows raise the second number"
    assert set(repo.standing().tags) == {"v0.1.0", "v0.2.0", "v0.3.0"}
    assert {path for path in old if old[path].oid != new[path].oid} == {
        "README.md",
        "CHANGELOG.md",
        "croissant.json",
    }
    assert 'revision="v0.3.0"' in text("dataset", CORPUS, "README.md", hub)
    assert "Rolled back to v0.1.0." in text("dataset", CORPUS, "CHANGELOG.md", hub)


def test_rollback_to_unknown_version_explains_remedy(hub: str, corpus_folder: Path) -> None:
    publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    with pytest.raises(UserError, match=r"no version v9\.9\.9"):
        rollback("dataset", CORPUS, "v9.9.9", target=HubTarget(hub))


def test_diff_counts_rows_by_config(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=HubTarget(hub))
    publish(
        "dataset",
        write_corpus(tmp_path / "b", rows=30, text=" in mice"),
        CORPUS,
        target=HubTarget(hub),
    )
    shown = diff("dataset", CORPUS, "v0.1.0", "v0.2.0", target=HubTarget(hub))
    assert "| `demo-disease` | 10 | 0 | 20 |" in shown
    assert "rejected" not in shown.split("\n- ")[0], "a config without a change isn't listed"
