"""What is known of benchmark text where no benchmark is at hand."""

from pathlib import Path

import pyarrow.parquet as pq

from builders.record_leakage import NGRAM, known_ngrams, texts_of
from corpusmith.corpus.build import build
from corpusmith.corpus.filters.leakage import Leakage
from corpusmith.recipe.load import load_recipe


def test_sentences_that_only_copies_hold_are_known_too(tmp_path: Path) -> None:
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
