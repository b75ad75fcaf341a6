import json
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.evaluation.evaluate import compare, evaluate, overlap_scores
from corpusmith.evaluation.metrics import span_scores
from corpusmith.evaluation.tagged import tagged_text
from corpusmith.inference import EntityExtractor
from tests.training.models import SENTENCES, TAGS, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder):
    folder = write_model(
        tmp_path_factory.mktemp("model"), tiny_encoder, TAGS, {"task": "ner", "max_length": 64}
    )
    (folder / "training.json").write_text('{"seed": 13}')
    return str(folder)


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory, model):
    """Gold labels equal the model's output, except that one sentence in five has none."""
    folder = tmp_path_factory.mktemp("benchmark")
    extractor = EntityExtractor.from_pretrained(model)
    rows = [tagged_text(str(i), text, []) for i, text in enumerate(SENTENCES)]
    tags = extractor.tag([row.tokens for row in rows])
    assert any(set(of_row) != {"O"} for of_row in tags[::5])
    gold = [["O"] * len(of_row) if i % 5 == 0 else of_row for i, of_row in enumerate(tags)]
    rows = [
        {"id": r.id, "tokens": r.tokens, "ner_tags": g} for r, g in zip(rows, gold, strict=True)
    ]
    write_rows(folder / "dev.jsonl", rows)
    return folder


def test_model_is_scored_over_words_and_as_deployed(model, benchmark):
    figures = evaluate(model, str(benchmark), "dev")
    assert figures["recall"] == figures["as_deployed"]["recall"] == 100
    assert 0 < figures["precision"] < 100
    assert figures["strict_f1"] == pytest.approx(figures["as_deployed"]["strict_f1"])
    assert figures["ci95"][0] <= figures["strict_f1"] <= figures["ci95"][1]
    assert figures["errors"]["spurious"]["count"] > 0 == figures["errors"]["missed"]["count"]
    assert figures["relaxed"]["recall"] == figures["boundary_only"]["recall"] == 100
    assert (figures["sentences"], figures["seed"], figures["backend"]) == (
        len(SENTENCES),
        13,
        "torch",
    )
    assert 0 < figures["calibration"]["ece"] < 1
    assert figures["warnings"] == []
    json.dumps(figures)


def test_relaxed_and_boundary_figures_are_those_of_semeval():
    """One span right, one too short, one of another type, one of another type and too long, one
    missed, one made up.
    """
    gold = ["B-D", "I-D", "O", "B-D", "I-D", "O", "B-D", "O", "B-D", "O", "B-D", "O", "O"]
    predicted = ["B-D", "I-D", "O", "B-D", "O", "O", "B-C", "O", "B-C", "I-C", "O", "O", "B-D"]
    relaxed = overlap_scores([gold], [predicted], "ent_type")
    # Counted: the right span and the one that is too short.
    assert (relaxed["precision"], relaxed["recall"]) == (
        100 * 2 / 5,
        100 * 2 / 5,
    )
    boundary = overlap_scores([gold], [predicted], "exact")
    # Counted: the right span and the one of another type.
    assert (boundary["precision"], boundary["recall"]) == (
        100 * 2 / 5,
        100 * 2 / 5,
    )
    assert boundary["f1"] == pytest.approx(40)


def test_warning_where_raw_text_scores_differ_from_words(model, tmp_path):
    # One benchmark word is two of our words. From raw text it gets the tag of the first one.
    extractor = EntityExtractor.from_pretrained(model)
    joined = [sentence.split() for sentence in SENTENCES]
    tags = extractor.tag(joined)
    write_rows(
        tmp_path / "dev.jsonl",
        [
            {"id": i, "tokens": w, "ner_tags": t}
            for i, (w, t) in enumerate(zip(joined, tags, strict=True))
        ],
    )
    figures = evaluate(model, str(tmp_path), "dev")
    assert figures["strict_f1"] == 100 > figures["as_deployed"]["strict_f1"]
    assert any("from raw text strict F1 is" in warning for warning in figures["warnings"])


