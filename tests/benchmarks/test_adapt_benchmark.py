"""The benchmark of adapted students: finished runs are kept, and their summary."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.adapt.runs import Plan, add_line, finished
from benchmarks.adapt.table import SYSTEMS, mention_weighted, summary, table
from corpusmith.corpus.build import build
from tests.answered import answer_all
from tests.fixtures.training import TAGS, ner_rows


def line(name: str, seed: int, counts: np.ndarray, work: Path) -> dict:
    key = f"{name}-{seed}"
    np.save(work / f"{key}.npy", counts)
    run = {"key": key, "set": name, "encoder": "embedded", "seed": seed, "sentences": "500"}
    return run | {"split": "dev", "method": "m", "adaptation": {"seconds": 1.0 + seed}}


def counts_of(right: int) -> np.ndarray:
    """Ten sentences with one mention each; the adapted student finds `right` of them."""
    counts = np.ones((10, len(SYSTEMS), 3), dtype=int)
    counts[:, :, 0] = 0
    counts[:right, SYSTEMS.index("adapted"), 0] = 1
    return counts


def test_summary_has_means_of_seeds_and_both_types(tmp_path: Path) -> None:
    lines = [
        line("bc5cdr-disease", 1, counts_of(4), tmp_path),
        line("bc5cdr-disease", 2, counts_of(6), tmp_path),
        line("bc5cdr-chemical", 1, counts_of(10), tmp_path),
        line("bc5cdr-chemical", 2, counts_of(10), tmp_path),
    ]
    disease, chemical, both = summary(lines, tmp_path)
    assert disease["systems"]["adapted"]["strict_f1"] == pytest.approx(50)
    assert disease["systems"]["adapted"]["stdev"]["strict_f1"] == pytest.approx(14.14, abs=0.01)
    assert disease["differences"]["adapted - synthetic"]["difference"] == pytest.approx(50)
    assert disease["adaptation"]["seconds"] == 2.5
    assert chemical["systems"]["adapted"]["strict_f1"] == 100
    assert both["systems"]["adapted"]["strict_f1"] == pytest.approx(75)
    rows = list(table([disease, chemical, both]))
    assert rows[2].startswith("| bc5cdr-disease, dev | embedded | 500 | 2 | 0.0")
    assert "| 50.0 ± 14.1 (" in rows[2]


def test_mention_weighted_mean_weights_by_gold_mentions() -> None:
    assert mention_weighted(np.array([1, 1, 1, 0, 3, 3])) == pytest.approx(25)


def test_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    add_line({"key": "a"}, tmp_path)
    with (tmp_path / "runs.jsonl").open("a") as file:
        file.write('{"key": "b"')
    assert [run["key"] for run in finished(tmp_path)] == ["a"]
    add_line({"key": "c"}, tmp_path)
    assert [run["key"] for run in finished(tmp_path)] == ["a", "c"]


def test_settings_change_the_method(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text("rounds: 1\n")
    plans = [Plan(tmp_path, tmp_path, "dev", given) for given in (None, config)]
    assert plans[0].method() != plans[1].method()
    assert plans[0].method() == plans[0].method()


@pytest.mark.slow
def test_run_is_written(ner_recipe: Path, encoder: Path, tmp_path: Path) -> None:
    ledger = answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    build(str(ner_recipe), tmp_path / "corpus", ledger)
    benchmark = tmp_path / "benchmarks" / "ner" / "tiny"
    benchmark.mkdir(parents=True)
    rows = [row | {"ner_tags": [TAGS[tag] for tag in row["ner_tags"]]} for row in ner_rows()]
    for split in ("dev", "train"):
        content = "".join(json.dumps(row) + "\n" for row in rows)
        (benchmark / f"{split}.jsonl").write_text(content)
    (tmp_path / "adapt.yaml").write_text("rounds: 1\nepochs: 1\n")
    known = {"recipe": str(ner_recipe), "corpus": str(tmp_path / "corpus"), "benchmark": "ner/tiny"}
    (tmp_path / "sets.yaml").write_text(json.dumps({"tiny": known}))
    command = [sys.executable, "-m", "benchmarks.adapt", "--sets", tmp_path / "sets.yaml"]
    command += ["--work", tmp_path / "work", "--out", tmp_path / "out", "--sizes", "all"]
    command += ["--seeds", "1", "--encoders", encoder, "--config", tmp_path / "adapt.yaml"]
    environment = {"CORPUSMITH_BENCHMARKS": str(tmp_path / "benchmarks")}
    done = subprocess.run(
        list(map(str, command)), env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (run,) = finished(tmp_path / "out")
    assert set(run["systems"]) == set(SYSTEMS)
    assert run["sentences_used"] == len(rows) and run["adaptation"]["peak_memory_mb"] > 50
    # The lexicon holds gout, cystic fibrosis and breast cancer.
    assert run["systems"]["lookup"]["recall"] > 40
    rows = (tmp_path / "work" / "tiny" / "documents.jsonl").read_text().splitlines()
    assert all(set(json.loads(row)) == {"tokens"} for row in rows), "tags are thrown away"
