"""Sentences/s, latency and F1 of our extractor beside transformers.pipeline.

    CORPUSMITH_BENCHMARKS=DIR python -m benchmarks.inference --model MODEL --json inference.json

Both run the same model on the same raw text. It must be exported (`corpusmith export`): ours runs
the int8 ONNX file; the pipeline runs PyTorch weights with `aggregation_strategy="first"` at batch
sizes 1, 8 and 32. Each runs with one thread and with two. A round runs all of them in turn; the
median of the rounds counts, and of the peer its best batch size. `ratio` is the lower of the two
thread counts' ratios of sentences/s; `f1_lost` is the highest loss in points of strict F1 over
characters.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

BATCH_SIZES = (1, 8, 32)
CORES = sorted(os.sched_getaffinity(0))
Spans = list[set[tuple[int, int, str]]]


def run_ours(model: str, threads: int) -> Callable[[Sequence[str]], Spans]:
    """The extractor as users get it."""
    from corpusmith.inference import EntityExtractor

    extractor = EntityExtractor.from_pretrained(model, backend="onnx", threads=threads)
    return lambda texts: [
        {(e.start, e.end, e.label) for e in found} for found in extractor.extract(texts)
    ]


def run_pipeline(model: str, batch_size: int) -> Callable[[Sequence[str]], Spans]:
    """What a user would write instead."""
    from transformers import pipeline

    pipe = pipeline("token-classification", model, aggregation_strategy="first", device="cpu")
    return lambda texts: [
        {(e["start"], e["end"], e["entity_group"]) for e in found}
        for found in pipe(list(texts), batch_size=batch_size)
    ]


def measure(
    model: str, texts: Sequence[str], gold: Spans, threads: int, rounds: int
) -> dict[str, dict]:
    """Figures of each side at a number of threads.

    The cores are limited too, because tokenizers have threads of their own.
    """
    import torch

    from corpusmith.evaluation.metrics import prf

    os.sched_setaffinity(0, CORES[:threads])
    torch.set_num_threads(threads)
    sides = {"ours": run_ours(model, threads)} | {
        f"pipeline, {n}": run_pipeline(model, n) for n in BATCH_SIZES
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    found: dict[str, Spans] = {}
    for side in sides.values():
        side(texts[:16])
    for _ in range(rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            found[name] = side(texts)
            seconds[name].append(time.perf_counter() - start)
    figures = {}
    for name in sides:
        right = sum(len(truth & guess) for truth, guess in zip(gold, found[name], strict=True))
        figures[name] = {
            "sentences_per_second": len(texts) / statistics.median(seconds[name]),
            "f1": prf(right, sum(map(len, found[name])), sum(map(len, gold)))["f1"],
        }
    for name in ("ours", "pipeline, 1"):
        figures[name] |= latency(sides[name], texts)
    return figures


def latency(side: Callable[[Sequence[str]], Spans], texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds of one sentence alone."""
    taken = []
    for text in texts:
        start = time.perf_counter()
        side([text])
        taken.append(1000 * (time.perf_counter() - start))
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": float(p50), "p99_ms": float(p99)}


def main() -> None:
    """Print the table, and write it where --json says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", required=True, help="a model folder with onnx/model_quantized.onnx"
    )
    parser.add_argument("--benchmark", help="default: ner/ncbi_disease in CORPUSMITH_BENCHMARKS")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    root = os.environ.get("CORPUSMITH_BENCHMARKS")
    if not (arguments.benchmark or root):
        parser.error(
            "give --benchmark, or set CORPUSMITH_BENCHMARKS to the folder of ner/ncbi_disease"
        )

    from corpusmith.evaluation.benchmark import read_benchmark

    rows = read_benchmark(
        arguments.benchmark or str(Path(str(root), "ner", "ncbi_disease")), arguments.split
    ).tagged
    rows = rows[: arguments.sentences]
    texts, gold = [row.text for row in rows], [set(row.entities) for row in rows]

    report: dict = {"sentences": len(rows), "threads": {}, "ratios": {}}
    losses = []
    for threads in (1, 2):
        figures = measure(arguments.model, texts, gold, threads, arguments.rounds)
        peers = [figures[f"pipeline, {n}"] for n in BATCH_SIZES]
        best = max(peer["sentences_per_second"] for peer in peers)
        report["threads"][threads] = figures
        report["ratios"][threads] = figures["ours"]["sentences_per_second"] / best
        losses.append(max(peer["f1"] for peer in peers) - figures["ours"]["f1"])
        for name, figure in figures.items():
            times = (
                f", p50 {figure['p50_ms']:.1f} ms, p99 {figure['p99_ms']:.1f} ms"
                if "p50_ms" in figure
                else ""
            )
            print(
                f"{threads} threads  {name:<13} {figure['sentences_per_second']:7.1f}/s  "
                f"F1 {figure['f1']:.2f}{times}"
            )
        print(f"{threads} threads  ratio to the pipeline's best: {report['ratios'][threads]:.2f}")
    report |= {"ratio": min(report["ratios"].values()), "f1_lost": max(losses)}
    print(f"ratio {report['ratio']:.2f}, F1 lost {report['f1_lost']:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
