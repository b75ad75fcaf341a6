from pathlib import Path

from builders.augment import derived_entities, mistagged_pairs
from builders.example import Entities, Pair, Span
from builders.plan import Plan
from builders.recipe import load_recipe


def test_a_replaced_mention_is_of_the_same_type_and_still_fits(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    recipe = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"replacements": 6})})
    text = "In ovarian cancer, and in ovarian cancer alone, it was lost."
    example = Entities(
        text, (Span(3, 17, "Disease", "ovarian cancer", "D:2"), Span(26, 40, "Disease", "ovarian cancer", "D:2"))
    )
    copies = list(derived_entities(example, "row-1", recipe, Plan(recipe)))
    assert copies
    for how, copy in copies:
        assert how == "replaced"
        assert all(copy.text[span.start : span.end] == span.text for span in copy.spans)
        assert len({span.concept_id for span in copy.spans}) == 1
        assert copy.spans[0].concept_id in {"D:1", "D:3", "D:7"}  # the other concepts of MeSH branch C04
    assert copies == list(derived_entities(example, "row-1", recipe, Plan(recipe)))


def test_a_sentence_without_a_mention_is_not_copied(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    recipe = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"replacements": 3})})
    assert list(derived_entities(Entities("Nothing was found.", ()), "row-1", recipe, Plan(recipe))) == []


def test_a_common_word_in_place_of_an_entity_is_an_unrelated_pair(relation_recipe: Path) -> None:
    recipe = load_recipe(str(relation_recipe))
    recipe = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"mistagged": 2.0})})
    text = "The BRCA1 polymorphism raises the risk of gout."
    pair = Pair(text, Span(4, 9, "gene", "BRCA1", "G:1"), Span(42, 46, "disease", "gout", "D:6"), "related")
    wrong = list(mistagged_pairs(pair, "row-1", recipe))
    assert len(wrong) == 2
    for other in wrong:
        assert other.label == "unrelated"
        assert {other.head.text, other.tail.text} & {"polymorphism", "risk"}
        assert other.masked.count("@GENE$") == other.masked.count("@DISEASE$") == 1


def test_unrelated_pairs_are_not_multiplied(relation_recipe: Path) -> None:
    recipe = load_recipe(str(relation_recipe))
    recipe = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"mistagged": 2.0})})
    text = "The BRCA1 polymorphism raises the risk of gout."
    pair = Pair(text, Span(4, 9, "gene", "BRCA1", "G:1"), Span(42, 46, "disease", "gout", "D:6"), "unrelated")
    assert list(mistagged_pairs(pair, "row-1", recipe)) == []


def test_a_contrast_names_something_else_and_labels_nothing(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    recipe = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"contrasts": 3})})
    example = Entities(
        "In gout it was lost, as in gout.",
        (Span(3, 7, "Disease", "gout", "D:6"), Span(27, 31, "Disease", "gout", "D:6")),
    )
    copies = list(derived_entities(example, "row-1", recipe, Plan(recipe)))
    assert len(copies) == 3
    for how, copy in copies:
        assert how == "contrasted" and copy.spans == () and "gout" not in copy.text
        assert copy.text.startswith("In ") and copy.text.endswith(".")
