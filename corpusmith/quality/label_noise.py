"""Label noise by confident learning (cleanlab): rows whose labels a student that never saw them confidently denies.

Training is not known here. What is read is a file of out-of-fold predictions, `corpusmith.quality.predictions`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpusmith.errors import UserError
from corpusmith.quality.predictions import read_predictions

REASON = "label noise (cleanlab)"
UNLIKELY = 0.1  # what a student gives a wrong label at most; cleanlab alone denies whatever a young student is unsure of
MOST_NOISE = 0.5  # of the rows; a student that denies more has learned nothing, and cleanlab cannot tell that from noise


@dataclass(frozen=True)
class Noise:
    """The labels of each noisy row by its id, how many rows were judged, and the sha256 of the file that told."""

    rows: Mapping[str, tuple[int, ...]]
    judged: int
    sha256: str

    def holds(self, row_id: str, labels: tuple[int, ...]) -> bool:
        """Whether these labels of a row are noise. Raises UserError when the row that was judged had other labels."""
        if row_id not in self.rows:
            return False
        if self.rows[row_id] != labels:
            raise UserError(
                f"the predictions judge other labels of {row_id} than are built now: run `corpusmith noise` again"
            )
        return True


def find_noise(path: Path, classes: int) -> Noise:
    """The rows of a file of predictions of which cleanlab calls a label an issue.

    One word is enough, as a sentence is accepted as a whole or not at all. How many labels of each class are wrong is
    estimated from all rows together, against the student's usual confidence in the class. Raises UserError when most
    rows are denied.
    """
    try:
        from cleanlab.token_classification.filter import find_label_issues
    except ImportError:
        raise UserError(
            "finding label noise needs cleanlab: pip install 'corpusmith[report]'"
        ) from None

    rows = list(read_predictions(path, classes))
    if not rows:
        raise UserError(
            f"{path} holds no prediction: `corpusmith noise DATASET --out {path}` writes them"
        )
    # A relation is a sentence of one label: cleanlab's filter of tokens is its filter of examples, flattened.
    labels, probabilities = (
        [list(row.labels) for row in rows],
        [normalised(row.probabilities) for row in rows],
    )
    issues = find_label_issues(labels, probabilities, n_jobs=1)
    noisy = sorted(
        {row for row, at in issues if probabilities[row][at, labels[row][at]] <= UNLIKELY}
    )
    if len(noisy) > MOST_NOISE * len(rows):
        raise UserError(
            f"{path} denies {len(noisy)} of {len(rows)} rows: its students learned too little to judge; train them longer"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Noise({rows[row].id: rows[row].labels for row in noisy}, len(rows), digest)


def normalised(probabilities: np.ndarray) -> np.ndarray:
    """Rows that sum to one, which those of a file with few decimals do not quite."""
    return probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)
