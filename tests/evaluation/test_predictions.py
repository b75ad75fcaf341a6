import json

import pytest

from corpusmith.errors import UserError
from corpusmith.evaluation.evaluate import compare, evaluate

TAGGED = [
    {"id": "1", "tokens": ["Mild", "ague", "and", "mumps"], "ner_tags": ["O", "B-D", "O", "B-D"]},
    {"id": "2", "tokens": ["Salt", "cured", "ague"], "ner_tags": ["B-C", "O", "B-D"]},
]
MASKED = [
    {"id": "1", "text": "@GENE$ drives @DISEASE$.", "label": 1},
    {"id": "2", "text": "@GENE$ spares @DISEASE$.", "label": 0},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def gold(tmp_path):
    return write(tmp_path / "gold.jsonl", TAGGED)


@pytest.fixture
def masked(tmp_path):
    return write(tmp_path / "masked.jsonl", MASKED)


def tags_of(*tags):
    return [{"id": row["id"], "ner_tags": list(of)} for row, of in zip(TAGGED, tags, strict=True)]


PERFECT = tags_of("OBOB", "BOB")
for row, truth in zip(PERFECT, TAGGED, strict=True):
    row["ner_tags"] = truth["ner_tags"]


def test_schemes_of_predictions_and_benchmark_may_differ(gold, tmp_path):
    rows = tags_of(["O", "S-D", "O", "S-D"], ["S-C", "O", "S-D"])
    assert evaluate(write(tmp_path / "p.jsonl", rows), gold)["strict_f1"] == 100


def test_predictions_may_be_in_any_format(gold, tmp_path):
    (tmp_path / "p.conll").write_text(
        "Mild O\nague B-D\nand O\nmumps B-D\n\nSalt B-C\ncured O\nague B-D\n"
    )
    assert evaluate(str(tmp_path / "p.conll"), gold)["strict_f1"] == 100
    rows = [
        {"id": "1", "text": "Mild ague and mumps", "entities": [[5, 9, "D"], [14, 19, "D"]]},
        {"id": "2", "text": "Salt cured ague", "entities": [[0, 4, "C"], [11, 15, "D"]]},
    ]
    assert evaluate(write(tmp_path / "p.json", rows), gold)["strict_f1"] == 100


def test_predictions_of_words_in_other_order_are_refused(gold, tmp_path):
    (tmp_path / "p.conll").write_text(
        "Mild O\nmumps B-D\nand O\nague B-D\n\nSalt B-C\ncured O\nague B-D\n"
    )
    with pytest.raises(UserError, match="line 1: its words are not those of row 1"):
        evaluate(str(tmp_path / "p.conll"), gold)


def test_types_are_filtered_in_predictions_too(gold, tmp_path):
    figures = evaluate(write(tmp_path / "p.jsonl", PERFECT), gold, types={"D": "D"})
    assert (figures["strict_f1"], set(figures["by_type"])) == (100, {"D"})


@pytest.mark.parametrize("name", ["D", "Disease"])
def test_predictions_may_use_either_name_of_a_type(gold, tmp_path, name):
    rows = tags_of(["O", f"B-{name}", "O", f"B-{name}"], ["O", "O", f"B-{name}"])
    figures = evaluate(write(tmp_path / "p.jsonl", rows), gold, types={"D": "Disease"})
    assert figures["strict_f1"] == 100


def test_unknown_type_in_types_is_refused(gold, tmp_path):
    with pytest.raises(UserError, match="marks no Dis in its test split: its types are C, D"):
        evaluate(write(tmp_path / "p.jsonl", PERFECT), gold, types={"Dis": "D"})


def test_predictions_of_other_types_are_refused(gold, tmp_path):
    rows = tags_of(["O", "B-X", "O", "B-X"], ["O", "O", "B-X"])
    with pytest.raises(
        UserError, match=r"predicts X and .* marks C, D: map the names with `--types"
    ):
        evaluate(write(tmp_path / "p.jsonl", rows), gold)


def test_predictions_of_other_types_are_refused_with_types_too(gold, tmp_path):
    """`--types` would leave every mention out, and score 0."""
    rows = tags_of(["O", "B-X", "O", "B-X"], ["O", "O", "B-X"])
    with pytest.raises(UserError, match=r"predicts X and .* marks D: map the names"):
        evaluate(write(tmp_path / "p.jsonl", rows), gold, types={"D": "D"})


def test_extra_type_gives_warning(gold, tmp_path):
    rows = tags_of(["B-X", "B-D", "O", "B-D"], ["B-C", "O", "B-D"])
    (warning,) = evaluate(write(tmp_path / "p.jsonl", rows), gold)["warnings"]
    assert "marks no X" in warning


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (PERFECT[:1], "no prediction for 1 rows, 2 among them"),
        (
            [*PERFECT, {"id": "3", "ner_tags": []}],
            "predicts 1 rows that .* does not have, 3 among them",
        ),
        ([PERFECT[0], PERFECT[0]], "has the id 1 more than once"),
        ([{"ner_tags": row["ner_tags"]} for row in PERFECT], "line 1: no id"),
        (tags_of("OOO", "OOO"), "line 1: 3 tags for the 4 words of row 1"),
        ([{"id": "1", "label": 1}, {"id": "2", "label": 1}], "line 1: no tags and no entities"),
    ],
)
def test_predictions_of_other_rows_are_refused(gold, tmp_path, rows, problem):
    with pytest.raises(UserError, match=problem):
        evaluate(write(tmp_path / "p.jsonl", rows), gold)


