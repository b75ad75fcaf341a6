"""Count how often a teacher names each concept unasked, for `prevalence` in recipes.

    python -m builders.count_prevalence

Counts the concepts of the shipped lexicons in the answers of the shipped transcripts, where they
were not asked for, and writes builders/lexicons/prevalence.tsv.gz. An LLM repeats common names such
as hypertension and breast cancer, as its training text does. So the counts estimate frequency
without any real text.
"""

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from corpusmith.corpus.augment.vocabulary import PREVALENCE
from corpusmith.corpus.checks import first_sentence, tidy
from corpusmith.corpus.rows import RowWriter
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.words import fold, words
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.transcript import answered_by_transcript

RECIPES = ("bc5cdr-disease", "gad", "ncbi-disease")  # one for each transcript
LEXICONS = ("disease", "chemical")


def answers() -> Iterator[tuple[Request, str]]:
    """Each request that a shipped transcript answers, with the sentence it got."""
    for name in RECIPES:
        recipe = load_recipe(name).own()
        with (
            tempfile.TemporaryDirectory() as scratch,
            Ledger(answered_by_transcript(recipe, Path(scratch))) as ledger,
        ):
            for request, answer in RowWriter(recipe, Path(scratch)).answered(ledger):
                yield request, first_sentence(tidy(answer.text))


def count() -> Counter[str]:
    """By concept id, in how many sentences it is named unasked."""
    counts: Counter[str] = Counter()
    matchers = [load_lexicon(name).matcher for name in LEXICONS]
    for request, sentence in answers():
        asked = {fold(word) for seed in request.seeds for word in words(seed.text)}
        spelled = words(sentence)
        for matcher in matchers:
            matches = matcher.matches(spelled)
            unasked = (m for m in matches if asked.isdisjoint(map(fold, spelled[m.start : m.end])))
            counts.update({match.concept_id for match in unasked})
    return counts


def main() -> None:
    counts = count()
    with (
        PREVALENCE.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed,
    ):
        packed.writelines(
            f"{concept_id}\t{number}\n".encode() for concept_id, number in sorted(counts.items())
        )
    print(f"{PREVALENCE}: {counts.total()} mentions of {len(counts)} concepts")


if __name__ == "__main__":
    main()
