from pathlib import Path

import pytest

from corpusmith.corpus.augment.pairs import derived_pairs
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import PairSentence, Span
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.schema import Recipe
from tests.corpus.augment.augmented import augmented

TEXT = "The BRCA1 polymorphism raises the risk of gout."


def pair(label: str) -> PairSentence:
    return PairSentence(
        TEXT, Span(4, 9, "gene", "BRCA1", "G:1"), Span(42, 46, "disease", "gout", "D:6"), label
    )


def derived(
    example: PairSentence, recipe: Recipe, row_id: str = "row-1"
) -> list[tuple[str, PairSentence]]:
    return list(derived_pairs(example, row_id, recipe, Vocabulary(Plan(recipe))))


def test_common_word_in_place_of_entity_gives_unrelated_pair(relation_recipe: Path) -> None:
    wrong = derived(pair("related"), augmented(relation_recipe, mistagged=2.0))
    assert len(wrong) == 2
    for how, other in wrong:
        assert how == "mistagged" and other.label == "unrelated"
        assert {other.head.text, other.tail.text} & {"polymorphism", "risk"}
        assert other.masked.count("@GENE$") == other.masked.count("@DISEASE$") == 1


def test_unrelated_pairs_are_not_multiplied(relation_recipe: Path) -> None:
    recipe = augmented(relation_recipe, mistagged=2.0, accompanied=2.0)
    assert derived(pair("unrelated"), recipe) == []


@pytest.mark.parametrize("row_id", [f"row-{number}" for number in range(8)])
def test_names_added_beside_pair_keep_label_and_spans(relation_recipe: Path, row_id: str) -> None:
    copies = derived(pair("related"), augmented(relation_recipe, accompanied=6.0), row_id)
    assert len(copies) == 6
    for how, copy in copies:
        assert how == "accompanied" and copy.label == "related"
        assert (copy.head.text, copy.tail.text) == ("BRCA1", "gout")
        for span in (copy.head, copy.tail):
            assert copy.text[span.start : span.end] == span.text
        assert copy.masked.count("@GENE$") == copy.masked.count("@DISEASE$") == 1
        assert (
            len(copy.text) > len(TEXT) and copy.text.endswith(".") and copy.text.startswith("The ")
        )


def test_name_that_ends_with_full_stop_is_not_cut(relation_recipe: Path) -> None:
    text = "The BRCA1 polymorphism raises the risk of gout alb."
    ends = PairSentence(
        text,
        Span(4, 9, "gene", "BRCA1", "G:1"),
        Span(42, 51, "disease", "gout alb.", "D:6"),
        "related",
    )
    for _, copy in derived(ends, augmented(relation_recipe, accompanied=20.0)):
        assert (
            copy.text[copy.head.start : copy.head.end],
            copy.text[copy.tail.start : copy.tail.end],
        ) == (
            "BRCA1",
            "gout alb.",
        )


def test_recipe_sets_share_of_accompanied_pairs(relation_recipe: Path) -> None:
    recipe = augmented(relation_recipe, accompanied=0.5)
    number = sum(len(derived(pair("related"), recipe, f"row-{i}")) for i in range(400))
    assert 150 < number < 250


TYPES = [
    {"name": "raises", "statements": ["{head} raises {tail}"]},
    {"name": "lowers", "statements": ["{head} lowers {tail}"]},
]


def typed(relation_recipe: Path, types: list[dict], **augment: float | bool) -> Recipe:
    """A recipe of pairs of two genes."""
    content = load_recipe(str(relation_recipe)).model_dump(mode="json")
    content["relation"] = {"head": "gene", "tail": "gene", "types": types}
    del content["kinds"]
    content["augment"] |= augment
    return Recipe.model_validate(content)


def genes(label: str) -> PairSentence:
    text = "BRCA1 raises TP53."
    return PairSentence(
        text, Span(0, 5, "gene", "BRCA1", "G:1"), Span(13, 17, "gene", "TP53", "G:2"), label
    )


def test_directed_pair_turned_round_is_unrelated(relation_recipe: Path) -> None:
    ((how, turned),) = derived(genes("raises"), typed(relation_recipe, TYPES))
    assert (how, turned.label, turned.masked) == ("other pairs", "none", "@GENE2$ raises @GENE1$.")
    inverse = [TYPES[0] | {"inverse": "lowers"}, TYPES[1]]
    ((_, turned),) = derived(genes("raises"), typed(relation_recipe, inverse))
    assert turned.label == "lowers"


def test_symmetric_pair_is_not_turned_round(relation_recipe: Path) -> None:
    symmetric = [one | {"symmetric": True} for one in TYPES]
    assert derived(genes("raises"), typed(relation_recipe, symmetric)) == []


def test_switch_leaves_out_other_pairs(relation_recipe: Path) -> None:
    assert derived(genes("raises"), typed(relation_recipe, TYPES, other_pairs=False)) == []


def test_recipe_sets_share_of_counterfactual_pairs(relation_recipe: Path) -> None:
    recipe = typed(relation_recipe, TYPES, other_pairs=False, counterfactual=0.5)
    made = [c for i in range(200) for c in derived(genes("raises"), recipe, f"row-{i}")]
    assert 70 < len(made) < 130
    assert {(how, copy.text, copy.label) for how, copy in made} == {
        ("counterfactual", "BRCA1 lowers TP53.", "lowers")
    }


def test_mistagged_pair_of_one_lexicon_keeps_the_other_name(relation_recipe: Path) -> None:
    recipe = typed(relation_recipe, TYPES, other_pairs=False, mistagged=1.0)
    text = "BRCA1 raises expression of TP53."
    tail = Span(27, 31, "gene", "TP53", "G:2")
    example = PairSentence(text, Span(0, 5, "gene", "BRCA1", "G:1"), tail, "raises")
    ((_, wrong),) = derived(example, recipe)
    assert wrong.masked in (
        "BRCA1 raises @GENE1$ of @GENE2$.",
        "@GENE1$ raises @GENE2$ of TP53.",
    )
