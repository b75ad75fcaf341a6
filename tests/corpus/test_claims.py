import re

import pytest

from corpusmith.corpus.claims import Claims
from corpusmith.corpus.example import Span
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.request import Request, Seed
from corpusmith.recipe.schema import Kind

RELATION = RelationRecipe.model_validate(
    {
        "head": "chemical",
        "tail": "gene",
        "types": [
            {"name": "inhibits", "statements": ["{head} inhibits {tail}", "{head} blocks {tail}"]},
            {"name": "activates", "statements": ["{head} activates {tail}"]},
        ],
    }
)


def fault(sentence: str, label: str, claim: str) -> str | None:
    kind = Kind(name="k", weight=1, label=label, claim=claim)
    return Claims(RELATION).fault(sentence, kind)


@pytest.mark.parametrize(
    ("sentence", "label", "claim", "reason"),
    [
        ("@CHEMICAL$ is an inhibitor of @GENE$.", "inhibits", "stated", None),
        ("@CHEMICAL$ and its effect on @GENE$.", "inhibits", "stated", "relation not stated"),
        (
            "@CHEMICAL$ causes activation of @GENE$.",
            "inhibits",
            "stated",
            "cue word of another type",
        ),
        ("@CHEMICAL$ did not inhibit @GENE$.", "inhibits", "stated", "negated"),
        ("@CHEMICAL$ had no effect on @GENE$.", "none", "negated", None),
        ("@CHEMICAL$ blocked @GENE$.", "none", "negated", "negation missing"),
        ("We measured @CHEMICAL$ and @GENE$.", "none", "absent", None),
        (
            "We measured the inhibition of @GENE$ by @CHEMICAL$.",
            "none",
            "absent",
            "states a relation that was not asked for",
        ),
        ("@CHEMICAL$ causes activation of @GENE$.", "inhibits", "any", None),
    ],
)
def test_sentence_must_state_requested_relation(sentence, label, claim, reason) -> None:
    assert fault(sentence, label, claim) == reason


def test_words_shared_by_two_types_are_not_cues() -> None:
    relation = RelationRecipe.model_validate(
        {
            "head": "a",
            "tail": "b",
            "types": [
                {"name": "up", "statements": ["{head} increases the level of {tail}"]},
                {"name": "down", "statements": ["{head} reduces the level of {tail}"]},
            ],
        }
    )
    assert Claims(relation).cues == {"up": {"increas"}, "down": {"reduc"}}


def test_type_defined_by_negation_may_be_negated() -> None:
    advise = {"name": "advise", "statements": ["{head} should not be taken with {tail}"]}
    relation = RelationRecipe.model_validate({"head": "drug", "tail": "drug", "types": [advise]})
    kind = Kind(name="k", weight=1, label="advise", claim="stated")
    assert Claims(relation).fault("@DRUG1$ should not be given with @DRUG2$.", kind) is None


def test_words_of_other_links_are_not_cues_and_general_words_only_if_there_is_no_other() -> None:
    relation = RelationRecipe.model_validate(
        {
            "head": "drug",
            "tail": "disease",
            "types": [
                {"name": "treats", "statements": ["{head} treats {tail}"]},
                {"name": "causes", "statements": ["{head} causes severe {tail}"]},
            ],
            "other_links": ["{head} is a marker of severe {tail}"],
        }
    )
    assert Claims(relation).cues == {"treats": {"treat"}, "causes": {"caus"}}


def test_exclusive_type_is_stated_alone() -> None:
    types = [
        {"name": "interacts", "statements": ["{head} interacts with {tail}"], "exclusive": True},
        {"name": "raises", "statements": ["{head} raises {tail}"]},
    ]
    claims = Claims(RelationRecipe.model_validate({"head": "drug", "tail": "drug", "types": types}))
    kinds = {
        one["name"]: Kind(name="k", weight=1, label=one["name"], claim="stated") for one in types
    }
    both = "@DRUG1$ interacts with @DRUG2$ and raises it."
    assert claims.fault(both, kinds["interacts"]) == "cue word of another type"
    assert claims.fault(both, kinds["raises"]) is None


def request(kind: dict, names: str, statement: str) -> Request:
    """A request for sentences about single capital letters: A is a head, X a tail."""
    seeds = [Seed(name, "chemical" if name < "N" else "gene", name) for name in names]
    made = Kind.model_validate({"name": "k", "weight": 1, "claim": "stated", **kind})
    return Request(0, "r-0", made, "train", tuple(seeds), {}, "p", {"statement": statement})


