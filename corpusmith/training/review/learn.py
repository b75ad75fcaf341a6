"""Measure a model on sentences that a person corrected, and train on them if asked to.

A model that was trained so records it under `reviewed` in training.json: its card says that it
learned from real labels.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.evaluate import evaluate
from corpusmith.evaluation.tagged import TaggedText
from corpusmith.files import shipped, write_json
from corpusmith.inference.config import read_config
from corpusmith.training.adapt.adapt import base_facts
from corpusmith.training.adapt.private import private_folder
from corpusmith.training.config import TrainingConfig, read_training_settings
from corpusmith.training.data import Corpus
from corpusmith.training.loop import train

FIGURES = ("strict_f1", "ci95", "precision", "recall", "sentences")
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def measure(model: str, corrected: Path) -> dict[str, Any]:
    """Scores of the model on the corrected sentences, with a 95% interval over sentences.

    Raises:
        UserError: the sentences can't be read, or none has a mention.
    """
    rows = read_benchmark(str(corrected), "test").tagged
    mentions = sum(len(row.entities) for row in rows)
    if not mentions:
        raise UserError(
            f"the {len(rows)} corrected sentences have no mention, so there is no F1: review more"
        )
    figures = evaluate(model, str(corrected))
    return {name: figures[name] for name in FIGURES} | {"mentions": mentions}


def train_on(
    model: str, corrected: Path, out: Path, synthetic: Corpus | None = None, seed: int = 42
) -> dict[str, Any]:
    """Train a copy of the model on the corrected sentences, in `out`.

    With `synthetic`, rows of its corpus are mixed in, so that rare names are kept.

    Raises:
        UserError: the sentences are too few, or `out` holds a model.
    """
    if (out / "training.json").exists():
        raise UserError(f"{out} holds a finished model: write to another folder")
    rows = read_benchmark(str(corrected), "test").tagged
    settings = review_settings()
    if len(rows) <= settings["validation_every"]:
        raise UserError(f"{len(rows)} corrected sentences are too few to train on: review more")
    facts = base_facts(model)
    reviewed = {"sentences": len(rows), "mentions": sum(len(row.entities) for row in rows)}
    config = TrainingConfig(
        epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        keep_last=True,
        outside_bias=0.0,
        tracker="none",
        seed=seed,
    )
    with private_folder(out) as work:
        train(corpus_of(model, rows, synthetic, seed), model, work / "student", config)
        for name in FILES:
            shutil.copyfile(work / "student" / name, out / name)
        write_json({**facts, "reviewed": reviewed}, out / "training.json")
    return reviewed


def review_settings() -> dict[str, Any]:
    """The content of training/settings/review.yaml, which gives each value with its reason."""
    return read_training_settings(shipped("training", "settings", "review.yaml"))


def corpus_of(
    model: str, rows: Sequence[TaggedText], synthetic: Corpus | None, seed: int
) -> Corpus:
    """The corrected sentences as training data, tagged with the numbers of the model."""
    try:
        names = read_config(Path(model))["id2label"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"cannot read the labels in {model}/config.json: {error}") from error
    tags = [names[str(number)] for number in range(len(names))]
    if other := sorted({tag for row in rows for tag in row.tags} - set(tags)):
        raise UserError(
            f"the corrected sentences have the tags {', '.join(other)}, the model only "
            f"{', '.join(tags)}: use its labels"
        )
    numbered = [(list(row.tokens), [tags.index(tag) for tag in row.tags]) for row in rows]
    settings = review_settings()
    every = settings["validation_every"]
    parts = {
        "train": [row for at, row in enumerate(numbered) if at % every],
        "validation": numbered[::every],
    }
    if synthetic is not None:
        own = synthetic.splits["train"].shuffle(seed=seed, keep_in_memory=True)
        count = min(settings["synthetic_rows"] * len(parts["train"]), own.num_rows)
        parts["train"] += synthetic.rows_tagged_as(tags, own.select(range(count)))
    return Corpus(
        id=synthetic.id if synthetic else "",
        config=synthetic.config if synthetic else "",
        revision=synthetic.revision if synthetic else None,
        task="ner",
        labels=tags,
        splits={
            split: Dataset.from_dict(
                {"tokens": [words for words, _ in part], "ner_tags": [found for _, found in part]}
            )
            for split, part in parts.items()
        },
        synthetic=synthetic.synthetic if synthetic else True,
    )
