"""Evaluate a model with assisted extraction, by way of a predictions file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.loading import Options
from corpusmith.extraction.assist.assist import AssistedExtractor
from corpusmith.extraction.extract import load_extractor
from corpusmith.recipe.lookup import lookup_of


@contextmanager
def predictor_of(
    model: str, corpus: str | None, benchmark: str, split: str, options: Options | None = None
) -> Iterator[str]:
    """The `model` argument for `evaluate`: the model, or a file of its assisted predictions.

    With `corpus`, the lookup of its recipe assists the model; it may be LABEL=FILE too.
    """
    if corpus is None:
        yield model
        return
    reading = (options or Options()).reading
    rows = read_benchmark(benchmark, split, None, reading).tagged
    assisted = load_extractor(AssistedExtractor, model, {"lookup": lookup_of([corpus])})
    tags = assisted.tag([row.tokens for row in rows])
    with TemporaryDirectory(prefix="corpusmith-") as scratch:
        file = Path(scratch, "assisted.jsonl")
        pairs = zip(rows, tags, strict=True)
        lines = [json.dumps({"id": row.id, "ner_tags": found}) + "\n" for row, found in pairs]
        file.write_text("".join(lines), encoding="utf-8")
        yield str(file)
