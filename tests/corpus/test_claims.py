import pytest

from corpusmith.corpus.claims import Claims
from corpusmith.recipe.relation import RelationRecipe
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
        ("@CHEMICAL$ lowers the level of @GENE$.", "inhibits", "stated", None),
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
