"""`corpusmith publish` against a real hub: what its options put on the cards, and what it asks first."""

from pathlib import Path

import pytest
from huggingface_hub import HfApi
from typer.testing import CliRunner

from corpusmith_errors import UserError
from publisher.cli import app
from publisher.cli_hub import about_of
from publisher.repo import Repo


def card(kind: str, repo_id: str, hub: str) -> str:
    repo = Repo(kind, repo_id, endpoint=hub)
    return repo.read(repo.standing().files["README.md"]).decode()


def test_the_options_reach_the_cards(hub: str, corpus_folder: Path, model_folder: Path, tmp_path: Path) -> None:
    space = tmp_path / "space"
    space.mkdir()
    (space / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\napp_file: app.py\n---\n")
    (space / "app.py").write_text("pass\n")
    lines = [
        ["dataset", corpus_folder, "--repo", "local/corpus", "--pretty-name", "Small corpus", "--version", "v0.7.0"],
        ["model", model_folder, "--repo", "local/student", "--dataset", "local/corpus@v0.7.0", "--space", "local/demo"],
        ["space", space, "--repo", "local/demo", "--ner", "local/student@v0.1.0", "--dataset", "local/corpus@v0.7.0"],
    ]
    for line in lines:
        done = CliRunner().invoke(app, ["publish", *map(str, line), "--hub", hub], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    assert "pretty_name: Small corpus" in card("dataset", "local/corpus", hub)
    assert "v0.7.0" in Repo("dataset", "local/corpus", endpoint=hub).standing().tags
    student = card("model", "local/student", hub)
    assert "/datasets/local/corpus" in student and "`v0.7.0`" in student and "/spaces/local/demo" in student
    page = card("space", "local/demo", hub)
    assert "id: local/student" in page and "revision: v0.1.0" in page and "id: local/corpus" in page


def test_an_option_of_another_kind_is_refused() -> None:
    with pytest.raises(UserError, match="--ner: the card of a model takes --dataset, --space"):
        about_of("model", None, "", [], None, ["a/b@v1.0.0"], [])
    with pytest.raises(UserError, match="--space: the card of a metric takes none"):
        about_of("metric", None, "", [], "a/b", [], [])
    with pytest.raises(UserError, match="a model has one corpus"):
        about_of("model", None, "", ["a/b@v1", "a/c@v1"], None, [], [])


def test_public_asks_before_it_shows_a_standing_repo(hub: str, corpus_folder: Path) -> None:
    line = ["publish", "dataset", str(corpus_folder), "--repo", "local/corpus", "--hub", hub]
    assert CliRunner().invoke(app, line).exit_code == 0
    api = HfApi(endpoint=hub)
    refused = CliRunner().invoke(app, [*line, "--public"], input="n\n")
    assert refused.exit_code != 0 and api.dataset_info("local/corpus").private
    shown = CliRunner().invoke(app, [*line, "--public"], input="y\n")
    assert shown.exit_code == 0 and "visible from now on to everybody" in shown.stdout
    assert not api.dataset_info("local/corpus").private
