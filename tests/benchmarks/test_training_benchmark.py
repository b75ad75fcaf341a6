"""The whole training benchmark with a stand-in peer script: its arguments, and the score of its
model.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.training import ner_rows

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[2]
# Takes the options of run_ner_no_trainer.py that the benchmark gives, and leaves a model as that
# script does.
SCRIPT = """
import argparse, evaluate, json, pathlib
from transformers import AutoModelForTokenClassification, AutoTokenizer
parser = argparse.ArgumentParser()
files = ("train_file", "validation_file", "text_column_name", "label_column_name", "output_dir")
for name in ("model_name_or_path", *files):
    parser.add_argument(f"--{name}", required=True)
for name in ("max_length", "per_device_train_batch_size", "num_train_epochs", "seed"):
    parser.add_argument(f"--{name}", required=True, type=int)
parser.add_argument("--learning_rate", required=True, type=float)
options = parser.parse_args()
rows = [json.loads(line) for line in open(options.train_file)]
tags = sorted({tag for row in rows for tag in row[options.label_column_name]})
text, label = options.text_column_name, options.label_column_name
assert all(len(row[text]) == len(row[label]) for row in rows)
metric = evaluate.load("seqeval")
metric.add_batch(predictions=[["B-X", "O"]], references=[["B-X", "O"]])
scores = ("precision", "recall", "f1", "accuracy")
assert metric.compute() == dict.fromkeys([f"overall_{n}" for n in scores], 1.0)
path, names = options.model_name_or_path, dict(enumerate(tags))
model = AutoModelForTokenClassification.from_pretrained(path, id2label=names)
model.save_pretrained(options.output_dir)
AutoTokenizer.from_pretrained(options.model_name_or_path).save_pretrained(options.output_dir)
(pathlib.Path(options.output_dir) / "seen.json").write_text(json.dumps([len(rows), tags]))
"""


def test_peer_script_is_run_and_scored(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    names = ["O", "B-Disease", "I-Disease"]
    rows = [row | {"ner_tags": [names[tag] for tag in row["ner_tags"]]} for row in ner_rows()]
    (tmp_path / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "peer.py").write_text(SCRIPT)
    line = [
        sys.executable,
        "-m",
        "benchmarks.training",
        "--data",
        ner_dataset,
        "--benchmark",
        tmp_path,
        "--json",
    ]
    line += [
        tmp_path / "out.json",
        "--encoder",
        tiny_encoder,
        "--peer-script",
        tmp_path / "peer.py",
        "--max-length",
        64,
    ]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [*map(str, line)], cwd=HOUSE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads((tmp_path / "out.json").read_text())
    assert set(figures["rounds"]) == {"ours", "trainer", "script"}
    (script,) = figures["rounds"]["script"]
    assert script["whole_process_seconds"] > 0 and 0 <= script["strict_f1"] <= 100
    seconds = {side: runs[0]["whole_process_seconds"] for side, runs in figures["rounds"].items()}
    assert figures["script_ratio"] == seconds["script"] / seconds["ours"]


def test_output_of_failed_script_is_shown(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    from benchmarks.training.peers import run_script

    (tmp_path / "peer.py").write_text("import sys; sys.exit('no such option')")
    job = {"data": str(ner_dataset), "encoder": str(tiny_encoder), "max_length": 64, "batch": 8}
    job |= {"learning_rate": 1e-4, "epochs": 1, "seed": 1}
    with pytest.raises(SystemExit, match="no such option"):
        run_script(str(tmp_path / "peer.py"), job, tmp_path)
