"""Make a corpus of relations and release it: plan, ask, verify, build, version, publish.

    python builders/relations.py demo-gene-disease --out corpus  # answers that ship with it, no LLM
    python builders/relations.py mine.yaml --out corpus --base-url http://127.0.0.1:8000/v1
    python builders/relations.py mine.yaml --out corpus --repo you/corpusmith-re --dry-run

The same command continues after an interruption: an answered request is never sent again.
"""

import argparse
import sys
from pathlib import Path

import corpusmith as cs


def make_parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("recipe", help="name of a shipped recipe, or path of a YAML file")
    parser.add_argument("--out", type=Path, required=True, help="the dataset folder to write")
    parser.add_argument("--base-url", help="endpoint to ask; without it the shipped answers")
    parser.add_argument("--ledger", type=Path, help="where answers are kept (SQLite)")
    parser.add_argument("--repo", help="release the corpus here, as NAMESPACE/NAME")
    parser.add_argument("--hub", help="address of a Hub; default $HF_ENDPOINT")
    parser.add_argument("--dry-run", action="store_true", help="ask and publish nothing")
    return parser


def main(arguments: list[str] | None = None) -> None:
    options = make_parser().parse_args(arguments)
    recipe = cs.load_recipe(options.recipe)
    if recipe.task != "relations":
        raise cs.UserError(f"{recipe.name} is an NER recipe: use builders/ner.py")
    ledger = options.ledger
    if options.base_url:
        # Plan and ask: the recipe draws a pair and a statement, the teacher writes a sentence.
        ledger = ledger or Path("runs") / recipe.name / "ledger.sqlite"
        asked = cs.generate(recipe, ledger, base_url=options.base_url, dry_run=options.dry_run)
        print(f"{ledger}: {asked}")

    # Verify and build: an answer becomes a row or a reject with its reason; filters follow.
    corpus = cs.build(options.recipe, out=options.out, ledger=ledger)
    counts, splits = corpus.facts["counts"], corpus.facts["splits"]
    print(f"{corpus}: {counts['accepted']} of {counts['answered']} answers became rows")
    print(f"  labels: {', '.join(corpus.facts['labels'])}")
    for reason, count in corpus.facts["rejected_by_reason"].items():
        print(f"  {count:>6} rejected: {reason}")
    for split, figures in splits.items():
        print(f"  {split}: {figures['rows']} rows")

    # Version and publish: unchanged content releases nothing, more rows are a minor version.
    if options.repo:
        release = cs.publish(corpus, options.repo, hub=options.hub, dry_run=options.dry_run)
        print(f"{release.repo_id} {release.version} {release.state}: {release.reason}")


if __name__ == "__main__":
    try:
        main()
    except cs.UserError as error:
        sys.exit(f"error: {error}")
