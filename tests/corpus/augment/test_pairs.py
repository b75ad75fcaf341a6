from pathlib import Path

import pytest

from corpusmith.corpus.augment.pairs import derived_pairs
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.example import PairSentence, Span
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
