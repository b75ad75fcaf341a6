from builders.count_prevalence import count
from corpusmith.corpus.augment.vocabulary import named_by_teachers
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan


def test_the_shipped_counts_are_of_concepts_that_nobody_asked_for() -> None:
    counts = named_by_teachers()
    asked = {
        seed.concept_id
        for request in Plan(load_recipe("bc5cdr-disease")).requests()
        for seed in request.seeds
    }
    assert (
        counts["DOID:162"] > 20 and "DOID:162" not in asked
    )  # cancer: no request is about it, many answers name it
    assert dict(count()) == dict(counts)  # what ships is what the command writes
