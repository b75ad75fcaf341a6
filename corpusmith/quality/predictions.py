"""A student's predictions on the rows of a corpus, as a file.

Lines of JSON: `{"id": "ncbi-disease-0000012", "labels": [0, 1], "probabilities": [[0.9, 0.08,
0.02], [0.2, 0.7, 0.1]]}`. `id` is the row's id. `labels` are its class numbers: one
per word, or one per row for relations. `probabilities` has the probability of every class for each
label, from a student that was not trained on the row.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpusmith.corpus.example import NO_LABEL
from corpusmith.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

    from corpusmith.training.data import Corpus

DECIMALS = 4


@dataclass(frozen=True)
class Prediction:
    """A row's labels and, for each of them, the probability of every class."""

    id: str
    labels: tuple[int, ...]
    probabilities: np.ndarray


def read_predictions(path: Path, classes: int) -> Iterator[Prediction]:
    """The rows of a file.

    Raises:
        UserError: at a line that is no prediction over that many classes.
    """
    if not path.is_file():
        raise UserError(
            f"no predictions at {path}: `corpusmith noise DATASET --out {path}` writes them"
        )
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                labels = tuple(row["labels"])
                probabilities = np.array(row["probabilities"], dtype=np.float64)
                prediction = Prediction(str(row["id"]), labels, probabilities)
                fits = probabilities.shape == (len(labels), classes)
                known = all(type(label) is int and 0 <= label < classes for label in labels)
                sound = bool(np.isfinite(probabilities).all())
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f"{path}, line {number} is no prediction ({error!r}): see docs/quality.md"
                ) from None
            if not (fits and known and sound):
                raise UserError(
                    f"{path}, line {number} ({prediction.id}): expected for each label "
                    f"a probability for each of {classes} classes"
                )
            yield prediction


def predict(model: Path, task: str, part: "Dataset") -> Iterator[str]:
    """A line for each row: its labels and the model's probabilities, without masked words."""
    from corpusmith.inference import EntityExtractor, RelationClassifier

    if task == "ner":
        extractor = EntityExtractor.from_pretrained(model, backend="torch")
        labels = list(part["ner_tags"])
        probabilities = [found.tolist() for found in extractor.probabilities(part["tokens"])]
    else:
        classifier = RelationClassifier.from_pretrained(model, backend="torch")
        labels = [[label] for label in part["label"]]
        probabilities = [[row.tolist()] for row in classifier.distributions(part["text"])]
    for row_id, given, found in zip(part["id"], labels, probabilities, strict=True):
        known = [place for place, label in enumerate(given) if label != NO_LABEL]
        rounded = [[round(float(p), DECIMALS) for p in found[place]] for place in known]
        row = {"id": row_id, "labels": [given[place] for place in known]}
        yield json.dumps({**row, "probabilities": rounded})


def all_splits(dataset: str) -> "Corpus":
    """A dataset with its test split; a folder built from a short word list may have none."""
    from corpusmith.training.data import SPLITS, load_corpus

    name, _, config = dataset.partition(":")
    test = Path(name, "data").glob(f"{config or '*'}/test-*.parquet")
    splits = [*SPLITS, "test"] if not Path(name).is_dir() or any(test) else SPLITS
    return load_corpus(dataset, splits)


def originals(part: "Dataset") -> "Dataset":
    """The rows that are answers themselves, without augmented copies."""
    if "request_id" not in part.column_names:
        raise UserError(
            "the dataset does not say which request a row comes from: "
            "give one that `corpusmith build` wrote"
        )
    pairs = zip(part["id"], part["request_id"], strict=True)
    return part.select([i for i, (row, request) in enumerate(pairs) if row == request])


def write_lines(out: Path, lines: Iterable[str]) -> None:
    """Write a file atomically."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(out)
