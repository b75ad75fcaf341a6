"""Write a report from keyword arguments."""

from pathlib import Path

from corpusmith.evidence import report as reporting
from corpusmith.evidence.plans import Choices
from corpusmith.quality.second_build import Run

RUN = ("encoder", "ledger", "benchmarks", "settings")


def report(recipe: str, out: Path, say=print, **given) -> dict:
    """The report with some fields of Run and of Choices."""
    run = Run(out, **{name: given.pop(name) for name in RUN if name in given})
    lists = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    return reporting.report(recipe, run, Choices(**lists), say)


DISEASES = ["gout", "cystic fibrosis", "colon cancer", "breast cancer"]


def real_row(number: int, split: str) -> dict:
    disease = DISEASES[number % 4].split() if number % 3 else []
    tokens = [
        "Cohort",
        str(number),
        "was",
        "screened",
        f"{split}wise",
        "for",
        *(disease or ["variants"]),
        "twice",
        ".",
    ]
    tags = (
        ["O"] * 6
        + (["B-Disease"] + ["I-Disease"] * (len(disease) - 1) if disease else ["O"])
        + ["O", "O"]
    )
    return {"id": f"{split}-{number}", "tokens": tokens, "ner_tags": tags}
