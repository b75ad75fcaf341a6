"""What a student thinks of the rows of a corpus: a file that training hands back, read here without knowing how.

Lines of JSON: `{"id": "ncbi-disease-0000012", "labels": [0, 1], "probabilities": [[0.9, 0.08, 0.02], [0.2, 0.7, 0.1]]}`.
`id` is the row's, `labels` are its class numbers (one a word; one in all for relations), and `probabilities` has for
each of them a row with one number a class, from a student that was not trained on the row.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpusmith.errors import UserError


@dataclass(frozen=True)
class Judged:
    """A row and what a student makes of it: labels and, for each, the probability of every class."""

    id: str
    labels: tuple[int, ...]
    probabilities: np.ndarray


def read_predictions(path: Path, classes: int) -> Iterator[Judged]:
    """The rows of a file. Raises UserError at a line that is no prediction over that many classes."""
    if not path.is_file():
        raise UserError(
            f"no predictions at {path}: `corpusmith noise DATASET --out {path}` writes them"
        )
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                judged = Judged(
                    str(row["id"]),
                    tuple(row["labels"]),
                    np.array(row["probabilities"], dtype=np.float64),
                )
                fits = judged.probabilities.shape == (len(judged.labels), classes)
                known = all(type(label) is int and 0 <= label < classes for label in judged.labels)
                sound = bool(np.isfinite(judged.probabilities).all())
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f"{path}, line {number} is no prediction ({error!r}): see docs/quality.md"
                ) from None
            if not (fits and known and sound):
                raise UserError(
                    f"{path}, line {number} ({judged.id}): expected for each label a probability for each of {classes} classes"
                )
            yield judged
