"""The benchmark of students: scores of trained students, and the printed table."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.students import compared, lines, measured
from corpusmith.recipe.load import load_recipe
from corpusmith.training.config import TrainingConfig
from corpusmith.training.launch import train_seeds
from tests.fixtures.training import TAGS, ner_rows


def test_students_of_all_seeds_are_compared_with_lexicon(
    ner_dataset: Path,
    tiny_encoder: Path,
    tmp_path: Path,
) -> None:
    config = TrainingConfig(
        epochs=20, batch_tokens=64, learning_rate=5e-3, patience=None, tracker="none"
    )
    train_seeds(str(ner_dataset), str(tiny_encoder), tmp_path / "students", config, (1, 2))
    rows = [row | {"ner_tags": [TAGS[tag] for tag in row["ner_tags"]]} for row in ner_rows()]
    file = tmp_path / "ncbi_disease" / "dev.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    models = [tmp_path / "students" / f"seed-{seed}" for seed in (1, 2)]
    told = measured(load_recipe("demo-disease"), file, models, (1, 2))

    assert told["sentences"] == len(rows)
    assert set(told["student"]["by_seed"]) == {"1", "2"} and told["student"]["strict_f1"] > 80
    # The lexicon holds asthma, gout and cystic fibrosis.
    assert told["nothing_learned"]["recall"] > 60
    gained = told["student"]["strict_f1"] - told["nothing_learned"]["strict_f1"]
    assert told["differences"]["strict_f1"]["difference"] == pytest.approx(gained)
    (line,) = lines("demo-disease", {"dev": told})
    assert line.startswith(
        f"| demo-disease | dev, {len(rows)} | strict F1 | {told['student']['strict_f1']:.1f} ± "
    )


def test_relation_types_have_a_line_of_micro_f1() -> None:
    """Each row's counts are (right, predicted, gold): the student is right on every second row."""
    student = np.array([[[number % 2, 1, 1]] for number in range(10)])
    told = compared(student, "nothing_learned", np.array([[[0, 1, 1]]] * 10), "relation-types", [1])
    (line,) = lines("chemprot", {"dev": told})
    assert line.startswith("| chemprot | dev, 10 | micro F1 | 50.0 ")