def test_repeated_ids_are_matched_in_order(tmp_path):
    gold = write(tmp_path / "gold.jsonl", [{**row, "id": "x"} for row in TAGGED])
    rows = write(tmp_path / "p.jsonl", [{**row, "id": "x"} for row in PERFECT])
    assert evaluate(rows, gold)["strict_f1"] == 100
    with pytest.raises(UserError, match=r"gold\.jsonl has the id x more than once"):
        evaluate(write(tmp_path / "q.jsonl", [{"id": "x", "ner_tags": ["O"] * 4}]), gold)


@pytest.mark.parametrize(
    "labels", [(1, 0), ("1", "0"), (True, False), (1.0, 0.0), ("related", "unrelated")]
)
def test_classes_may_be_numbers_or_names(masked, tmp_path, labels):
    rows = [{"id": str(n), "label": label} for n, label in enumerate(labels, 1)]
    assert evaluate(write(tmp_path / "p.jsonl", rows), masked)["macro_f1"] == 100


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ({"label": 0, "score": 0.97}, "line 2: label 0 contradicts score 0.97"),
        (
            {"label": 0, "score": -2.1},
            "line 2: score -2.1 is no probability; write 0 to 1, no logit",
        ),
        ({"label": 0, "score": 17}, "line 2: score 17 is no probability"),
        ({"label": 0, "score": "high"}, "line 2: score 'high' is no probability"),
        ({"score": True}, "line 2: score True is no probability"),
        ({"label": -1}, "line 2: label -1 is no class"),
        ({"label": 2}, "line 2: label 2 is no class"),
        ({"label": "LABEL_0"}, "line 2: label 'LABEL_0' is no class"),
        ({"label": 0.9}, "line 2: label 0.9 is no class"),
        ({"label": None}, "line 2: no label and no score"),
        ({"label": [0.9, 0.1]}, "line 2: label .* is no class"),
    ],
)
def test_relation_prediction_must_be_class_or_probability(masked, tmp_path, second, problem):
    rows = [{"id": "1", "label": 1}, {"id": "2", **second}]
    with pytest.raises(UserError, match=problem):
        evaluate(write(tmp_path / "p.jsonl", rows), masked)


def test_comparison_filters_types_like_evaluation(gold, tmp_path):
    one, other = (write(tmp_path / name, PERFECT) for name in ("a.jsonl", "b.jsonl"))
    assert compare(one, other, gold, types={"D": "D"})["difference"] == 0


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([*MASKED, TAGGED[0]], "line 3: entities and relations in one file"),
        ([{"id": "1", "text": None, "label": 1}], "line 1: text is None"),
        ([{"id": "1", "text": "", "label": 1}], "line 1: text is ''"),
        (
            [{"id": "1", "text": "@GENE$ and @DISEASE$", "label": 0.9}],
            "line 1: label 0.9 is no class",
        ),
        ([{"id": "1", "text": "plain"}], "line 1: no tokens with tags, no entities and no label"),
        ([{"id": "1", "tokens": [], "ner_tags": []}], "holds no word"),
    ],
)
def test_benchmark_without_gold_labels_is_refused(tmp_path, rows, problem):
    with pytest.raises(UserError, match=problem):
        evaluate(write(tmp_path / "p.jsonl", PERFECT), write(tmp_path / "gold.jsonl", rows))


def test_overlapping_predicted_entities_are_refused(gold, tmp_path):
    rows = [
        {"id": "1", "text": "Mild ague and mumps", "entities": [[0, 9, "D"], [5, 9, "D"]]},
        {"id": "2", "text": "Salt cured ague", "entities": []},
    ]
    with pytest.raises(UserError, match="line 1: entities overlap in row 1"):
        evaluate(write(tmp_path / "p.jsonl", rows), gold)


def test_relation_predictions_may_be_a_table(masked, tmp_path):
    (tmp_path / "p.csv").write_text("id,label,score\n1,1,0.9\n2,0,0.2\n")
    assert evaluate(str(tmp_path / "p.csv"), masked)["macro_f1"] == 100
    (tmp_path / "p.csv").write_text("id,score\n1,90%\n2,2%\n")
    with pytest.raises(UserError, match="row 2: score '90%' is no probability"):
        evaluate(str(tmp_path / "p.csv"), masked)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([[5, 8, "D"]], "'agu' begins or ends inside a word of row 1"),
        ([[5, 9, "D"], [14, 17, "D"], [17, 19, "D"]], "inside a word of row 1"),
        ([[0, 2, "D"], [2, 4, "D"]], "share a word of row 1"),
    ],
)
def test_span_inside_a_word_does_not_count_as_the_word(tmp_path, found, problem):
    text = "Mild ague and mumps"
    gold = write(
        tmp_path / "gold.jsonl",
        [{"id": "1", "text": text, "entities": [[5, 9, "D"], [14, 19, "D"]]}],
    )
    rows = [{"id": "1", "text": text, "entities": found}]
    with pytest.raises(UserError, match=problem):
        evaluate(write(tmp_path / "p.jsonl", rows), gold)


def test_span_inside_a_word_is_right_where_the_gold_standard_has_it(tmp_path):
    row = {"id": "1", "text": "Severe gouty pain", "entities": [[7, 11, "D"]]}
    gold, same = (write(tmp_path / name, [row]) for name in ("gold.jsonl", "p.jsonl"))
    assert evaluate(same, gold)["strict_f1"] == 100
    other = {**row, "entities": [[8, 17, "D"]]}  # another part, and other words: simply wrong
    assert evaluate(write(tmp_path / "q.jsonl", [other]), gold)["strict_f1"] == 0