def spans(text: str, names: str) -> list[Span]:
    found = (re.search(rf"\b{name}\b", text) for name in names)
    return [Span(m.start(), m.end(), "", m[0], m[0]) for m in found if m]


ALONE = {"label": "none", "also": [{"head": 0, "tail": 2, "label": "inhibits"}]}
TWO = {"label": "inhibits", "also": [{"head": 0, "tail": 2, "label": "inhibits"}]}
CROSSED = {
    "label": "none",
    "also": [
        {"head": 0, "tail": 2, "label": "inhibits"},
        {"head": 3, "tail": 1, "label": "activates"},
    ],
}


@pytest.mark.parametrize(
    ("kind", "names", "sentence", "right"),
    [
        (ALONE, "AXY", "A inhibits Y, and X was a control.", True),
        (ALONE, "AXY", "X was measured, and A inhibits Y.", True),
        (ALONE, "AXY", "A inhibits Y and X.", False),
        (ALONE, "AXY", "A inhibits X, Y and others.", False),
        (ALONE, "AXY", "A inhibits Y, which was also found for X.", False),
        (TWO, "AXY", "A inhibits X and Y.", True),
        (TWO, "AXY", "A inhibits X, compared with no change of Y.", False),
        (CROSSED, "AXYB", "A inhibits Y, whereas B activates X.", True),
        (CROSSED, "AXYB", "B activates X, and Y is inhibited by A.", True),
        (CROSSED, "AXYB", "A activates Y, whereas B inhibits X.", False),
        (CROSSED, "AXYB", "A and B inhibit Y and activate X.", False),
    ],
)
def test_names_of_a_sentence_with_several_pairs_are_in_their_places(
    kind: dict, names: str, sentence: str, right: bool
) -> None:
    found = Claims(RELATION).misplaced(sentence, spans(sentence, names), request(kind, names, ""))
    assert found == (None if right else "names in the wrong places")


@pytest.mark.parametrize(
    ("sentence", "right"),
    [
        ("A raises B in rats.", True),
        ("B is raised by A in rats.", True),
        ("B raises A in rats.", False),
        ("A is raised by B in rats.", False),
    ],
)
def test_directed_pair_of_one_lexicon_is_not_turned_round(sentence: str, right: bool) -> None:
    types = [{"name": "raises", "statements": ["{head} raises {tail}"]}]
    relation = RelationRecipe.model_validate(
        {"head": "chemical", "tail": "chemical", "types": types}
    )
    asked = request({"label": "raises"}, "AB", "State that A raises B.")
    found = Claims(relation).misplaced(sentence, spans(sentence, "AB"), asked)
    assert found == (None if right else "names in the wrong direction")


@pytest.mark.parametrize(
    ("sentence", "right"),
    [("AKT1 is inhibited by AKT in rats.", True), ("AKT1 inhibits AKT in rats.", False)],
)
def test_name_inside_another_is_not_taken_for_it(sentence: str, right: bool) -> None:
    types = [{"name": "inhibits", "statements": ["{head} inhibits {tail}"]}]
    content = {"head": "gene", "tail": "gene", "types": types}
    claims = Claims(RelationRecipe.model_validate(content))
    kind = Kind(name="k", weight=1, label="inhibits", claim="stated")
    seeds = (Seed("AKT", "gene", "1"), Seed("AKT1", "gene", "2"))
    statement = {"statement": "State that AKT1 is inhibited by AKT."}
    asked = Request(0, "r-0", kind, "train", seeds, {}, "p", statement)
    places = [(m.start(), m.end()) for m in re.finditer(r"\bAKT1?\b", sentence)]
    found = {sentence[a:b]: Span(a, b, "gene", sentence[a:b], "") for a, b in places}
    fault = claims.misplaced(sentence, [found["AKT"], found["AKT1"]], asked)
    assert fault == (None if right else "names in the wrong direction")


def test_mask_is_no_cue_word() -> None:
    types = [{"name": "inhibits", "statements": ["{head} inhibits {tail}"]}]
    content = {"head": "inhibitors", "tail": "targets", "types": types}
    claims = Claims(RelationRecipe.model_validate(content))
    stated = Kind(name="k", weight=1, label="inhibits", claim="stated")
    absent = Kind(name="k", weight=1, label="none", claim="absent")
    sentence = "The levels of @INHIBITORS$ and @TARGETS$ were measured."
    assert claims.fault(sentence, stated) == "relation not stated"
    assert claims.fault(sentence, absent) is None
