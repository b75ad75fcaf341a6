"""Write hashes of the benchmark n-grams that occur in the shipped corpora.

    python -m builders.record_leakage BENCHMARKS

With these hashes, a build drops the same rows on a machine without the benchmarks. A hash doesn't
reveal benchmark text.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpusmith.corpus.example import sentence_of
from corpusmith.corpus.filters.leakage import KNOWN, Leakage
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.transcript import transcript_path

NGRAM = 8


def texts_of(recipe: Recipe, work: Path) -> Iterator[str]:
    """Every sentence of the recipe's corpus, copies included."""
    from corpusmith.corpus.rows import RowWriter
    from corpusmith.teacher.transcript import answered_by_transcript

    writer = RowWriter(recipe, work / "rows")
    with Ledger(answered_by_transcript(recipe, work)) as ledger:
        yield from map(sentence_of, writer.judge(writer.answered(ledger)))


def known_ngrams(texts: Iterable[str], benchmarks: Leakage) -> dict[str, list[str]]:
    """Hexadecimal hashes of the n-grams of `texts` that a benchmark has, with its splits."""
    return {
        f"{key:016x}": splits for text in texts for key, splits in benchmarks.shared(text).items()
    }


def main() -> None:
    benchmarks = Leakage.from_benchmarks(Path(sys.argv[1]), NGRAM)
    found: dict[str, list[str]] = {}
    for recipe in map(load_recipe, shipped_recipes()):
        if transcript_path(recipe).exists():
            with tempfile.TemporaryDirectory() as work:
                found |= known_ngrams(texts_of(recipe, Path(work)), benchmarks)
    KNOWN.write_text(
        json.dumps({"n": NGRAM, "hashes": dict(sorted(found.items()))}, indent=1) + "\n",
        encoding="utf-8",
    )
    print(f"{KNOWN}: {len(found)} n-grams")


if __name__ == "__main__":
    main()
