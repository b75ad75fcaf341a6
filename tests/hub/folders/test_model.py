"""What a model repo tells of its evaluations."""

import pytest

from corpusmith.hub.folders.model import public_evaluation

ERRORS = {"missed": {"count": 2, "examples": [{"gold": "ague", "predicted": None, "id": "ward-7"}]}}


@pytest.mark.parametrize(
    ("benchmark", "shown"),
    [("ward/annotations", False), ("corpus", True), ("you/abstracts:notes@v1.0.0", True)],
)
def test_words_of_local_annotations_are_not_published(benchmark: str, shown: bool) -> None:
    document = {"benchmark": benchmark, "split": "test", "backend": "onnx", "errors": ERRORS}
    told = public_evaluation(document, {"id": "runs/corpus", "config": "ague"})
    assert told["errors"]["missed"]["count"] == 2
    assert ("examples" in told["errors"]["missed"]) == shown
    assert ("ward-7" in str(told)) == shown
