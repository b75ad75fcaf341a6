"""Each ablation changes its own recipe keys, in the recipes that have them."""

from pathlib import Path

import pytest

from corpusmith.evidence.ablations import ABLATIONS, Ablation, ablations
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.schema import Recipe


def switched_on(recipe: Recipe) -> Recipe:
    """The recipe with everything on that an ablation may turn off."""
    augment: dict[str, object] = {
        "replacements": 1,
        "contrasts": 1,
        "forms": {"acronym": 0.5},
        "mistagged": 1.0,
        "accompanied": 1.0,
        "vary_context": True,
    }
    augment |= {"across_types": 0.5, "prevalence": 0.5, "asides": "asides"}
    return recipe.model_copy(
        update={
            "augment": recipe.augment.model_copy(update=augment),
            "filters": recipe.filters.model_copy(update={"label_noise": 5, "outliers": 5.0}),
            "borrow": ("demo-disease",),
        }
    )


@pytest.mark.parametrize(
    "ablation", [a for a in ABLATIONS if a.override], ids=lambda ablation: ablation.id
)
def test_override_names_existing_recipe_key(
    ablation: Ablation, ner_recipe: Path, relation_recipe: Path
) -> None:
    plain, pairs = load_recipe(str(ner_recipe)), load_recipe(str(relation_recipe))
    linked = pairs.relation.model_copy(update={"named_together": "related"})
    recipes = (switched_on(plain), plain, pairs.model_copy(update={"relation": linked}))
    recipe = next(recipe for recipe in recipes if ablation.changed(recipe))
    changed = ablation.changed(recipe)
    assert changed is not None and changed != recipe
    assert ablation.changed(changed) is None  # already changed: no further ablation


def test_ids_are_distinct_and_misspelt_key_is_refused(ner_recipe: Path) -> None:
    assert len({ablation.id for ablation in ABLATIONS}) == len(ABLATIONS)
    with pytest.raises(KeyError, match=r"augment\.contrast"):
        Ablation("x", "X", {"augment.contrast": 0}).changed(load_recipe(str(ner_recipe)))


def test_kind_ablations_are_identified_by_requested_content(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    (only,) = [ablation for ablation in ABLATIONS if ablation.id == "no-mention"]
    assert [kind.name for kind in recipe.kinds if only.without(recipe, kind)] == ["no mention"]
    assert "no-mention" in {ablation.id for ablation in ablations(recipe)}
    # The recipe has no kind with a coordination.
    assert "coordination" not in {ablation.id for ablation in ablations(recipe)}


def test_relation_ablations_leave_out_each_kind(relation_recipe: Path) -> None:
    names = [ablation.name for ablation in ablations(load_recipe(str(relation_recipe)))]
    assert {"Without: link", "Without: none"} <= set(names)
    assert "Only kinds with a mention" not in names


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_has_ablations(name: str) -> None:
    assert len(ablations(load_recipe(name))) >= 5


def test_kinds_of_all_relation_types_are_ablated_together() -> None:
    found = {ablation.id for ablation in ablations(load_recipe("chemprot"))}
    assert {"kind two tails", "kind negated", "kind crossed", "other-pairs"} <= found
    assert not any("inhibitor" in name for name in found)
