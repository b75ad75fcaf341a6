import warnings
from pathlib import Path

import evaluate
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities
from sklearn import metrics as sklearn

import corpusmith.evaluation.metrics
from corpusmith.evaluation.metrics import calibration_error, relation_scores, span_scores, spans

unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))
TAGS = st.sampled_from(
    ["O", "B", "I", "B-Disease", "I-Disease", "B-Chemical", "B-Cell-line", "I-Cell-line"]
)


@unhurried
@given(st.lists(TAGS, max_size=12))
def test_spans_equal_seqeval(tags):
    assert spans(tags) == [(type_, start, end + 1) for type_, start, end in get_entities(tags)]


@unhurried
@given(st.lists(st.lists(st.tuples(TAGS, TAGS), max_size=8), min_size=1, max_size=6))
def test_span_scores_equal_seqeval(sentences):
    gold, predicted = (
        [[pair[side] for pair in sentence] for sentence in sentences] for side in (0, 1)
    )
    ours = span_scores(gold, predicted)
    if not any(spans(tags) for tags in gold + predicted):
        assert ours["strict_f1"] == 0 and ours["by_type"] == {}
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    assert ours["strict_f1"] == pytest.approx(100 * report["micro avg"]["f1-score"])
    assert ours["precision"] == pytest.approx(100 * report["micro avg"]["precision"])
    assert ours["recall"] == pytest.approx(100 * report["micro avg"]["recall"])
    for type_, scores in ours["by_type"].items():
        assert scores["f1"] == pytest.approx(100 * report[type_]["f1-score"])
        assert scores["support"] == report[type_]["support"]


def test_span_scores_refuse_sentences_of_different_length():
    with pytest.raises(ValueError, match="2 gold tags has 1 predicted"):
        span_scores([["O", "O"]], [["O"]])
    with pytest.raises(ValueError, match="1 gold sentences, 0 predicted"):
        span_scores([["O"]], [])


@unhurried
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.6, 1.0])),
        min_size=1,
        max_size=30,
    )
)
def test_relation_scores_equal_scikit_learn(rows):
    labels, probabilities = [row[0] for row in rows], [row[1] for row in rows]
    answers = [int(p >= 0.5) for p in probabilities]
    ours = relation_scores(labels, probabilities, threshold=0.5)
    assert ours["positive_f1"] == pytest.approx(
        100 * sklearn.f1_score(labels, answers, zero_division=0)
    )
    assert ours["precision"] == pytest.approx(
        100 * sklearn.precision_score(labels, answers, zero_division=0)
    )
    assert ours["recall"] == pytest.approx(
        100 * sklearn.recall_score(labels, answers, zero_division=0)
    )
    both = sklearn.f1_score(labels, answers, labels=[0, 1], average="macro", zero_division=0)
    assert ours["macro_f1"] == pytest.approx(100 * both)
    assert ours["accuracy"] == pytest.approx(100 * sklearn.accuracy_score(labels, answers))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours["mcc"] == pytest.approx(sklearn.matthews_corrcoef(labels, answers), abs=1e-12)
    if len(set(labels)) == 2:
        assert ours["auroc"] == pytest.approx(sklearn.roc_auc_score(labels, probabilities))
    else:
        assert ours["auroc"] is None


def test_relation_scores_refuse_other_labels_and_lengths():
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        relation_scores([2], [0.5], 0.5)
    with pytest.raises(ValueError, match="1 labels, 2 probabilities"):
        relation_scores([1], [0.5, 0.5], 0.5)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    assert calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False]) == pytest.approx(
        (0.2 + 0.2) / 4
    )
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([], []) == 0


def test_calibration_error_of_calibrated_model_is_zero():
    random = np.random.default_rng(0)
    confidences = random.uniform(size=20_000)
    assert calibration_error(confidences, random.uniform(size=20_000) < confidences) < 0.02


def test_metric_modules_load_offline_by_path(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    modules = Path(corpusmith.evaluation.metrics.__file__).parent / "metric_modules"
    for name, arguments, expected in (
        (
            "strict_span_f1",
            {"references": [["B-X", "I-X"]], "predictions": [["B-X", "I-X"]]},
            {"strict_f1": 100},
        ),
        (
            "relation_scores",
            {"references": [1, 0], "predictions": [0.4, 0.3], "threshold": 0.35},
            {"macro_f1": 100},
        ),
    ):
        metric = evaluate.load(str(modules / name / f"{name}.py"), cache_dir=str(tmp_path))
        scores = metric.compute(**arguments)
        assert expected.items() <= scores.items()
