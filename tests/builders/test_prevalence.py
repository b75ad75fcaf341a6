from builders.plan import Plan
from builders.prevalence import count
from builders.recipe import load_recipe
from builders.vocabulary import named_by_teachers


def test_the_shipped_counts_are_of_concepts_that_nobody_asked_for() -> None:
    lexicon = Plan(load_recipe("bc5cdr-disease")).lexicons["disease"]
    counts = named_by_teachers()
    common = {lexicon.by_id[concept].names[0] for concept in counts if counts[concept] >= 40 and concept in lexicon.by_id}
    assert "hypertension" in common
    assert dict(count()) == dict(counts)  # what ships is what the command writes
