"""The recipe of a second round, from what a student thinks of synthetic rows that it was not trained on.

corpusmith aim ncbi-disease --model runs/ncbi-disease/model --rows 500 --out ncbi-disease.round2.yaml
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.quality.out_of_fold import originals, predictions
from corpusmith.quality.predictions import read_predictions
from corpusmith.quality.second_round import Uncertainty, aimed_recipe, measure, write_recipe
from corpusmith.recipe.load import load_recipe

HELD_OUT = ("validation", "test")


def aim(
    recipe: str,
    out: Path,
    rows: int,
    *,
    predicted: Path | None = None,
    model: str | None = None,
    dataset: str | None = None,
) -> Uncertainty:
    """Write the recipe `out` and, beside it, `*.uncertainty.json`.

    Doubts come from `predicted`, a file of `corpusmith noise` (all answers, each by a student that never saw it), or are
    those of `model` on the validation and test splits of `dataset`. Raises UserError when there is neither.
    """
    parsed = load_recipe(recipe)
    if (predicted is None) == (model is None):
        raise UserError(
            "give either --predictions FILE, as `corpusmith noise` writes it, or --model MODEL"
        )
    if model is not None:
        predicted = out.with_suffix(".predictions.jsonl")
        lines = held_out(model, dataset or f"runs/{parsed.name}/dataset")
        predicted.parent.mkdir(parents=True, exist_ok=True)
        predicted.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert predicted is not None
    found = measure(parsed, read_predictions(predicted, len(class_names(parsed))))
    write_recipe(aimed_recipe(recipe, found, rows), out)
    write_json({"recipe": parsed.name, **found.facts()}, out.with_suffix(".uncertainty.json"))
    return found


def held_out(model: str, dataset: str, splits: Sequence[str] = HELD_OUT) -> Iterator[str]:
    """What a model makes of the rows that it was not trained on."""
    from corpusmith.training.data import load_corpus

    for split in splits:
        corpus = load_corpus(dataset, (split,))
        yield from predictions(Path(model), corpus.task, originals(corpus.splits[split]))


def most_doubted(found: Uncertainty, most: int = 3) -> Iterator[str]:
    """A line a group, with what is doubted most in it."""
    facts = found.facts()
    groups = {"kinds": facts["kinds"], "topics": facts["topics"]}
    for name in ("branches", "concepts"):
        groups |= {f"{lexicon} {name}": group for lexicon, group in facts[name].items()}
    for name, group in groups.items():
        told = [
            f"{member} {figures['doubt']:.2f} ({figures['rows']})"
            for member, figures in list(group.items())[:most]
        ]
        if told:
            yield f"{name}: {', '.join(told)}"