def test_predictions_are_scored_like_a_model(model, benchmark, tmp_path):
    gold = [json.loads(line) for line in (benchmark / "dev.jsonl").read_text().splitlines()]
    tags = EntityExtractor.from_pretrained(model).tag([row["tokens"] for row in gold])
    rows = [{"id": row["id"], "ner_tags": t} for row, t in zip(gold, tags, strict=True)]
    file = write_rows(tmp_path / "predictions.jsonl", reversed(rows))
    ours, theirs = evaluate(model, str(benchmark), "dev"), evaluate(file, str(benchmark), "dev")
    for name in ("strict_f1", "precision", "recall", "by_type", "ci95", "errors"):
        assert theirs[name] == ours[name]
    assert theirs["strict_f1"] == span_scores([row["ner_tags"] for row in gold], tags)["strict_f1"]
    assert compare(model, file, str(benchmark), "dev")["p"] == 1


def test_seen_and_unseen_mentions_are_scored_apart(model, benchmark, ner_dataset, tmp_path):
    figures = evaluate(model, str(benchmark), "dev", training=str(ner_dataset))
    sides = figures["mentions"]
    assert (
        sides["seen"]["support"] + sides["unseen"]["support"]
        == figures["by_type"]["Disease"]["support"]
    )


def test_predictions_must_cover_the_benchmark(benchmark, tmp_path):
    file = write_rows(tmp_path / "predictions.jsonl", [{"id": "0", "ner_tags": ["O"]}])
    with pytest.raises(UserError, match="no prediction for"):
        evaluate(file, str(benchmark), "dev")
    file = write_rows(tmp_path / "broken.jsonl", [{"id": "0"}])
    with pytest.raises(UserError, match="line 1: no tokens and no text"):
        evaluate(file, str(benchmark), "dev")


def test_model_must_share_a_type_with_benchmark(model, tmp_path):
    rows = [{"id": "1", "tokens": ["aspirin"], "ner_tags": ["B-Chemical"]}]
    write_rows(tmp_path / "dev.jsonl", rows)
    with pytest.raises(UserError, match="marks Chemical and the model finds Disease"):
        evaluate(model, str(tmp_path), "dev")
    rows.append({"id": "2", "tokens": ["gout"], "ner_tags": ["B-Disease"]})
    write_rows(tmp_path / "dev.jsonl", rows)
    assert any(
        "has no type Chemical" in warning
        for warning in evaluate(model, str(tmp_path), "dev")["warnings"]
    )


RELATIONS = [{"id": i, "text": f"@GENE$ and @DISEASE$ {i}", "label": int(i < 6)} for i in range(10)]


def test_relations_from_scores_and_from_labels(tmp_path):
    benchmark = write_rows(tmp_path / "dev.jsonl", RELATIONS)
    # The ninth row scores 0.5, so 9 rows are positive.
    scored = [{"id": i, "label": int(i < 9), "score": 0.9 - i / 20} for i in range(10)]
    figures = evaluate(write_rows(tmp_path / "s.jsonl", scored), benchmark, "dev")
    assert figures["precision"] == pytest.approx(100 * 6 / 9)
    assert (figures["recall"], figures["auroc"], figures["threshold"]) == (100, 1.0, 0.5)
    low, high = figures["ci95"]["macro_f1"]
    assert low <= figures["macro_f1"] <= high
    always = evaluate(
        write_rows(tmp_path / "l.jsonl", [{"id": i, "label": 1} for i in range(10)]),
        benchmark,
        "dev",
    )
    assert always["positive_f1"] == pytest.approx(75)
    assert (always["mcc"], always["auroc"], always["accuracy"]) == (0, 0.5, 60)


def test_relation_model_is_scored_at_its_own_threshold(tmp_path, tiny_encoder):
    benchmark = write_rows(tmp_path / "dev.jsonl", RELATIONS)
    facts = {
        "task": "relations",
        "head": "GENE",
        "tail": "DISEASE",
        "threshold": 1.1,
        "max_length": 64,
    }
    folder = write_model(tmp_path / "model", tiny_encoder, ["unrelated", "related"], facts)
    figures = evaluate(str(folder), benchmark, "dev")
    assert (figures["task"], figures["threshold"], figures["recall"]) == ("relations", 1.1, 0)
    with pytest.raises(UserError, match="no relation model"):
        evaluate(
            str(write_model(tmp_path / "ner", tiny_encoder, TAGS, {"task": "ner"})),
            benchmark,
            "dev",
        )


def test_absent_predictions_are_not_taken_for_a_hub_repo(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"id": "1", "tokens": ["gout"], "ner_tags": ["B-X"]}\n')
    with pytest.raises(UserError, match=r"gone\.jsonl: no such file or folder, and no name"):
        evaluate(str(tmp_path / "gone.jsonl"), str(tmp_path), "dev")
