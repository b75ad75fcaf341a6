import numpy as np

from corpusmith.training.validation import FEWEST_OF_TYPE, score_relations

LABELS = ["none", "raises", "lowers"]


def rows(type_: int, related: float, gold: int, count: int) -> tuple[list[int], list[list[float]]]:
    """Rows of one class whose pair is related by `type_` with this probability."""
    chances = [1 - related, 0.0, 0.0]
    chances[type_] = related
    return [gold] * count, [chances] * count


def scored(choose: bool) -> dict:
    """Pairs that "raises" are unsure at 0.4, pairs that "lowers" have false friends at 0.7."""
    parts = [
        rows(1, 0.4, 1, 60),
        rows(1, 0.1, 0, 60),
        rows(2, 0.9, 2, 60),
        rows(2, 0.7, 0, 60),
    ]
    gold = [label for labels, _ in parts for label in labels]
    chances = np.array([row for _, chances in parts for row in chances])
    return score_relations(gold, chances, LABELS, choose)


def test_each_type_gets_the_threshold_that_parts_its_rows() -> None:
    found = scored(choose=True)
    assert 0.1 < found["thresholds"]["raises"] <= 0.4
    assert 0.7 < found["thresholds"]["lowers"] <= 0.9
    assert found["micro_f1"] == 100 and found["threshold"] == 0.5


def test_without_choice_all_types_share_one_half() -> None:
    found = scored(choose=False)
    assert "thresholds" not in found
    assert found["by_type"]["raises"]["recall"] == 0
    assert found["by_type"]["lowers"]["precision"] == 50


def test_type_with_few_rows_keeps_one_half() -> None:
    gold, chances = rows(1, 0.4, 1, FEWEST_OF_TYPE - 1)
    assert "thresholds" not in score_relations(gold, np.array(chances), LABELS, True)


def test_threshold_that_gains_little_stays_near_one_half() -> None:
    sure = [rows(1, 0.9, 1, 90), rows(1, 0.9, 0, 10)]  # 10 false ones at any threshold
    parts = [*sure, rows(1, 0.3, 1, 1), rows(1, 0.2, 0, 99)]
    gold = [label for labels, _ in parts for label in labels]
    chances = np.array([row for _, chances in parts for row in chances])
    assert score_relations(gold, chances, LABELS, True)["thresholds"] == {"raises": 0.5}
