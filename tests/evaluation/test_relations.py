"""Relations of several types: benchmarks, predictions and models, by the names of the types."""

import json
from pathlib import Path

import pytest

from corpusmith.cli.display import evaluation_lines
from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import LabelledText
from corpusmith.evaluation.evaluate import compare, evaluate
from corpusmith.evaluation.relations import pair_text
from corpusmith.inference import RelationClassifier
from tests.training.models import write_model

GOLD = ["inhibits", "none", "activates", "none", "inhibits"]
TEXTS = [f"In trial {n} @CHEMICAL$ was given for @GENE$." for n in range(len(GOLD))]


def write(path: Path, rows: list[dict]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def typed(tmp_path: Path) -> str:
    rows = zip(TEXTS, GOLD, strict=True)
    labelled = [{"id": str(n), "text": t, "label": y} for n, (t, y) in enumerate(rows)]
    write(tmp_path / "bench" / "dev.jsonl", labelled)
    return str(tmp_path / "bench")


def predictions(tmp_path: Path, labels: list[str], name: str = "p") -> str:
    rows = [{"id": str(n), "label": label} for n, label in enumerate(labels)]
    return write(tmp_path / f"{name}.jsonl", rows)


def test_predictions_are_scored_by_micro_f1(typed: str, tmp_path: Path) -> None:
    found = evaluate(predictions(tmp_path, GOLD), typed, "dev")
    assert found["micro_f1"] == 100 and found["classes"] == ["none", "activates", "inhibits"]
    labels = ["inhibits", "none", "inhibits", "none", "none"]
    found = evaluate(predictions(tmp_path, labels), typed, "dev")
    assert (found["precision"], found["recall"]) == pytest.approx((50.0, 100 / 3))
    assert found["by_type"]["activates"]["f1"] == 0
    assert "inhibits: F1 50.0" in evaluation_lines(found)
    better = compare(
        predictions(tmp_path, GOLD, "first"), predictions(tmp_path, labels), typed, "dev"
    )
    assert better["difference"] == pytest.approx(60.0)


@pytest.mark.parametrize("label", ["inhibts", "related", 1, None])
def test_unknown_relation_label_is_refused(typed: str, tmp_path: Path, label) -> None:
    with pytest.raises(UserError, match=r"p\.jsonl.*(no class of|no label)"):
        evaluate(predictions(tmp_path, [label, *GOLD[1:]]), typed, "dev")


def test_benchmark_that_mixes_related_and_types_is_refused(tmp_path: Path) -> None:
    labels = ["related", "none", "activates"]
    rows = [{"id": str(n), "text": TEXTS[n], "label": y} for n, y in enumerate(labels)]
    write(tmp_path / "mixed" / "dev.jsonl", rows)
    with pytest.raises(UserError, match="row 0 is labelled as related"):
        evaluate(predictions(tmp_path, labels), str(tmp_path / "mixed"), "dev")


def classifier(folder: Path, encoder: Path, kinds: tuple[str, str], labels: list[str]) -> str:
    facts = {"task": "relations", "head": kinds[0], "tail": kinds[1], "threshold": 0.5}
    return str(write_model(folder, encoder, labels, facts))


def test_classes_of_a_model_are_matched_by_name(typed, tiny_encoder: Path, tmp_path: Path) -> None:
    labels = ["none", "inhibits", "binds", "activates"]
    model = classifier(tmp_path / "m", tiny_encoder, ("CHEMICAL", "GENE"), labels)
    found = evaluate(model, typed, "dev")
    chosen = [label for label, _ in RelationClassifier.from_pretrained(model).classify(TEXTS)]
    as_file = [label if label != "binds" else "none" for label in chosen]
    expected = evaluate(predictions(tmp_path, as_file), typed, "dev")
    assert found["confusion"] == expected["confusion"]
    assert any("no type binds" in warning for warning in found["warnings"])


def test_model_without_a_type_of_the_benchmark_is_refused(
    typed: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    model = classifier(tmp_path / "m", tiny_encoder, ("CHEMICAL", "GENE"), ["none", "causes"])
    with pytest.raises(UserError, match="they share none"):
        evaluate(model, typed, "dev")


def test_masks_of_one_kind_are_numbered_from_left_to_right(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    model = classifier(tmp_path / "m", tiny_encoder, ("DRUG", "DRUG"), ["none", "raises"])
    loaded = RelationClassifier.from_pretrained(model)

    def text(given: str) -> str | None:
        return pair_text(LabelledText("1", given, 0), (loaded.head, loaded.tail), "bench")

    assert text("@DRUG$ raises @DRUG$.") == "@DRUG1$ raises @DRUG2$."
    assert text("@DRUG2$ raises @DRUG1$.") == "@DRUG2$ raises @DRUG1$."
    assert text("@CHEM-GENE$ blockade") is None
    with pytest.raises(UserError, match="row 1 of bench does not mask @DRUG"):
        text("@DRUG$ was given.")
