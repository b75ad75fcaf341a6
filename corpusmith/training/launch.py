"""Start training: one seed or several, in this process or in several of them.

python -m corpusmith.training.launch DATASET --encoder embedded --out DIR [--seeds 1,2,3]
accelerate launch --config_file training/accelerate/two-cpu-processes.yaml \
    -m corpusmith.training.launch DATASET --encoder embedded --out DIR [--settings FILE]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.processes import SAFE_PATH, module_command
from corpusmith.training.config import TrainingConfig
from corpusmith.yaml_files import read_yaml


def train_in_processes(
    dataset: str,
    encoder: str,
    out: Path,
    config: TrainingConfig,
    seeds: Sequence[int],
    num_processes: int,
) -> dict:
    """Run `train_seeds` in processes of this machine: NCCL between GPUs, gloo between CPUs.

    Returns:
        The content of training.json.

    Raises:
        UserError: when one of the processes fails; its own message is above.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = out / "settings.json"
    settings.write_text(json.dumps(asdict(config)))
    torchrun = module_command("torch.distributed.run", "--standalone")
    command = [*torchrun, f"--nproc-per-node={num_processes}"]
    command += ["-m", "corpusmith.training.launch", dataset]
    command += ["--encoder", encoder, "--out", str(out), "--settings", str(settings)]
    command += ["--seeds", ",".join(map(str, seeds))] if seeds else []
    threads = str(max(1, (os.cpu_count() or 1) // num_processes))
    environment = {"OMP_NUM_THREADS": threads} | os.environ | SAFE_PATH
    failed = subprocess.run(command, env=environment, check=False).returncode
    settings.unlink()
    if failed:
        raise UserError(
            f"training in {num_processes} processes ended with status {failed}: "
            "see their messages above"
        )
    return json.loads((out / "training.json").read_text())


def train_seeds(
    dataset: str,
    encoder: str,
    out: Path,
    config: TrainingConfig,
    seeds: Sequence[int] = (),
    progress: Callable[[dict], None] | None = None,
) -> dict:
    """Train with each seed in `out/seed-N` and copy the best model on validation to `out`.

    Its training.json lists the scores of all seeds under `seeds`, with mean and standard
    deviation. Finished seeds are not trained again, so the same call resumes a killed one. Without
    seeds, `config.seed` is trained in `out`.
    """
    from accelerate import PartialState

    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import remove_results
    from corpusmith.training.loop import train

    if len(set(seeds)) < 2:
        seed = seeds[0] if seeds else config.seed
        return train(dataset, encoder, out, replace(config, seed=seed), progress)
    fingerprint = load_corpus(dataset).fingerprint()
    reports = {}
    for seed in dict.fromkeys(seeds):
        one, folder = replace(config, seed=seed), out / f"seed-{seed}"
        reports[seed] = train_once(dataset, encoder, folder, one, fingerprint, progress)
    values = {str(seed): report["best"]["value"] for seed, report in reports.items()}
    chosen = max(reports, key=lambda seed: values[str(seed)])
    report = reports[chosen] | {
        "seeds": {
            "metric": reports[chosen]["best"]["metric"],
            "values": values,
            "mean": statistics.mean(values.values()),
            "stdev": statistics.stdev(values.values()),
            "chosen": chosen,
        }
    }
    if PartialState().is_main_process:
        remove_results(out)
        shutil.copytree(
            out / f"seed-{chosen}", out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("logs")
        )
        (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    PartialState().wait_for_everyone()
    return report


def train_once(
    dataset: str,
    encoder: str,
    folder: Path,
    config: TrainingConfig,
    fingerprint: str,
    progress: Callable[[dict], None] | None = None,
) -> dict:
    """`corpusmith.training.loop.train`, or the report of a finished run of the same in `folder`.

    `fingerprint` is that of the rows of `dataset`.
    """
    from corpusmith.training.loop import train

    if (folder / "training.json").exists() and not (folder / "state").exists():
        report = json.loads((folder / "training.json").read_text())
        if is_report_of(report, encoder, fingerprint, config):
            return report
    return train(dataset, encoder, folder, config, progress)


def is_report_of(
    report: Mapping[str, Any], encoder: str, fingerprint: str, config: TrainingConfig
) -> bool:
    """Whether a training.json is of this encoder, rows with this fingerprint, and settings."""
    same = (report["encoder"], report["dataset"]["fingerprint"], report.get("given"))
    return same == (encoder, fingerprint, asdict(config))


def main() -> None:
    """Entry point of each process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", default="", help="comma separated")
    parser.add_argument("--settings", type=Path, help="YAML or JSON of TrainingConfig's fields")
    options = parser.parse_args()
    try:
        settings = read_yaml(options.settings) if options.settings else None
        config = TrainingConfig.from_dict(settings or {})
        seeds = [int(seed) for seed in options.seeds.split(",") if seed]
        train_seeds(
            options.dataset,
            options.encoder,
            options.out,
            config,
            seeds,
            lambda row: print(json.dumps(row)),
        )
    except (UserError, OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
