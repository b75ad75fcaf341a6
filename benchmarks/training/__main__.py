"""Sentences/s, peak memory and F1 of our training loop beside transformers.Trainer.

    CORPUSMITH_BENCHMARKS=DIR python -m benchmarks.training --json training.json
    python -m benchmarks.training --data DATASET --benchmark BENCHMARK --json training.json

Both fine-tune the same encoder on the same rows for as many epochs, with the same batch (average
sentences a step), learning rate, linear decay, seed and dropout, each in a process of its own, in
turn, `--rounds` times. The peer is `transformers.Trainer` with `DataCollatorForTokenClassification`
at its defaults, without checkpoints; `--peer-script run_ner_no_trainer.py` adds that script. Ours
differs in batches of similar length, embeddings that never occur left out, and bfloat16 products
if the processor has them. Sentences/s are of training alone; those of the script are of its whole
process, beside ours of the whole process.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.training.peers import run_script, score, timed, train_peer

SIDES = ("ours", "trainer")


def train_ours(job: dict) -> dict:
    """Our loop at the peer's hyper-parameters."""
    from corpusmith.training.config import TrainingConfig
    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import load_tokenizer
    from corpusmith.training.loop import train
    from corpusmith.training.windows import encode

    lengths = encode(
        load_corpus(job["data"]), "train", load_tokenizer(job["encoder"]), job["max_length"]
    ).lengths()
    config = TrainingConfig(
        epochs=job["epochs"],
        batch_tokens=round(job["batch"] * lengths.mean()),
        learning_rate=job["learning_rate"],
        warmup=0.0,
        weight_decay=0.0,
        max_length=job["max_length"],
        patience=None,
        save_steps=10**9,
        mixed_precision=job["mixed_precision"],
        tracker="none",
        seed=job["seed"],
    )
    report = train(job["data"], job["encoder"], Path(job["out"]), config)
    return {
        "sentences_per_second": report["sentences_per_second"],
        "steps": report["history"][-1]["step"],
    }


def run_side(side: str, job: dict, folder: Path) -> dict:
    job = job | {"out": str(folder / side)}
    (folder / f"{side}.json").write_text(json.dumps(job))
    figures = timed(
        [
            sys.executable,
            "-m",
            "benchmarks.training",
            "--worker",
            side,
            str(folder / f"{side}.json"),
        ]
    )
    return (
        figures | json.loads((folder / side / "figures.json").read_text()) | score(job["out"], job)
    )


def write_dataset(benchmark: Path, folder: Path, limit: int | None) -> str:
    """A benchmark's train split as a dataset folder, and part of its dev split as validation."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    splits = {
        "train": read_rows(benchmark / "train.jsonl")[:limit],
        "validation": read_rows(benchmark / "dev.jsonl")[:200],
    }
    names = sorted(
        {tag for row in splits["train"] for tag in row["ner_tags"]},
        key=lambda tag: (tag != "O", tag),
    )
    features = Features(
        {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    )
    (folder / "data" / "gold").mkdir(parents=True)
    for split, rows in splits.items():
        rows = [{"tokens": row["tokens"], "ner_tags": row["ner_tags"]} for row in rows]
        path = folder / "data" / "gold" / f"{split}-00000-of-00001.parquet"
        Dataset.from_list(rows, features=features).to_parquet(path)
    return str(folder)


def read_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", help="dataset folder; without it, the benchmark's own train split"
    )
    parser.add_argument(
        "--benchmark", help="benchmark folder; default ner/ncbi_disease in $CORPUSMITH_BENCHMARKS"
    )
    parser.add_argument("--split", default="dev")
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument(
        "--sentences", type=int, help="use only the first so many of the benchmark's train split"
    )
    parser.add_argument(
        "--batch", type=int, default=32, help="sentences a step; the Trainer's own default is 8"
    )
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--mixed-precision", choices=["no", "bf16"], help="ours; default: as `corpusmith train`"
    )
    parser.add_argument("--peer-script", help="a copy of run_ner_no_trainer.py")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        side, job_file = options.worker
        job = json.loads(Path(job_file).read_text())
        figures = train_ours(job) if side == "ours" else train_peer(job)
        (Path(job["out"]) / "figures.json").write_text(json.dumps(figures))
        return
    if not options.benchmark and "CORPUSMITH_BENCHMARKS" not in os.environ:
        parser.error("give --benchmark, or set CORPUSMITH_BENCHMARKS")
    benchmark = options.benchmark or str(
        Path(os.environ["CORPUSMITH_BENCHMARKS"]) / "ner" / "ncbi_disease"
    )

    with tempfile.TemporaryDirectory() as scratch:
        data = options.data or write_dataset(
            Path(benchmark), Path(scratch) / "dataset", options.sentences
        )
        names = (
            "encoder",
            "batch",
            "epochs",
            "learning_rate",
            "max_length",
            "seed",
            "split",
            "mixed_precision",
        )
        job = {name: getattr(options, name) for name in names} | {
            "data": data,
            "benchmark": benchmark,
        }
        rounds: dict[str, list[dict]] = {side: [] for side in SIDES} | (
            {"script": []} if options.peer_script else {}
        )
        for number in range(options.rounds):
            for side, runs in rounds.items():
                folder = Path(scratch) / str(number)
                folder.mkdir(exist_ok=True)
                runs.append(
                    run_script(options.peer_script, job, folder)
                    if side == "script"
                    else run_side(side, job, folder)
                )
                print(f"{side}: {json.dumps(runs[-1])}", flush=True)

    def median(side: str, figure: str) -> float:
        return statistics.median(run[figure] for run in rounds[side])

    result = {
        "ratio": median("ours", "sentences_per_second") / median("trainer", "sentences_per_second"),
        "memory_ratio": median("ours", "peak_memory_mb") / median("trainer", "peak_memory_mb"),
        "f1_within_interval": all(
            run["ci95"][0] <= own["strict_f1"]
            for run, own in zip(rounds["trainer"], rounds["ours"], strict=True)
        ),
        "settings": {
            name: value for name, value in job.items() if name not in ("data", "benchmark")
        },
        "rounds": rounds,
    }
    if options.peer_script:
        result["script_ratio"] = median("script", "whole_process_seconds") / median(
            "ours", "whole_process_seconds"
        )
    print(
        json.dumps(
            {name: value for name, value in result.items() if name not in ("rounds", "settings")}
        )
    )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
