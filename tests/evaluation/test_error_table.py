from corpusmith.evaluation.error_table import error_table, mentions, seen_and_unseen
from corpusmith.evaluation.tagged import tagged_tokens

ROWS = [
    tagged_tokens(
        "a", ["breast", "cancer", "and", "gout"], ["B-Disease", "I-Disease", "O", "B-Disease"]
    ),
    tagged_tokens("b", ["BRCA1", "causes", "gout"], ["B-Gene", "O", "B-Disease"]),
    tagged_tokens("c", ["VHL", "was", "seen"], ["O", "O", "O"]),
    tagged_tokens("d", ["VHL", "was", "seen"], ["O", "O", "O"]),
]
PREDICTED = [
    ["O", "B-Disease", "O", "O"],  # ends elsewhere; gout missed
    ["B-Disease", "O", "B-Disease"],  # another type; gout right
    ["B-Disease", "O", "O"],
    ["B-Disease", "O", "O"],
]


def test_every_error_has_one_kind():
    table = error_table(ROWS, PREDICTED)
    assert table["boundary"] == {
        "count": 1,
        "examples": [{"gold": "breast cancer", "predicted": "cancer", "count": 1, "id": "a"}],
    }
    assert table["type"]["examples"] == [
        {"gold": "BRCA1", "predicted": "BRCA1", "count": 1, "id": "b"}
    ]
    assert table["missed"]["examples"] == [
        {"gold": "gout", "predicted": None, "count": 1, "id": "a"}
    ]
    assert table["spurious"] == {
        "count": 2,
        "examples": [{"gold": None, "predicted": "VHL", "count": 2, "id": "c"}],
    }


def test_examples_are_the_most_frequent_and_hold_no_sentence():
    table = error_table(ROWS, [["O"] * len(row.tags) for row in ROWS], examples=1)
    assert table["missed"]["count"] == 4
    assert table["missed"]["examples"] == [
        {"gold": "gout", "predicted": None, "count": 2, "id": "a"}
    ]


def test_no_errors_give_no_examples():
    assert error_table(ROWS, [row.tags for row in ROWS]) == {
        kind: {"count": 0, "examples": []} for kind in ("boundary", "type", "missed", "spurious")
    }


def test_seen_and_unseen_mentions_are_scored_apart():
    seen = mentions([tagged_tokens("t", ["Gout"], ["B-Disease"])])
    assert seen == {"gout"}
    scores = seen_and_unseen(ROWS, PREDICTED, seen)
    assert scores["seen"] == {"precision": 100.0, "recall": 50.0, "f1": 200 / 3, "support": 2}
    assert scores["unseen"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 2}
