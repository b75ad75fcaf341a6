"""Load a model to evaluate, with options."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpusmith.extraction.extract import load_extractor
from corpusmith.extraction.readers.read import DETECTED, Reading


@dataclass(frozen=True)
class Options:
    """How files are read, and how a model runs (see
    `corpusmith.inference.Encoder.from_pretrained`).
    """

    reading: Reading = DETECTED
    backend: str = "auto"
    quantized: bool = True
    threads: int | None = None


DEFAULTS = Options()


def load(kind: Any, model: str, options: Options) -> Any:
    """An extractor or classifier from a folder or Hub id `id[@revision]`."""
    running = {
        "backend": options.backend,
        "quantized": options.quantized,
        "threads": options.threads,
    }
    return load_extractor(kind, model, running)


def training_seed(model: str) -> dict:
    """The training seed of a model folder, if it is recorded."""
    report = Path(model) / "training.json"
    return (
        {"seed": json.loads(report.read_text(encoding="utf-8")).get("seed")}
        if report.is_file()
        else {}
    )
