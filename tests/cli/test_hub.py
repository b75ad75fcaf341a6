"""`corpusmith publish` against a real hub."""

import re
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from typer.testing import CliRunner

from corpusmith.cli.hub import about_of
from corpusmith.cli.main import app
from corpusmith.errors import UserError
from corpusmith.hub.repo import HubTarget, Repo


def card(kind: str, repo_id: str, hub: str) -> str:
    repo = Repo(kind, repo_id, HubTarget(hub))
    return repo.read(repo.standing().files["README.md"]).decode()


@pytest.fixture
def space_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "space"
    folder.mkdir()
    (folder / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\napp_file: app.py\n---\n")
    (folder / "app.py").write_text("pass\n")
    return folder


def test_options_appear_on_the_cards(
    hub: str, corpus_folder: Path, model_folder: Path, space_folder: Path
) -> None:
    lines = [
        [
            "dataset",
            corpus_folder,
            "--repo",
            "local/corpus",
            "--pretty-name",
            "Small corpus",
            "--version",
            "v0.7.0",
        ],
        [
            "model",
            model_folder,
            "--repo",
            "local/student",
            "--dataset",
            "local/corpus@v0.7.0",
            "--space",
            "local/demo",
        ],
        [
            "space",
            space_folder,
            "--repo",
            "local/demo",
            "--ner",
            "local/student@v0.1.0",
            "--dataset",
            "local/corpus@v0.7.0",
        ],
    ]
    for line in lines:
        done = CliRunner().invoke(
            app, ["publish", *map(str, line), "--hub", hub], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
    assert "pretty_name: Small corpus" in card("dataset", "local/corpus", hub)
    assert "v0.7.0" in Repo("dataset", "local/corpus", HubTarget(hub)).standing().tags
    student = card("model", "local/student", hub)
    assert (
        "/datasets/local/corpus" in student
        and "`v0.7.0`" in student
        and "/spaces/local/demo" in student
    )
    page = card("space", "local/demo", hub)
    assert "id: local/student" in page and "revision: v0.1.0" in page and "id: local/corpus" in page


def test_option_of_another_repo_kind_is_refused() -> None:
    with pytest.raises(UserError, match="--ner: the card of a model takes --dataset, --space"):
        about_of("model", None, "", [], None, ["a/b@v1.0.0"], [])
    with pytest.raises(UserError, match="--space: the card of a metric takes none"):
        about_of("metric", None, "", [], "a/b", [], [])
    with pytest.raises(UserError, match="a model has one corpus"):
        about_of("model", None, "", ["a/b@v1", "a/c@v1"], None, [], [])


def test_public_asks_before_publishing_an_existing_repo(hub: str, corpus_folder: Path) -> None:
    line = ["publish", "dataset", str(corpus_folder), "--repo", "local/corpus", "--hub", hub]
    assert CliRunner().invoke(app, line).exit_code == 0
    api = HfApi(endpoint=hub)
    refused = CliRunner().invoke(app, [*line, "--public"], input="n\n")
    assert refused.exit_code != 0 and api.dataset_info("local/corpus").private
    shown = CliRunner().invoke(app, [*line, "--public"], input="y\n")
    assert shown.exit_code == 0 and "visible from now on to everybody" in shown.stdout
    assert not api.dataset_info("local/corpus").private


def corpusmith(hub: str, *line: object, answer: str | None = None) -> str:
    """Run a verb, check that it succeeds, and return its output."""
    done = CliRunner().invoke(
        app, [*map(str, line), "--hub", hub], input=answer, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_dry_run_diff_and_rollback(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    repo = ("--repo", "local/corpus")
    corpusmith(hub, "publish", "dataset", write_corpus(tmp_path / "a"), *repo)
    more = write_corpus(tmp_path / "b", rows=30)
    planned = corpusmith(hub, "publish", "dataset", more, *repo, "--dry-run")
    shard = more / "data/demo-disease/train-00000-of-00001.parquet"
    assert f"update  data/demo-disease/{shard.name} ({shard.stat().st_size} bytes)" in planned
    assert "local/corpus v0.2.0 planned: demo-disease: more rows of the same kind." in planned
    assert re.search(r"^-.*\b20\b", planned, re.M) and re.search(r"^\+.*\b30\b", planned, re.M)
    proposed = corpusmith(hub, "publish", "dataset", more, *repo, "--pr")
    assert f"{hub}/datasets/local/corpus/discussions/1" in proposed
    corpusmith(hub, "publish", "dataset", more, *repo)
    assert "| `demo-disease` | 10 | 0 | 0 |" in corpusmith(
        hub, "diff", "local/corpus", "v0.1.0", "v0.2.0"
    )
    undone = ("publish", "dataset", *repo, "--rollback", "v0.1.0")
    assert "v0.3.0 planned: Rolled back to v0.1.0." in corpusmith(hub, *undone, "--dry-run")
    assert "v0.3.0 released: Rolled back to v0.1.0." in corpusmith(hub, *undone)
    tags = Repo("dataset", "local/corpus", HubTarget(hub)).standing().tags
    assert sorted(tags) == ["v0.1.0", "v0.2.0", "v0.3.0"]


def test_publish_needs_a_folder_and_rollback_takes_none(hub: str, corpus_folder: Path) -> None:
    line = ["publish", "dataset", "--repo", "local/corpus", "--hub", hub]
    with pytest.raises(UserError, match="publish dataset FOLDER --repo local/corpus"):
        CliRunner().invoke(app, line, catch_exceptions=False)
    for more in ([str(corpus_folder)], ["--public"], ["--license", "mit"], ["--version", "v9.0.0"]):
        with pytest.raises(UserError, match="--rollback releases what"):
            CliRunner().invoke(app, [*line, "--rollback", "v0.1.0", *more], catch_exceptions=False)
    assert HfApi(endpoint=hub).repo_exists("local/corpus", repo_type="dataset") is False


def test_new_model_updates_its_space_and_collection(
    hub: str, tmp_path: Path, write, space_folder: Path
) -> None:
    _, write_model = write
    model = ("--repo", "local/student")
    corpusmith(
        hub, "publish", "model", write_model(tmp_path / "a"), *model, "--space", "local/demo"
    )
    corpusmith(
        hub,
        "publish",
        "space",
        space_folder,
        "--repo",
        "local/demo",
        "--ner",
        "local/student@v0.1.0",
    )
    assert "revision: v0.1.0" in card("space", "local/demo", hub)
    said = corpusmith(hub, "publish", "model", write_model(tmp_path / "b", b"\0better"), *model)
    assert "local/demo v0.1.1 released" in said and "revision: v0.2.0" in card(
        "space", "local/demo", hub
    )
    collection = HfApi(endpoint=hub).get_collection(said.rpartition("/collections/")[2].strip())
    assert {item.item_id: item.note for item in collection.items} == {
        "local/student": "v0.2.0. Trained anew.",
        "local/demo": "v0.1.0. First release.",
    }
    corpusmith(hub, "publish", "model", write_model(tmp_path / "c", b"\0best"), *model, "--alone")
    assert "revision: v0.2.0" in card("space", "local/demo", hub)
    again = corpusmith(hub, "publish", "model", tmp_path / "c", *model)
    assert "is unchanged" in again and "revision: v0.3.0" in card("space", "local/demo", hub)


def test_repin_sets_space_to_other_versions(
    hub: str, space_folder: Path, tmp_path: Path, write
) -> None:
    write_corpus, write_model = write
    corpusmith(hub, "publish", "dataset", write_corpus(tmp_path / "c"), "--repo", "local/corpus")
    for name in ("one", "two"):
        folder = write_model(tmp_path / name, name.encode())
        corpusmith(hub, "publish", "model", folder, "--repo", "local/student")
    pins = ("--ner", "local/student@v0.1.0", "--dataset", "local/corpus@v0.1.0")
    corpusmith(hub, "publish", "space", space_folder, "--repo", "local/demo", *pins)
    line = ("repin", "local/demo", "local/student@v0.2.0")
    assert "+    revision: v0.2.0" in corpusmith(hub, *line, "--dry-run")
    assert "revision: v0.2.0" not in card("space", "local/demo", hub)
    assert "local/demo v0.1.1 released" in corpusmith(hub, *line)
    assert "revision: v0.2.0" in card("space", "local/demo", hub)
    with pytest.raises(UserError, match=r"say which version, as in local/student@v0\.2\.0"):
        CliRunner().invoke(
            app, ["repin", "local/demo", "local/student", "--hub", hub], catch_exceptions=False
        )


def test_hub_push_copies_a_repo_and_public_asks_first(
    hub: str, loopback, tmp_path: Path, model_folder: Path
) -> None:
    target = loopback(lambda app: app, tmp_path / "target").url
    corpusmith(hub, "publish", "model", model_folder, "--repo", "local/student")
    line = ["hub", "push", "local/student", "--kind", "model", "--from", hub, "--to", target]
    done = CliRunner().invoke(app, line, catch_exceptions=False)
    assert done.stdout.strip() == f"{target}/local/student: 2 commits, 1 tags"
    assert HfApi(endpoint=target).model_info("local/student", revision="v0.1.0").private
    assert CliRunner().invoke(app, [*line, "--public"], input="n\n").exit_code != 0
    assert HfApi(endpoint=target).model_info("local/student").private
    assert CliRunner().invoke(app, [*line, "--public"], input="y\n").exit_code == 0
    assert not HfApi(endpoint=target).model_info("local/student").private
