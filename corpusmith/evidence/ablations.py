"""The ablations of a report: each changes one setting of a recipe. To add one, extend `ABLATIONS`.

All of them use recorded answers. A change of the prompts (attributes, context, templates) needs new
answers and so a second recipe, which `corpusmith report --beside` compares.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.schema import Kind, Recipe


def labelled(recipe: Recipe, kind: Kind) -> int:
    """How many mentions a kind asks for."""
    return sum(seed in recipe.labels.values() for seed in kind.seeds)


def asks_for_form(name: str) -> Callable[[Recipe, Kind], bool]:
    return lambda recipe, kind: kind.form == name


@dataclass(frozen=True)
class Ablation:
    """A recipe with one change.

    Args:
        override: dotted keys of the recipe and what they are changed to.
        without: kinds whose requests are removed, with all rows made from their answers.
    """

    id: str
    name: str
    override: Mapping[str, Any] = field(default_factory=dict)
    without: Callable[[Recipe, Kind], bool] | None = None

    def changed(self, recipe: Recipe) -> Recipe | None:
        """The changed recipe; None if nothing changes or no kind is left."""
        if self.without:
            left_out = [self.without(recipe, kind) for kind in recipe.kinds]
            return recipe if any(left_out) and not all(left_out) else None
        content = recipe.model_dump(mode="json")
        for key, value in self.override.items():
            *path, last = key.split(".")
            place = content
            for part in path:
                place = place[part]
            if place is None:
                return None  # `relation` of a recipe for entities
            if last not in place:
                raise KeyError(f"ablation {self.id}: a recipe has no {key}")
            place[last] = value
        other = Recipe.model_validate(content)
        return None if other == recipe else other


ABLATIONS = (
    Ablation("contrasts", "No contrasts", {"augment.contrasts": 0}),
    Ablation(
        "contrasted-acronyms", "No acronym among contrasts", {"augment.contrasted_acronyms": 0.0}
    ),
    Ablation("replacements", "No replacements", {"augment.replacements": 0}),
    Ablation("forms", "Replacements in their plain form", {"augment.forms": {}}),
    Ablation("across-types", "Replacements of the same branch only", {"augment.across_types": 0.0}),
    Ablation(
        "prevalence",
        "Replacements drawn without regard to what teachers name",
        {"augment.prevalence": 0.0},
    ),
    Ablation(
        "weight-exponent",
        "Rare names drawn as often as common ones",
        {"augment.weight_exponent": 0.0},
    ),
    Ablation("asides", "No asides in copies", {"augment.asides": []}),
    Ablation(
        "augmentation",
        "Neither contrasts nor replacements",
        {"augment.contrasts": 0, "augment.replacements": 0},
    ),
    Ablation("context-kept", "Only the mention varied in copies", {"augment.vary_context": False}),
    Ablation(
        "context-varied",
        "Names around the mention varied in copies too",
        {"augment.vary_context": True},
    ),
    Ablation("mistagged", "No mistagged pairs", {"augment.mistagged": 0.0}),
    Ablation("accompanied", "No other names beside a pair", {"augment.accompanied": 0.0}),
    Ablation(
        "named-together",
        "Pairs that are merely named together unrelated",
        {"relation.named_together": None},
    ),
    Ablation("borrow", "No borrowed answers", {"borrow": []}),
    Ablation(
        "no-mention",
        "Only kinds with a mention",
        without=lambda recipe, kind: not labelled(recipe, kind),
    ),
    Ablation(
        "hard-negatives",
        "No sentences on other entities alone",
        without=lambda recipe, kind: (
            bool(recipe.labels and kind.seeds) and not labelled(recipe, kind)
        ),
    ),
    Ablation(
        "several",
        "No kind with several mentions",
        without=lambda recipe, kind: labelled(recipe, kind) > 1,
    ),
    Ablation(
        "coordination", "No coordinated mentions asked for", without=asks_for_form("coordinated")
    ),
    Ablation("abbreviations", "No abbreviations asked for", without=asks_for_form("abbreviated")),
    Ablation("modifiers", "No modifiers asked for", without=asks_for_form("modifier")),
    Ablation(
        "unasked", "Mentions that were not asked for left unlabelled", {"verify.unasked": "ignore"}
    ),
    Ablation(
        "unasked-rejected",
        "Answers with a mention that was not asked for rejected",
        {"verify.unasked": "reject"},
    ),
    Ablation(
        "unasked-masked",
        "Mentions that were not asked for left out of the loss",
        {"verify.unasked": "mask"},
    ),
    Ablation("repair", "No re-spelled seed repaired", {"verify.repair": False}),
    Ablation("definitions", "Definitions accepted", {"verify.definitions": "accept"}),
    Ablation("near-duplicates", "Near duplicates kept", {"filters.near_duplicates": 1.0}),
    Ablation("label-noise", "Label noise kept", {"filters.label_noise": 0}),
    Ablation(
        "label-noise-rejected", "Label noise rejected, by three folds", {"filters.label_noise": 3}
    ),
    Ablation("outliers", "Embedding outliers kept", {"filters.outliers": 0.0}),
    Ablation(
        "outliers-rejected",
        "Embedding outliers rejected, beyond 3.5 deviations",
        {"filters.outliers": 3.5},
    ),
    Ablation("leakage", "Rows that share n-grams with a benchmark kept", {"filters.leakage": 0}),
)

FOR_TYPES = (  # of recipes with relation types
    Ablation(
        "other-pairs", "No rows for the other pairs of a sentence", {"augment.other_pairs": False}
    ),
    Ablation("counterfactual", "No counterfactual pairs", {"augment.counterfactual": 0.0}),
)


def ablations(recipe: Recipe) -> list[Ablation]:
    """The ablations that change this recipe; for relations also each family of kinds in turn."""
    found = [ablation for ablation in ABLATIONS if ablation.changed(recipe)]
    if recipe.relation is None:
        return found
    names = dict.fromkeys(family(kind, recipe.relation) for kind in recipe.kinds)
    if recipe.relation.types:
        found += [one for one in FOR_TYPES if one.changed(recipe)]
        for one in recipe.relation.types:
            names.pop(one.name, None)  # without a type's own kind it would have no rows
    if len(recipe.kinds) > 1:
        found += [
            Ablation(f"kind {name}", f"Without: {name}", without=of_family(name)) for name in names
        ]
    return found


def family(kind: Kind, relation: RelationRecipe) -> str:
    """What the kinds of all relation types have in common: `two tails` of "inhibits: two tails",
    `negated` of "negated: inhibits". A kind that a recipe writes is a family of its own.
    """
    first, separator, second = kind.name.partition(": ")
    if not relation.types or not separator:
        return kind.name
    return first if kind.label == relation.none else second


def of_family(name: str) -> Callable[[Recipe, Kind], bool]:
    return lambda recipe, kind: (
        recipe.relation is not None and family(kind, recipe.relation) == name
    )
