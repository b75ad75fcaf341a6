"""Train a student and release it: corpus, training, evaluation, export, publication.

    python training/train.py corpus --out student
    python training/train.py you/corpusmith-ner:ncbi-disease@v1.0.0 --out student \
        --benchmark benchmarks/ncbi_disease --split dev --repo you/disease-minilm --dry-run
    accelerate launch --config_file training/accelerate/two-cpu-processes.yaml \
        training/train.py corpus --out student

The corpus is a folder that `corpusmith build` wrote, or a dataset on the Hub. Epochs, learning
rate, early stopping and the weight of O follow from its size, unless --config sets them. The same
command resumes a killed run.
"""

import argparse
import json
import sys
from pathlib import Path

from accelerate import PartialState

import corpusmith as cs


def make_parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("corpus", help="a folder, or a Hub id `id[:config][@revision]`")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--encoder", default="embedded", help="`embedded`, a folder or a Hub id")
    parser.add_argument("--config", type=Path, help="YAML of settings; see docs/training.md")
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="keep the best of several")
    parser.add_argument("--benchmark", help="also measure on real text")
    parser.add_argument("--split", default="test", help="the benchmark's split")
    parser.add_argument("--repo", help="release the student here, as NAMESPACE/NAME")
    parser.add_argument("--hub", help="address of a Hub; default $HF_ENDPOINT")
    parser.add_argument("--dry-run", action="store_true", help="publish nothing")
    return parser


def main(arguments: list[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    # Train: every process of `accelerate launch` runs this call and takes its share.
    student = cs.train(
        options.corpus,
        options.out,
        encoder=options.encoder,
        config=options.config,
        seeds=options.seeds,
    )
    if not PartialState().is_main_process:
        return
    best = student.facts["best"]
    print(f"{student}: {best['metric']} {best['value']:.1f} on the validation split")

    # Measure: on synthetic sentences that it did not learn from, and on real text.
    targets = [("synthetic", options.corpus, "validation")]
    if options.benchmark:
        targets.append((Path(options.benchmark).name, options.benchmark, options.split))
    for name, benchmark, split in targets:
        figures = cs.evaluate(student, benchmark, split)
        file = options.out / "evaluation" / f"{name}-{split}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(figures), encoding="utf-8")  # its card shows these figures
        print(f"  {name} {split}: {best['metric']} {figures[best['metric']]:.1f}")

    # Export: float32 and int8 for ONNX Runtime and browsers.
    for file, size in cs.export(student)["bytes"].items():
        print(f"  {file}: {size / 1e6:.0f} MB")

    # Publish: one commit and one tag with a card, or nothing if the repo holds this student.
    if options.repo:
        release = cs.publish(student, options.repo, hub=options.hub, dry_run=options.dry_run)
        print(f"{release.repo_id} {release.version} {release.state}: {release.reason}")


if __name__ == "__main__":
    try:
        main()
    except cs.UserError as error:
        sys.exit(f"error: {error}")
