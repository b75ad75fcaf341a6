"""Find rows unlike the rest of their corpus: refusals, code, another language.

    corpusmith outliers runs/ncbi-disease/draft --out runs/ncbi-disease/outliers.jsonl

The file of distances has a line of JSON for each answer that became a row:
`{"id": "ncbi-disease-0000012", "deviations": 1.73}`.
"""

import hashlib
import json
import math
from pathlib import Path

from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.quality.embeddings import deviations_below, sentence_embedder
from corpusmith.quality.predictions import all_splits, originals, write_lines

REASON = "embedding outlier"
LIMIT = 3.5  # robust deviations, the usual threshold (Iglewicz and Hoaglin 1993)


def measure_distances(dataset: str, encoder: str, out: Path) -> int:
    """Write a line to `out` for every answer of `dataset`; returns how many.

    Augmented copies are not measured. A build removes them with their sentence.

    Raises:
        UserError: the dataset or the encoder can't be loaded.
    """
    corpus = all_splits(dataset)
    rows = [originals(part) for part in corpus.splits.values()]
    ids = [row_id for part in rows for row_id in part["id"]]
    column = "text" if corpus.task == "ner" else "source_text"
    texts = [text for part in rows for text in part[column]]
    deviations = deviations_below(texts, sentence_embedder(encoder))
    write_lines(
        out,
        (
            json.dumps({"id": row_id, "deviations": round(float(value), 3)})
            for row_id, value in zip(ids, deviations, strict=True)
        ),
    )
    return len(ids)


def outlier_veto(path: Path, limit: float = LIMIT) -> Veto:
    """A veto on the rows with an outlier score above `limit`.

    Raises:
        UserError: there is no such file, a line of it is no distance, or it holds no row.
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
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = {"judged": judged, "limit": limit, "distances_sha256": sha256}
    return Veto(REASON, frozenset(ids), name="outliers", facts=facts)
