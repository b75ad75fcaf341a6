"""Sentences to correct, kept in a folder."""

import json
import stat

import pytest

from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.training.review.sentences import Review, page_content


def test_corrections_are_kept_and_read_back(review: Review) -> None:
    first, second = review.sentences[:2]
    review.save(first.id, [[2, 4, "Disease"], [0, 1, "Disease"]])
    review.save(second.id, [])
    opened = Review.of(review.folder)
    assert opened.corrected == {first.id: [(0, 1, "Disease"), (2, 4, "Disease")], second.id: []}
    rows = read_benchmark(str(review.folder / "corrected.jsonl"), "test").tagged
    assert [row.tags[:4] for row in rows] == [
        ("B-Disease", "O", "B-Disease", "I-Disease"),
        ("O", "O", "O", "O"),
    ]
    for path in review.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize(
    "spans",
    [
        [[0, 2, "Disease"], [1, 3, "Disease"]],
        [[0, 99, "Disease"]],
        [[2, 2, "Disease"]],
        [[0, 1, "Gene"]],
        [[0, True, "Disease"]],
        [["0", 1, "Disease"]],
        [[0, 1]],
        {"0": 1},
        None,
    ],
)
def test_wrong_spans_are_refused_and_nothing_is_saved(review: Review, spans: object) -> None:
    with pytest.raises(ValueError):
        review.save("1", spans)  # type: ignore[arg-type]
    assert not (review.folder / "corrected.jsonl").exists()


def test_page_content_joins_to_the_text(review: Review) -> None:
    content = json.loads(json.dumps(page_content(review)))
    for shown, sentence in zip(content["sentences"], review.sentences, strict=True):
        assert "".join(space + word for space, word in shown["words"]) == sentence.text
        assert shown["spans"] == [list(span) for span in sentence.found] and not shown["done"]
