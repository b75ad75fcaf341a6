import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from corpusmith.evaluation.metrics import micro_counts, type_counts, type_scores
from corpusmith.evaluation.significance import f1

LABELS = ("none", "inhibits", "activates")
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


@given(ROWS)
def test_scores_agree_with_scikit_learn(rows: list[tuple[int, int]]) -> None:
    gold, predicted = map(list, zip(*rows, strict=True))
    scores = type_scores(gold, predicted, LABELS)
    expected = precision_recall_fscore_support(
        gold, predicted, labels=[1, 2], average="micro", zero_division=0
    )
    found = (scores["precision"], scores["recall"], scores["micro_f1"])
    assert found == pytest.approx(tuple(100 * value for value in expected[:3]))
    assert scores["confusion"] == confusion_matrix(gold, predicted, labels=[0, 1, 2]).tolist()
    each = precision_recall_fscore_support(gold, predicted, labels=[0, 1, 2], zero_division=0)[2]
    assert scores["macro_f1"] == pytest.approx(100 * np.mean(each))


@given(ROWS)
def test_counts_of_rows_add_up_to_micro_f1(rows: list[tuple[int, int]]) -> None:
    gold, predicted = map(list, zip(*rows, strict=True))
    total = micro_counts(type_counts(gold, predicted, len(LABELS))).sum(0)
    assert f1(total) == pytest.approx(type_scores(gold, predicted, LABELS)["micro_f1"])


def test_correct_none_class_adds_nothing_to_micro_f1() -> None:
    scores = type_scores([0, 0, 1], [0, 0, 0], LABELS)
    assert scores["micro_f1"] == 0
    assert scores["by_type"]["none"] == pytest.approx(
        {"precision": 200 / 3, "recall": 100.0, "f1": 80.0, "rows": 2}
    )


@pytest.mark.parametrize(("gold", "predicted"), [([3], [0]), ([0], [-1]), ([0, 1], [0])])
def test_class_without_label_is_refused(gold: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match=r"labels|predictions"):
        type_scores(gold, predicted, LABELS)
