"""Synthetic answers for measurements only: random words around the seeds of each request.

They are marked by the host name `synthetic` and are never part of a corpus.
"""

import random

from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Answer

VOCABULARY = """
we of the in and with that were was from by a for this patients families carriers controls cells
tissue protein expression variant mutation allele exon sequence assay analysis cohort study
samples response treatment clinical levels risk age onset severe mild reduced increased observed
reported identified screened compared associated showed found suggest indicate revealed among
between after before during without not both two three several
"""
WORDS = VOCABULARY.split()
REPEATED = (
    "We screened the same families again after two years and found no other carrier among them."
)


def synthetic_answer(request: Request) -> Answer:
    """A function of the request's number alone: 2% lack a seed, 3% say the same as one another."""
    rng = random.Random(request.index)
    words = rng.choices(WORDS, k=rng.randrange(14, 30))
    if rng.random() > 0.02:
        for seed in request.seeds:
            words.insert(rng.randrange(1, len(words)), seed.text)
    text = " ".join(words)
    text = f"{text[0].upper()}{text[1:]}." if rng.random() > 0.03 else REPEATED
    return Answer(
        f"{request.index:064x}", text, host="synthetic", prompt_tokens=300, completion_tokens=40
    )
