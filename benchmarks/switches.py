"""What the switches of a recipe are worth that only other answers of the teacher tell, from answers recorded for it.

    CORPUSMITH_BENCHMARKS=DIR python -m benchmarks.switches --out docs/results/switches

Two ablation tables of `corpusmith report` on NCBI-Disease, without an LLM. `prompts`: the first 300 requests, beside 300
without attributes and 300 with facts of the knowledge graph in the prompt. `second-round`: 800 requests, beside 500 and
300 more that `corpusmith aim` made of the doubts of three students, each about the answers it had not seen. The recipes
and answers lie in `benchmarks/recipes`. About an hour on one core; a call that was killed goes on with what it has.
"""

import argparse
import tempfile
from pathlib import Path

from corpusmith.cli.report import numbers
from corpusmith.evidence.report import report
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.transcript import TRANSCRIPTS, import_transcript

RECIPES = Path("benchmarks/recipes")
TABLES = {  # name: the recipe, those beside it, and epochs: more of fewer rows, for as many steps
    "prompts": ("ncbi-300", ["ncbi-300-plain", "ncbi-300-context"], 6),
    "second-round": ("ncbi-800", ["ncbi-500-round2"], 3),
}


def path(recipe: str) -> str:
    return str(RECIPES / f"{recipe}.yaml")


def record(ledger: Ledger) -> None:
    """Every answer that the tables need."""
    for transcript in (TRANSCRIPTS / "ncbi-disease.jsonl.gz", RECIPES / "answers.jsonl.gz"):
        import_transcript(transcript, ledger)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="The folder to write, a folder a table."
    )
    parser.add_argument(
        "--seeds", type=numbers, default="42,43,44", help="Seeds of the students, by commas."
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="corpusmith-switches-") as scratch:
        answers = Path(scratch) / "answers.sqlite"
        with Ledger(answers) as ledger:
            record(ledger)
        for table, (recipe, others, epochs) in TABLES.items():
            report(
                path(recipe),
                options.out / table,
                ledger=answers,
                only=["acceptance", "ablation"],
                seeds=options.seeds,
                settings={"epochs": epochs},
                beside=[path(other) for other in others],
            )


if __name__ == "__main__":
    main()
