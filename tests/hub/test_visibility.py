"""A repo becomes public only on request."""

from pathlib import Path

from huggingface_hub import HfApi

from corpusmith.cli.display import release_lines
from corpusmith.hub.publish import publish
from corpusmith.hub.repo import HubTarget
from tests.hub.published import CORPUS


def test_existing_repo_becomes_public_only_on_request_and_as_last_step(
    hub: str, tmp_path: Path, write
) -> None:
    write_corpus, _ = write
    publish("dataset", write_corpus(tmp_path / "a"), CORPUS, target=HubTarget(hub))
    api, more = HfApi(endpoint=hub), write_corpus(tmp_path / "b", rows=30)
    planned = publish("dataset", more, CORPUS, target=HubTarget(hub, private=False, dry_run=True))
    assert planned.shown and "would become visible to everybody" in release_lines(planned)
    assert api.dataset_info(CORPUS).private
    done = publish("dataset", more, CORPUS, target=HubTarget(hub, private=False))
    assert (done.state, done.shown) == ("released", True) and not api.dataset_info(CORPUS).private
    again = publish("dataset", more, CORPUS, target=HubTarget(hub, private=False))
    assert (again.state, again.shown) == ("unchanged", False)
    publish("dataset", more, CORPUS, target=HubTarget(hub))
    assert not api.dataset_info(CORPUS).private, (
        "what is public isn't hidden by a release that says nothing of it"
    )


def test_unchanged_repo_can_become_public_but_not_by_a_pull_request(
    hub: str, corpus_folder: Path
) -> None:
    publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    (corpus_folder / "recipes" / "demo-disease" / "recipe.yaml").write_text(
        "name: demo-disease\ntitle: New\n"
    )
    assert not publish(
        "dataset", corpus_folder, CORPUS, target=HubTarget(hub, private=False, pull_request=True)
    ).shown
    assert HfApi(endpoint=hub).dataset_info(CORPUS).private
    publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub))
    done = publish("dataset", corpus_folder, CORPUS, target=HubTarget(hub, private=False))
    assert (done.state, done.shown) == ("unchanged", True)
    assert "is visible from now on to everybody" in release_lines(done)
