from builders.count_prevalence import count
from corpusmith.corpus.augment.vocabulary import named_by_teachers
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan


def test_shipped_counts_are_of_unrequested_concepts() -> None:
    counts = named_by_teachers()
    asked = {
        seed.concept_id
        for request in Plan(load_recipe("bc5cdr-disease")).requests()
        for seed in request.seeds
    }
    # DOID:162 is cancer: no request is about it, but many answers name it.
    assert counts["DOID:162"] > 20 and "DOID:162" not in asked
    assert dict(count()) == dict(counts)  # the shipped file equals the command's output
