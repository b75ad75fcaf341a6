"""python -m builders.shipped_leakage BENCHMARKS

Benchmark n-grams that stand in the shipped transcripts, as hashes beside them: so a build of a shipped recipe leaves out
the same rows where the benchmarks are not at hand. No benchmark text can be read off a hash.
"""

import gzip
import json
import sys
from pathlib import Path

from builders.filters import Leakage
from builders.recipe import Recipe
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


def main() -> None:
    benchmarks = Leakage.from_benchmarks(Path(sys.argv[1]), NGRAM)
    found: dict[str, list[str]] = {}
    for path in sorted(TRANSCRIPTS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                found |= {f"{key:016x}": splits for key, splits in benchmarks.shared(json.loads(line)[2]).items()}
    KNOWN.write_text(json.dumps({"n": NGRAM, "hashes": dict(sorted(found.items()))}, indent=1) + "\n", encoding="utf-8")
    print(f"{KNOWN}: {len(found)} n-grams")


if __name__ == "__main__":
    main()
