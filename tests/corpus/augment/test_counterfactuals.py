import random

import pytest

from corpusmith.corpus.augment.counterfactuals import counterfactual, replacements
from corpusmith.corpus.claims import Claims
from corpusmith.corpus.example import PairSentence, Span
from corpusmith.recipe.relation import RelationRecipe

TYPES = [
    {
        "name": "inhibits",
        "statements": ["{head} inhibits {tail}", "{head} is an inhibitor of {tail}"],
    },
    {
        "name": "activates",
        "statements": ["{head} activates {tail}", "{head} is a stimulant of {tail}"],
    },
    {"name": "binds", "statements": ["{head} has a high affinity for {tail}"]},
]
CLAIMS = Claims(RelationRecipe.model_validate({"head": "drug", "tail": "gene", "types": TYPES}))


def pair(text: str, label: str = "inhibits") -> PairSentence:
    head, tail = text.index("zolam"), text.index("ABC1")
    return PairSentence(
        text,
        Span(head, head + 5, "drug", "zolam", "1"),
        Span(tail, tail + 4, "gene", "ABC1", "2"),
        label,
    )


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("In mice, zolam inhibits ABC1.", "In mice, zolam activates ABC1."),
        ("ABC1 was inhibited by zolam.", "ABC1 was activated by zolam."),
        ("Inhibited ABC1 recovered after zolam.", "Activated ABC1 recovered after zolam."),
    ],
)
def test_type_word_is_replaced_and_spans_follow(text: str, other: str) -> None:
    changed = counterfactual(pair(text), CLAIMS, random.Random(0))
    assert changed is not None and (changed.text, changed.label) == (other, "activates")
    for span in (changed.head, changed.tail):
        assert changed.text[span.start : span.end] == span.text


def test_article_fits_the_new_word() -> None:
    types = [
        {"name": "one", "statements": ["{head} is a blocker of {tail}"]},
        {"name": "two", "statements": ["{head} is an agonist of {tail}"]},
    ]
    wording = [
        {"name": "one", "statements": ["{head}, a {tail} blocker"]},
        {"name": "two", "statements": ["{head}, a {tail} agonist"]},
    ]
    claims = Claims(
        RelationRecipe.model_validate({"head": "drug", "tail": "gene", "types": wording})
    )
    changed = counterfactual(
        pair("The dose of zolam, a blocker of ABC1.", "one"), claims, random.Random(0)
    )
    assert changed is not None
    assert changed.text == "The dose of zolam, an agonist of ABC1."
    assert not replacements(
        RelationRecipe.model_validate({"head": "drug", "tail": "gene", "types": types})
    )["one"]["two"]


@pytest.mark.parametrize(
    "text",
    [
        "A dose of zolam lowers ABC1.",  # no word to replace
        "An inhibitor, zolam inhibits ABC1.",  # "inhibitor" would stay
    ],
)
def test_sentence_that_would_keep_its_type_has_no_counterfactual(text: str) -> None:
    assert counterfactual(pair(text), CLAIMS, random.Random(0)) is None


def test_sentence_of_two_types_has_no_counterfactual() -> None:
    text = "It is known that zolam inhibits ABC1 and has affinity for XYZ2."
    third = Span(text.index("XYZ2"), text.index("XYZ2") + 4, "gene", "XYZ2", "3")
    example = pair(text)
    crossed = PairSentence(text, example.head, third, "binds")
    both = PairSentence(text, example.head, example.tail, "inhibits", (crossed,))
    assert counterfactual(both, CLAIMS, random.Random(0)) is None


def test_symmetric_sentence_gets_no_directed_type() -> None:
    """ "B binds A" is right in either order; "B inhibits A" is not."""
    types = [
        {"name": "binds", "statements": ["{head} binds {tail}"], "symmetric": True},
        {"name": "inhibits", "statements": ["{head} inhibits {tail}"]},
    ]
    claims = Claims(RelationRecipe.model_validate({"head": "gene", "tail": "gene", "types": types}))
    bound = PairSentence(
        "KRAS binds EGFR in mice.",
        Span(11, 15, "gene", "EGFR", "1"),
        Span(0, 4, "gene", "KRAS", "2"),
        "binds",
    )
    assert all(counterfactual(bound, claims, random.Random(seed)) is None for seed in range(5))
