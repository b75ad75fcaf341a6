"""Complete releases on a hub: the content and version of each repo afterwards."""

import json
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from corpusmith.cards import changelog
from corpusmith.cards.space import Source
from corpusmith.errors import UserError
from corpusmith.hub.publish import About, publish, repin
from corpusmith.hub.repo import HubTarget, Repo
from tests.hub.published import CORPUS, MODEL, SPACE, text


def test_first_release_is_one_commit_and_one_tag(hub: str, corpus_folder: Path) -> None:
    done = publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    api = HfApi(endpoint=hub)
    assert (done.state, done.version) == ("released", "v0.1.0")
    commits = api.list_repo_commits(CORPUS, repo_type="dataset")
    assert [commit.title for commit in commits][:-1] == [
        "Release v0.1.0"
    ]  # the last one created the repo
    (tag,) = api.list_repo_refs(CORPUS, repo_type="dataset").tags
    assert (tag.name, tag.target_commit) == ("v0.1.0", done.commit)
    assert api.dataset_info(CORPUS).private


def test_same_content_is_not_published_again(hub: str, corpus_folder: Path) -> None:
    first = publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    again = publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    assert (again.state, again.version, again.commit) == ("unchanged", "v0.1.0", first.commit)


def test_version_matches_the_change_and_old_versions_stay(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    about = About(license="cc-by-4.0")
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, about=about, target=HubTarget(hub))
    first = Repo("dataset", CORPUS, HubTarget(hub)).standing()
    steps = {
        "v0.2.0": write_corpus(tmp_path / "b", rows=30),
        "v0.3.0": write_corpus(tmp_path / "c", recipe="other"),
        "v1.0.0": write_corpus(
            tmp_path / "d", rows=30, teacher={"model": "another"}, fingerprint="e" * 64
        ),
        "v1.0.1": write_corpus(
            tmp_path / "e", rows=30, teacher={"model": "another"}, fingerprint="e" * 64, title="New"
        ),
    }
    for version, folder in steps.items():
        done = publish("dataset", folder, CORPUS, target=HubTarget(hub))
        assert (done.state, done.version) == ("released", version)
    repo = Repo("dataset", CORPUS, HubTarget(hub))
    assert repo.standing("v0.1.0").files.keys() == first.files.keys()
    assert {p: f.oid for p, f in repo.standing("v0.1.0").files.items()} == {
        p: f.oid for p, f in first.files.items()
    }
    card = text("dataset", CORPUS, "README.md", hub)
    assert "license: cc-by-4.0" in card, "what isn't given again stays as it stands"
    assert "data/other/train-*" in card and "data/demo-disease/train-*" in card
    entries = changelog.parse(text("dataset", CORPUS, "CHANGELOG.md", hub))
    assert [entry.version for entry in entries] == [
        "v1.0.1",
        "v1.0.0",
        "v0.3.0",
        "v0.2.0",
        "v0.1.0",
    ]
    assert entries[1].summary == "demo-disease: changed teacher."
    assert "| `demo-disease` | 10 | 0 | 0 |" in entries[3].details


def test_only_changed_files_are_uploaded(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=HubTarget(hub))
    done = publish(
        "dataset",
        write_corpus(tmp_path / "b", title="Another title"),
        CORPUS,
        target=HubTarget(hub),
    )
    assert done.version == "v0.1.1"
    text_files = ["CHANGELOG.md", "README.md", "croissant.json", "recipes/demo-disease/build.json"]
    assert [change.path for change in done.changes] == text_files


def test_dry_run_shows_whole_release_and_writes_nothing(hub: str, corpus_folder: Path) -> None:
    plan = publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub, dry_run=True))
    assert (plan.state, plan.version, plan.reason) == ("planned", "v0.1.0", "First release.")
    shard = corpus_folder / "data/demo-disease/train-00000-of-00001.parquet"
    assert ("data/demo-disease/train-00000-of-00001.parquet", "add", shard.stat().st_size) in [
        (change.path, change.action, change.size) for change in plan.changes
    ]
    assert "+# corpusmith-ner" in plan.card_diff
    assert Repo("dataset", CORPUS, HubTarget(hub)).standing().head is None


