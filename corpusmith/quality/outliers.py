"""Rows that resemble nothing else in their corpus: refusals, code, another language.

Encoders are not known here. What is read is a file of distances, a line of JSON for each answer that became a row:
`{"id": "ncbi-disease-0000012", "deviations": 1.73}`, as `corpusmith outliers` writes it (`embeddings.deviations_below`).
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from corpusmith.errors import UserError

APART = "embedding outlier"  # the reason of a reject
LIMIT = 3.5  # robust deviations, where a recipe says none: the usual cut of such scores (Iglewicz and Hoaglin 1993)


@dataclass(frozen=True)
class Outliers:
    """The ids of the rows beyond the limit, how many rows were judged, and the sha256 of the file that told."""

    ids: frozenset[str]
    judged: int
    limit: float
    sha256: str


def find_outliers(path: Path, limit: float) -> Outliers:
    """The rows of a file that lie more than `limit` deviations below the median.

    Raises UserError where there is no file, at a line that is none of its lines, and where it holds no row.
    """
    remedy = f"`corpusmith outliers DATASET --out {path}` writes it"
    if not path.is_file():
        raise UserError(f"no distances at {path}: {remedy}")
    ids, judged = [], 0
    with path.open(encoding="utf-8") as lines:
        for judged, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                row_id, deviations = str(row["id"]), float(row["deviations"])
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f"{path}, line {judged} is no distance ({error!r}): {remedy}"
                ) from None
            if not math.isfinite(deviations):
                raise UserError(
                    f"{path}, line {judged} ({row_id}): {deviations} is no distance: {remedy}"
                )
            if deviations > limit:
                ids.append(row_id)
    if not judged:
        raise UserError(f"{path} holds no row: {remedy}")
    return Outliers(frozenset(ids), judged, limit, hashlib.sha256(path.read_bytes()).hexdigest())
