"""Answers about a pair of entities, verified."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from corpusmith.corpus.example import PairSentence, Reject, Span, pair_row
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from tests.corpus.verified import FILLER, PARTS, asked, sentence_of, verify


@given(PARTS, FILLER)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_any_text_keeps_pairs_valid(
    relation_recipe: Path, parts: list[tuple[str, str, str, str]], tail: str
) -> None:
    recipe = load_recipe(str(relation_recipe))
    request = asked(("BRCA1", "gene"), ("breast cancer", "disease"), label="related")
    outcome = verify(recipe, request, sentence_of(parts, f"{tail} BRCA1 and breast cancer"))
    if isinstance(outcome, PairSentence):
        row = pair_row(outcome, {"unrelated": 0, "related": 1})
        for span in (row["head"], row["tail"]):
            assert span["text"] and row["source_text"][span["start"] : span["end"]] == span["text"]
        unmasked = (
            row["text"]
            .replace("@GENE$", row["head"]["text"], 1)
            .replace("@DISEASE$", row["tail"]["text"], 1)
        )
        assert unmasked == row["source_text"]


def test_pair_is_masked_in_place(relation_recipe: Path) -> None:
    recipe = load_recipe(str(relation_recipe))
    request = asked(("BRCA1", "gene"), ("breast cancer", "disease"), label="related")
    outcome = verify(recipe, request, "Carriers of BRCA1 develop breast cancer at an early age.")
    assert isinstance(outcome, PairSentence)
    assert outcome.masked == "Carriers of @GENE$ develop @DISEASE$ at an early age."
    assert outcome.label == "related"
    assert outcome.head == Span(12, 17, "gene", "BRCA1", "G:1")


def test_overlapping_pair_is_rejected(relation_recipe: Path) -> None:
    recipe = load_recipe(str(relation_recipe))
    request = asked(("breast cancer 1", "gene"), ("breast cancer", "disease"), label="related")
    answer = "Variants of breast cancer 1 were found in half of the women."
    assert verify(recipe, request, answer) == Reject("head and tail overlap")


def test_pair_named_together_gets_label_of_recipe(
    relation_recipe: Path,
) -> None:
    recipe = load_recipe(str(relation_recipe))
    assert recipe.relation is not None
    request = next(
        request for request in Plan(recipe).requests() if request.kind.label == "unrelated"
    )
    gene, disease = (seed.text for seed in request.seeds)
    answer = f"The {gene} gene was typed in a sample of patients with {disease}."
    assert verify(recipe, request, answer).label == "unrelated"
    together = recipe.relation.model_copy(update={"named_together": "related"})
    assert (
        verify(recipe.model_copy(update={"relation": together}), request, answer).label == "related"
    )
