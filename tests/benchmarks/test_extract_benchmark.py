from benchmarks.extract import abstracts, measure
from tests.training.models import TAGS, write_model


def test_abstracts_are_the_same_for_a_seed():
    assert list(abstracts(3)) == list(abstracts(3)) != list(abstracts(3, seed=1))


def test_each_document_is_extracted(tmp_path, tiny_encoder):
    model = write_model(tmp_path / "model", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    figures = measure("ours", str(model), 5)
    assert figures["documents_per_second"] > 0 and figures["mentions"] >= 0
