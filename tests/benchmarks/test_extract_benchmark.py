import pytest

from benchmarks.extract import abstracts, measure, write_documents
from tests.training.models import TAGS, write_model


def test_abstracts_are_the_same_for_a_seed():
    assert list(abstracts(3)) == list(abstracts(3)) != list(abstracts(3, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("side", ["extract-2", "pipeline", "spacy"])
def test_each_side_extracts_each_document(tmp_path, tiny_encoder, side):
    pytest.importorskip("spacy" if side == "spacy" else "datatrove")
    model = write_model(tmp_path / "model", tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    write_documents(tmp_path / "documents.jsonl", 5, (1, 1))
    figures = measure(side, str(model), tmp_path / "documents.jsonl", 5)
    assert figures["documents_per_second"] > 0 and figures["mentions_a_document"] > 0
