"""Version rules. A change of labels, schema, prompt, teacher or lexicon raises the first number,
of rows the second, of the card the third.
"""

import pytest

from corpusmith.errors import UserError
from corpusmith.hub.versions import Step, code_step, dataset_step, model_step, next_version, parse

BUILD = {
    "fingerprint": "a",
    "content_hash": "1",
    "labels": ["Disease"],
    "teacher": {"model": "m"},
    "features": [1],
    "splits": {"train": {"rows": 10}},
}


def rows(count: int) -> dict:
    """The build with the given number of rows."""
    return {"words": BUILD | {"content_hash": "2", "splits": {"train": {"rows": count}}}}


@pytest.mark.parametrize(
    ("after", "place", "reason"),
    [
        ({"words": BUILD}, 2, "Card and metadata only."),
        ({"words": BUILD | {"content_hash": "2"}}, 1, "words: other rows of the same kind."),
        (rows(12), 1, "words: more rows of the same kind."),
        (rows(8), 1, "words: fewer rows of the same kind."),
        (
            {"words": BUILD | {"fingerprint": "b", "content_hash": "2"}},
            0,
            "words: changed recipe or verification.",
        ),
        ({"words": BUILD | {"fingerprint": "b", "labels": ["Gene"]}}, 0, "words: changed labels."),
        (
            {"words": BUILD | {"fingerprint": "b", "teacher": {"model": "n"}}},
            0,
            "words: changed teacher.",
        ),
        ({"words": BUILD | {"features": [2]}}, 0, "words: changed schema."),
        ({"words": BUILD, "more": BUILD}, 1, "New config more."),
        ({"words": BUILD | {"fingerprint": "b"}}, 2, "Card and metadata only."),
        (
            {"words": BUILD | {"fingerprint": "b", "content_hash": "2"}, "more": BUILD},
            0,
            "New config more. words: changed recipe or verification.",
        ),
        ({"more": BUILD}, 0, "Removed: words."),
    ],
)
def test_dataset_change_raises_version(after: dict, place: int, reason: str) -> None:
    assert dataset_step({"words": BUILD}, after) == Step(place, reason)


def test_first_release_is_v0_1_0() -> None:
    assert next_version(None, dataset_step({}, {"words": BUILD})) == "v0.1.0"
    assert model_step({}, {"task": "ner"}, ["config.json"]).reason == "First release."


@pytest.mark.parametrize(("place", "after"), [(0, "v2.0.0"), (1, "v1.3.0"), (2, "v1.2.4")])
def test_version_step_resets_lower_numbers(place: int, after: str) -> None:
    assert next_version("v1.2.3", Step(place, "")) == after


def test_model_and_code_change_raises_version() -> None:
    model = {"task": "ner", "encoder": "a/b", "labels": ("Disease",)}
    assert model_step(model, model | {"encoder": "c/d"}, ["model.safetensors"]).place == 0
    assert model_step(model, model, ["onnx/model.onnx"]) == Step(1, "Trained anew.")
    assert model_step(model, model, ["README.md"]).place == 2
    assert code_step(False, ["README.md", "app.py"]) == Step(1, "Changed app.py.")
    assert code_step(False, ["README.md"]).place == 2


@pytest.mark.parametrize("version", ["1.2.3", "v1.2", "v1.2.x", "main", ""])
def test_invalid_versions_are_refused(version: str) -> None:
    with pytest.raises(UserError, match=r"v1\.2\.3"):
        parse(version)
