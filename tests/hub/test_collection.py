"""One Collection holds the corpus, the model and the Space."""

from pathlib import Path

from huggingface_hub import HfApi

from corpusmith.hub.collection import collect
from corpusmith.hub.publish import publish
from corpusmith.hub.repo import HubTarget


def test_each_repo_is_collected_once_and_its_note_is_updated(
    hub: str, tmp_path: Path, write
) -> None:
    write_corpus, write_model = write
    corpus = publish(
        "dataset", write_corpus(tmp_path / "a"), "local/corpusmith-ner", target=HubTarget(hub)
    )
    student = publish("model", write_model(tmp_path / "m"), "local/student", target=HubTarget(hub))
    address = collect("local", [corpus, student], target=HubTarget(hub))
    assert collect("local", [corpus, student], target=HubTarget(hub)) == address
    better = publish(
        "model", write_model(tmp_path / "n", b"\0better"), "local/student", target=HubTarget(hub)
    )
    collect("local", [better], target=HubTarget(hub))
    collection = HfApi(endpoint=hub).get_collection(address.split("/collections/")[1])
    assert {(item.item_type, item.item_id): item.note for item in collection.items} == {
        ("dataset", "local/corpusmith-ner"): "v0.1.0. First release.",
        ("model", "local/student"): "v0.2.0. Trained anew.",
    }


def test_collection_is_completed_after_a_kill(hub: str, tmp_path: Path, write) -> None:
    _, write_model = write
    address = collect(
        "local",
        [publish("model", write_model(tmp_path / "a"), "local/student", target=HubTarget(hub))],
        target=HubTarget(hub),
    )
    better = write_model(tmp_path / "b", b"\0better")
    publish("model", better, "local/student", target=HubTarget(hub))  # killed here
    again = publish("model", better, "local/student", target=HubTarget(hub))
    collect("local", [again], target=HubTarget(hub))
    (item,) = HfApi(endpoint=hub).get_collection(address.split("/collections/")[1]).items
    assert (again.state, item.note) == ("unchanged", "v0.2.0.")
