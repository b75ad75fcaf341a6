"""How little each row resembles the rest of its corpus: what `build --outliers` leaves rows out by.

    corpusmith outliers runs/ncbi-disease/draft --out runs/ncbi-disease/outliers.jsonl

Builders know no encoder, so what the embeddings say comes back to them as this file.
"""

import json
from pathlib import Path

from corpusmith.quality.embeddings import deviations_below
from corpusmith.quality.out_of_fold import has_test, originals


def score_rows(dataset: str, encoder: str, out: Path) -> int:
    """Write a line to `out` for every answer of `dataset` (`corpusmith.quality.outliers`); returns how many.

    Copies that augmentation made are not judged: they go with their sentence. Raises UserError when the dataset or the
    encoder cannot be loaded.
    """
    from corpusmith.quality.embedder import sentence_embedder
    from corpusmith.training.data import SPLITS, load_corpus

    corpus = load_corpus(dataset, [*SPLITS, *(["test"] if has_test(dataset) else [])])
    rows = [originals(part) for part in corpus.splits.values()]
    ids = [row_id for part in rows for row_id in part["id"]]
    texts = [
        text for part in rows for text in part["text" if corpus.task == "ner" else "source_text"]
    ]
    lines = [
        json.dumps({"id": row_id, "deviations": round(float(deviations), 3)})
        for row_id, deviations in zip(
            ids, deviations_below(texts, sentence_embedder(encoder)), strict=True
        )
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(out)
    return len(lines)
