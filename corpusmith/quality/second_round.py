"""Write the recipe of a second round, with more weight on groups of high model uncertainty.

    corpusmith aim ncbi-disease --model runs/ncbi-disease/model --rows 500 --out round2.yaml

Uncertainty is measured on synthetic rows; no real labels are used. The second round is a separate
recipe, so that a request remains a pure function of recipe and number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from corpusmith.corpus.rows import class_names
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.quality.predictions import originals, predict, read_predictions, write_lines
from corpusmith.quality.uncertainty import Doubt, Uncertainty, uncertainty_by_group
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan
from corpusmith.recipe.prompt import attribute_values
from corpusmith.recipe.schema import Recipe

HELD_OUT = ("validation", "test")
LEAST, MOST = 0.5, 2.0  # factors of the weight of a kind or a branch
MOST_CONCEPT = 8.0  # factor of a concept's weight; high, so that rare ones are drawn again
MOST_CONCEPTS = 300  # the most uncertain ones of the train split
DOUBTED_TOPIC = 1.25  # times the average uncertainty, from which a topic is listed twice


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

    Args:
        recipe: the recipe of the first round.
        out: the recipe to write.
        rows: requests of the next round.
        predicted: predictions of all answers, as `corpusmith noise` writes them.
        model: in place of `predicted`, a student; it predicts the validation and test splits.
        dataset: what `model` was trained on; default `runs/RECIPE/dataset`.

    Raises:
        UserError: there is neither `predicted` nor `model`, or both.
    """
    parsed = load_recipe(recipe)
    if (predicted is None) == (model is None):
        raise UserError(
            "give either --predictions FILE, as `corpusmith noise` writes it, or --model MODEL"
        )
    if model is not None:
        predicted = out.with_suffix(".predictions.jsonl")
        lines = held_out(model, dataset or f"runs/{parsed.name}/dataset")
        write_lines(predicted, lines)
    assert predicted is not None
    found = uncertainty_by_group(parsed, read_predictions(predicted, len(class_names(parsed))))
    write_recipe(aimed_recipe(recipe, found, rows), out)
    write_json({"recipe": parsed.name, **found.facts()}, out.with_suffix(".uncertainty.json"))
    return found


def held_out(model: str, dataset: str, splits: Sequence[str] = HELD_OUT) -> Iterator[str]:
    """A model's predictions on splits that it was not trained on."""
    from corpusmith.training.data import load_corpus

    for split in splits:
        corpus = load_corpus(dataset, (split,))
        yield from predict(Path(model), corpus.task, originals(corpus.splits[split]))


def most_doubted(found: Uncertainty, most: int = 3) -> Iterator[str]:
    """A line for each group, with its most uncertain members."""
    facts = found.facts()
    groups = {"kinds": facts["kinds"], "topics": facts["topics"]}
    for name in ("branches", "concepts"):
        groups |= {f"{lexicon} {name}": group for lexicon, group in facts[name].items()}
    for name, group in groups.items():
        shown = [
            f"{member} {figures['doubt']:.2f} ({figures['rows']})"
            for member, figures in list(group.items())[:most]
        ]
        if shown:
            yield f"{name}: {', '.join(shown)}"


def aimed_recipe(name_or_path: str, found: Uncertainty, rows: int) -> dict[str, Any]:
    """The recipe of the next round, with more weight on uncertain kinds, branches and so on.

    It has a seed of its own, and borrows the answers of the earlier rounds.
    """
    recipe = load_recipe(name_or_path)
    base = name_or_path if name_or_path in shipped_recipes() else str(Path(name_or_path).resolve())
    number = re.search(r"-round(\d+)$", recipe.name)
    stem, turn = (recipe.name[: number.start()], int(number[1])) if number else (recipe.name, 1)
    attributes = {
        name: list(v) if isinstance(v, tuple) else v for name, v in recipe.attributes.items()
    }
    kinds = []
    for kind in recipe.kinds:
        written = kind.model_dump(mode="json", exclude_defaults=True)
        written["weight"] = round(
            kind.weight * ratio(found.kinds.get(kind.name), found, LEAST, MOST), 2
        )
        if "topic" in kind.attributes:
            written["attributes"]["topic"] = with_doubted(kind.attributes["topic"], found)
        kinds.append(written)
    if "topic" in attributes:
        attributes["topic"] = with_doubted(recipe.attributes["topic"], found)
    return {
        "extends": base,
        "name": f"{stem}-round{turn + 1}",
        "title": f"{recipe.title}, round {turn + 1}",
        "rows": rows,
        "seed": recipe.seed + 1,
        "borrow": [base, *recipe.borrow],
        "most_borrowed": None,  # or the few new requests would leave out most of the first round
        "attributes": attributes,
        "kinds": kinds,
        "lexicons": {
            name: source.model_copy(update={"boost": boost_of(name, recipe, found)}).model_dump(
                mode="json", exclude_defaults=True
            )
            for name, source in recipe.lexicons.items()
        },
    }


def boost_of(lexicon: str, recipe: Recipe, found: Uncertainty) -> dict[str, float]:
    """Factors of branches, and of training concepts with more than average uncertainty."""
    plan = Plan(recipe)
    boost = dict(recipe.lexicons[lexicon].boost)
    for branch, doubt in sorted(found.branches[lexicon].items()):
        boost[branch] = round(boost.get(branch, 1.0) * ratio(doubt, found, LEAST, MOST), 3)
    doubted = [
        (ratio(doubt, found, 1.0, MOST_CONCEPT ** (1 / 3)) ** 3, concept_id)
        for concept_id, doubt in found.concepts[lexicon].items()
        if (concept := plan.lexicons[lexicon].by_id.get(concept_id))
        and concept.fold in SPLIT_FOLDS["train"]
    ]
    strongest = sorted(
        (entry for entry in doubted if entry[0] > 1), key=lambda entry: (-entry[0], entry[1])
    )
    return boost | {
        concept_id: round(factor, 3) for factor, concept_id in strongest[:MOST_CONCEPTS]
    }


def ratio(doubt: Doubt | None, found: Uncertainty, least: float, most: float) -> float:
    """A group's uncertainty over the average, within bounds; 1 for a group without rows."""
    if doubt is None or not found.mean:
        return 1.0
    return min(max(doubt.mean(found.mean) / found.mean, least), most)


def with_doubted(source: str | tuple[str, ...], found: Uncertainty) -> str | list[str]:
    """An attribute's values, with the most uncertain ones listed twice."""
    values = attribute_values(source)
    twice = [
        v
        for v in values
        if v in found.topics and ratio(found.topics[v], found, 0.0, MOST) >= DOUBTED_TOPIC
    ]
    if not twice:
        return source if isinstance(source, str) else list(source)
    return [*values, *twice]


def write_recipe(content: Mapping[str, Any], out: Path) -> None:
    """Write YAML that loads. Raises UserError when `out` exists, or the content is no recipe."""
    if out.exists():
        raise UserError(f"{out} exists: choose another name, or delete it")
    out.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f"# Written by `corpusmith aim`: {content['extends']} "
        "with more weight on groups of high model uncertainty.\n"
    )
    out.write_text(
        head + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120),
        encoding="utf-8",
    )
    try:
        load_recipe(str(out))
    except UserError:
        out.unlink()
        raise
