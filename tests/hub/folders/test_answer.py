import json
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from corpusmith.errors import UserError
from corpusmith.hub.folders.answer import same_answer, snippet_answer
from corpusmith.hub.publish import publish
from corpusmith.hub.repo import HubTarget
from tests.training.models import SENTENCES, TAGS
from tests.training.models import write_model as write_real_model

MODEL = "lab/corpusmith-demo-disease-minilm"


@pytest.fixture
def trained(tmp_path: Path, encoder: Path, corpus_folder: Path) -> Path:
    """A model that loads, whose training recorded the corpus."""
    facts = {"task": "ner", "max_length": 64}
    folder = write_real_model(tmp_path / "trained", encoder, TAGS, facts)
    dataset = {"id": str(corpus_folder), "config": "demo-disease", "revision": None}
    training = {"task": "ner", "encoder": "some/encoder", "encoder_revision": "0" * 40, "seed": 1}
    (folder / "training.json").write_text(json.dumps(training | {"dataset": dataset}))
    return folder


def test_card_shows_what_its_snippet_prints(hub: str, trained: Path) -> None:
    from transformers import pipeline

    publish("model", trained, MODEL, target=HubTarget(hub))
    api = HfApi(endpoint=hub)
    held = json.loads(Path(api.hf_hub_download(MODEL, "examples.json")).read_text())
    run = pipeline("token-classification", model=str(trained), aggregation_strategy="first")
    printed = json.loads(json.dumps(run(held["sentences"][0]), default=float))
    assert printed and same_answer(held["answer"], printed)
    card = Path(api.hf_hub_download(MODEL, "README.md")).read_text()
    assert f'"word": {json.dumps(printed[0]["word"])}' in card.partition("It prints")[2]


def test_scores_of_another_machine_release_nothing(
    hub: str, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish("model", trained, MODEL, target=HubTarget(hub))

    def elsewhere(folder: Path, task: str, sentence: str) -> list[dict]:
        return [
            row | {"score": row["score"] - 0.01} for row in snippet_answer(folder, task, sentence)
        ]

    monkeypatch.setattr("corpusmith.hub.folders.contents.snippet_answer", elsewhere)
    again = publish("model", trained, MODEL, target=HubTarget(hub))
    assert (again.state, again.version) == ("unchanged", first.version)


def test_answers_differ_by_words_places_or_scores() -> None:
    one = [{"entity_group": "Disease", "score": 0.98, "word": "gout", "start": 0, "end": 4}]
    assert same_answer(one, [one[0] | {"score": 0.97}])
    for other in ([], [one[0] | {"score": 0.9}], [one[0] | {"end": 3}], [*one, *one]):
        assert not same_answer(one, other)


def test_model_that_does_not_load_is_refused(trained: Path) -> None:
    (trained / "model.safetensors").write_bytes(b"\0broken")
    with pytest.raises(UserError, match=r"does not load .* train it again"):
        snippet_answer(trained, "ner", SENTENCES[0])