def test_pull_request_leaves_main_unchanged_and_is_opened_once(
    hub: str, tmp_path: Path, write
) -> None:
    write_corpus, _ = write
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=HubTarget(hub))
    repo = Repo("dataset", CORPUS, HubTarget(hub))
    head = repo.standing().head
    bigger = write_corpus(tmp_path / "b", rows=30)
    first = publish("dataset", bigger, CORPUS, target=HubTarget(hub, pull_request=True))
    again = publish("dataset", bigger, CORPUS, target=HubTarget(hub, pull_request=True))
    assert first.state == "proposed" and first.pull_request == again.pull_request
    assert (repo.standing().head, set(repo.standing().tags)) == (head, {"v0.1.0"})
    repo.api.merge_pull_request(CORPUS, int(first.pull_request.split("/")[-1]), repo_type="dataset")
    tagged = publish("dataset", bigger, CORPUS, target=HubTarget(hub))
    assert (tagged.state, tagged.version) == ("unchanged", "v0.2.0")
    assert repo.standing().tags["v0.2.0"] == repo.standing().head, "the merged commit is tagged"


def test_model_version_matches_the_change(hub: str, tmp_path: Path, write) -> None:
    write_corpus, write_model = write
    publish("dataset", write_corpus(tmp_path / "corpus"), CORPUS, target=HubTarget(hub))
    about = About(license="apache-2.0", dataset=CORPUS, space=SPACE)
    releases = [
        publish("model", write_model(tmp_path / "a"), MODEL, about=about, target=HubTarget(hub)),
        publish(
            "model",
            write_model(tmp_path / "b", b"\0other"),
            MODEL,
            about=about,
            target=HubTarget(hub),
        ),
        publish(
            "model",
            write_model(tmp_path / "c", b"\0other", encoder="x/y"),
            MODEL,
            about=about,
            target=HubTarget(hub),
        ),
        publish(
            "model",
            write_model(tmp_path / "d", b"\0other", encoder="x/y", seconds=9),
            MODEL,
            about=about,
            target=HubTarget(hub),
        ),
    ]
    assert [done.version for done in releases] == ["v0.1.0", "v0.2.0", "v1.0.0", "v1.0.1"]
    info = HfApi(endpoint=hub).model_info(MODEL)
    assert info.pipeline_tag == "token-classification" and info.library_name == "transformers"
    assert info.card_data.datasets == [CORPUS] and info.card_data.base_model == "x/y"


def test_stale_files_are_deleted(hub: str, model_folder: Path) -> None:
    (model_folder / "merges.txt").write_text("stale")
    publish("model", model_folder, MODEL, target=HubTarget(hub))
    (model_folder / "merges.txt").unlink()
    done = publish("model", model_folder, MODEL, target=HubTarget(hub))
    assert ("merges.txt", "delete") in [(change.path, change.action) for change in done.changes]
    assert ".gitattributes" in Repo("model", MODEL, HubTarget(hub)).standing().files


def test_space_card_pins_its_models(hub: str, tmp_path: Path, write) -> None:
    write_corpus, write_model = write
    publish("dataset", write_corpus(tmp_path / "corpus"), CORPUS, target=HubTarget(hub))
    for name in ("one", "two"):
        publish("model", write_model(tmp_path / name, name.encode()), MODEL, target=HubTarget(hub))
    folder = tmp_path / "space"
    folder.mkdir()
    (folder / "app.py").write_text("print('a page')\n")
    (folder / "README.md").write_text(
        "---\ntitle: Extract\nsdk: gradio\ncorpusmith:\n  lexicons: []\n---\nOld text\n"
    )
    about = About(ner=[f"{MODEL}@v0.1.0"], datasets=[f"{CORPUS}@v0.1.0"])
    assert publish("space", folder, SPACE, about=about, target=HubTarget(hub)).version == "v0.1.0"
    assert publish("space", folder, SPACE, about=about, target=HubTarget(hub)).state == "unchanged"
    moved = repin(SPACE, [f"{MODEL}@v0.2.0"], target=HubTarget(hub))
    assert (moved.version, [change.path for change in moved.changes]) == (
        "v0.1.1",
        ["CHANGELOG.md", "README.md"],
    )
    with pytest.raises(UserError, match="doesn't run local/unknown"):
        repin(SPACE, ["local/unknown@v0.1.0"], target=HubTarget(hub))
    info = HfApi(endpoint=hub).space_info(SPACE)
    assert info.card_data.models == [MODEL]
    assert info.card_data["corpusmith"]["ner"] == [{"id": MODEL, "revision": "v0.2.0"}]
    assert info.card_data["corpusmith"]["lexicons"] == []
    assert info.card_data["corpusmith"]["datasets"] == [{"id": CORPUS, "revision": "v0.1.0"}]
    card = text("space", SPACE, "README.md", hub)
    assert Source(MODEL, "v0.2.0").revision in card.split("---\n", 2)[2]
    assert "\nFinds Disease in English text." in card
    assert info.card_data["short_description"] == "Finds Disease in text"


