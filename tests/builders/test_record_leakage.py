"""Recorded hashes of benchmark text replace a benchmark that is not available."""

from pathlib import Path

import pyarrow.parquet as pq

from builders.record_leakage import NGRAM, known_ngrams, texts_of
from corpusmith.corpus.build import build
from corpusmith.corpus.filters.leakage import Leakage
from corpusmith.recipe.load import load_recipe


def test_leaks_only_in_copies_are_recorded(tmp_path: Path) -> None:
    build("demo-disease", tmp_path)
    rows = [
        row
        for path in tmp_path.glob("data/demo-disease/*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    (tmp_path / "work").mkdir()
    texts = set(texts_of(load_recipe("demo-disease"), tmp_path / "work"))
    assert {row["text"] for row in rows} <= texts
    copy = next(row["text"] for row in rows if row["id"] != row["request_id"])
    known = known_ngrams(texts, Leakage([("ours/dev", copy)], NGRAM))
    assert (
        Leakage.from_hashes({int(key, 16): splits for key, splits in known.items()}, NGRAM).check(
            copy
        )
        == "ours/dev"
    )
