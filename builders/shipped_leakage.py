"""python -m builders.shipped_leakage BENCHMARKS

Benchmark n-grams that stand in what the shipped recipes make of their transcripts, as hashes beside those: so a build of
one leaves out the same rows where the benchmarks are not at hand. No benchmark text can be read off a hash.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from builders.example import sentence_of
from builders.filters import Leakage
from builders.ledger import Ledger
from builders.recipe import Recipe, load_recipe, shipped_recipes
from builders.transcript import TRANSCRIPTS

NGRAM = 8
KNOWN = TRANSCRIPTS / "leakage.json"


def shipped_leakage(n: int) -> Leakage | None:
    """The known n-grams; None for an n that was not looked for."""
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    return (
        Leakage.from_hashes({int(key, 16): splits for key, splits in known["hashes"].items()}, n)
        if n == known["n"]
        else None
    )


def leakage_of(recipe: Recipe, root: Path | None) -> Leakage | None:
    """What rows are checked against: the benchmarks at hand, else what is known of the shipped transcripts."""
    if not recipe.filters.leakage:
        return None
    return Leakage.from_benchmarks(root, recipe.filters.leakage) if root else shipped_leakage(recipe.filters.leakage)


def texts_of(recipe: Recipe, work: Path) -> Iterator[str]:
    """Every sentence that the recipe makes of its transcripts, copies included: a list of names may be a benchmark's."""
    from builders.build import answered_by_transcript
    from builders.corpus import Corpus

    corpus = Corpus(recipe, work / "rows")
    with Ledger(answered_by_transcript(recipe, work)) as ledger:
        yield from map(sentence_of, corpus.judge(corpus.answered(ledger)))


def known_ngrams(texts: Iterable[str], benchmarks: Leakage) -> dict[str, list[str]]:
    """The hashes, in hexadecimal, of the n-grams of `texts` that stand in a benchmark, each with its splits."""
    return {f"{key:016x}": splits for text in texts for key, splits in benchmarks.shared(text).items()}


def main() -> None:
    benchmarks = Leakage.from_benchmarks(Path(sys.argv[1]), NGRAM)
    found: dict[str, list[str]] = {}
    for name in shipped_recipes():
        with tempfile.TemporaryDirectory() as work:
            found |= known_ngrams(texts_of(load_recipe(name), Path(work)), benchmarks)
    KNOWN.write_text(json.dumps({"n": NGRAM, "hashes": dict(sorted(found.items()))}, indent=1) + "\n", encoding="utf-8")
    print(f"{KNOWN}: {len(found)} n-grams")


if __name__ == "__main__":
    main()
