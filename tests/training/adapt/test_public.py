"""Public documents of a Hub dataset, and what a card and a release make of them."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from corpusmith.errors import UserError
from corpusmith.hub.checks import refuse_adapted
from corpusmith.training.adapt.documents import sample_sentences
from corpusmith.training.adapt.public import check_base, located
from corpusmith.training.adapt.settings import adapt_settings

ID = "local/abstracts"


@pytest.fixture
def dataset(hub: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset of two abstracts in Parquet and one in a text file; its commit."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub)
    template = f"{hub}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    api = HfApi(token="any-token")
    api.create_repo(ID, repo_type="dataset")
    table = pa.table({"text": ["Asthma was seen in two men.", "No gout was found in them."]})
    content = io.BytesIO()
    pq.write_table(table, content)
    for path, written in {
        "data/train.parquet": content.getvalue(),
        "more.txt": b"A third text has lupus in it.",
    }.items():
        api.upload_file(path_or_fileobj=written, path_in_repo=path, repo_id=ID, repo_type="dataset")
    return str(api.dataset_info(ID).sha)


def test_text_of_a_hub_dataset_is_read_at_its_revision(dataset: str) -> None:
    paths, sources = located([f"hf://datasets/{ID}@{dataset}"], "CC-BY-4.0")
    assert sources == [{"id": ID, "revision": dataset, "license": "CC-BY-4.0"}]
    sample = sample_sentences(paths, adapt_settings(sentences=20))
    assert sorted(" ".join(words) for words in sample.sentences) == [
        "A third text has lupus in it .",
        "Asthma was seen in two men .",
        "No gout was found in them .",
    ]
    assert located([f"hf://datasets/{ID}"], None)[1] == [], "without a licence it is not public"


def test_public_text_needs_revision_and_no_local_file(dataset: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names no revision"):
        located([f"hf://datasets/{ID}"], "CC-BY-4.0")
    with pytest.raises(UserError, match="--public-text is for hf://"):
        located([tmp_path], "CC-BY-4.0")
    with pytest.raises(UserError, match="cannot read hf://datasets/local/absent"):
        located(["hf://datasets/local/absent@main"], "CC-BY-4.0")


def test_public_text_does_not_make_a_private_model_public() -> None:
    source = {"id": ID, "revision": "0" * 40, "license": "CC0-1.0"}
    assert check_base({"task": "ner"}, "m") == []
    assert check_base({"adapted": {"documents": 3, "public": [source]}}, "m") == [source]
    for private in ({"adapted": {"documents": 3}}, {"reviewed": {"sentences": 9}}):
        with pytest.raises(UserError, match="does not make it public"):
            check_base(private, "m")


def test_model_of_public_text_may_be_published(tmp_path: Path) -> None:
    adapted = {"documents": 3, "public": [{"id": ID, "revision": "0" * 40, "license": "CC0-1.0"}]}
    (tmp_path / "training.json").write_text(json.dumps({"adapted": adapted}))
    refuse_adapted(tmp_path)
    del adapted["public"]
    (tmp_path / "training.json").write_text(json.dumps({"adapted": adapted}))
    with pytest.raises(UserError, match="3 local documents"):
        refuse_adapted(tmp_path)