def test_metric_keeps_its_own_card(hub: str, tmp_path: Path) -> None:
    folder = tmp_path / "metric"
    folder.mkdir()
    (folder / "strict.py").write_text("one = 1\n")
    (folder / "README.md").write_text(
        "---\ntitle: Strict F1\nsdk: gradio\n---\nLoad `NAMESPACE/strict`\n"
    )
    assert publish("metric", folder, "local/strict", target=HubTarget(hub)).version == "v0.1.0"
    assert text("metric", "local/strict", "README.md", hub).endswith("Load `local/strict`\n")
    assert publish("metric", folder, "local/strict", target=HubTarget(hub)).state == "unchanged"
    (folder / "strict.py").write_text("one = 2\n")
    assert publish("metric", folder, "local/strict", target=HubTarget(hub)).version == "v0.2.0"


def test_version_can_be_chosen_but_not_lowered(hub: str, model_folder: Path) -> None:
    assert (
        publish("model", model_folder, MODEL, version="v2.0.0", target=HubTarget(hub)).version
        == "v2.0.0"
    )
    (model_folder / "vocab.txt").write_text("new")
    with pytest.raises(UserError, match=r"is at v2\.0\.0"):
        publish("model", model_folder, MODEL, version="v1.0.0", target=HubTarget(hub))


def test_croissant_file_of_a_release_is_valid(
    hub: str, corpus_folder: Path, tmp_path: Path
) -> None:
    import mlcroissant

    publish(
        "dataset", corpus_folder, CORPUS, about=About(license="cc-by-4.0"), target=HubTarget(hub)
    )
    (tmp_path / "croissant.json").write_text(text("dataset", CORPUS, "croissant.json", hub))
    described = mlcroissant.Dataset(tmp_path / "croissant.json", mapping={"repo": corpus_folder})
    assert not described.metadata.issues.report()
    rows = [row["demo-disease/text"].decode() for row in described.records("demo-disease")]
    assert len(rows) == 20 and "Mutations in gene 0 cause cystic fibrosis." in rows


def test_changelog_version_without_tag_or_commit_is_refused(hub: str, model_folder: Path) -> None:
    publish("model", model_folder, MODEL, target=HubTarget(hub))
    api = HfApi(endpoint=hub, token="any-token")
    api.super_squash_history(MODEL, commit_message="One")
    api.delete_tag(MODEL, tag="v0.1.0")
    with pytest.raises(
        UserError, match=r"hf repos tag create local/corpusmith-demo v0\.1\.0 --repo-type model"
    ):
        publish("model", model_folder, MODEL, target=HubTarget(hub))


def test_build_json_counts_the_rows_of_the_card(hub: str, corpus_folder: Path) -> None:
    publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    build = json.loads(text("dataset", CORPUS, "recipes/demo-disease/build.json", hub))
    assert build["splits"]["train"]["rows"] == 16
    assert build["features"][0] == {"name": "id", "dtype": "string"}


@pytest.mark.parametrize(
    ("kind", "repo_id", "said"),
    [
        ("corpus", CORPUS, "can't be published"),
        ("model", "nameless", "names no repo"),
        ("dataset", CORPUS, "no build.json"),
    ],
)
def test_bad_input_error_explains_remedy(
    hub: str, model_folder: Path, kind: str, repo_id: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        publish(kind, model_folder, repo_id, target=HubTarget(hub))


def test_https_needs_a_token(corpus_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpusmith.hub.repo.get_token", lambda: None)
    repo = Repo("dataset", CORPUS, HubTarget("https://huggingface.co"))
    repo.api.token = None
    with pytest.raises(UserError, match="hf auth login"):
        repo.may_write()


def test_adapted_model_is_published_only_on_request(hub: str, model_folder: Path) -> None:
    training = json.loads((model_folder / "training.json").read_text())
    counts = {"documents": 1200, "sentences_used": 6000, "words_used": 150000}
    training["adapted"] = counts
    (model_folder / "training.json").write_text(json.dumps(training))
    with pytest.raises(UserError, match=r"1,200 local documents.*--i-may-publish-this-model"):
        publish("model", model_folder, MODEL, target=HubTarget(hub))
    assert Repo("model", MODEL, HubTarget(hub)).standing().head is None
    about = About(may_publish_adapted=True)
    done = publish("model", model_folder, MODEL, about=about, target=HubTarget(hub))
    assert done.state == "released"
