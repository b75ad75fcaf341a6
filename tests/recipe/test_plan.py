import itertools
from pathlib import Path

import pytest

from corpusmith.corpus.generate import request_of
from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.surface_forms import abbreviation
from corpusmith.recipe.lexicons import found
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan
from corpusmith.recipe.schema import LexiconSource, Selection
from corpusmith.teacher.payload import payload_key


def test_request_depends_only_on_recipe_and_index(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    assert Plan(recipe).request(17) == Plan(recipe).request(17)


def test_more_rows_do_not_change_earlier_requests(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    longer = recipe.model_copy(update={"rows": 600})
    assert list(Plan(recipe).requests()) == [Plan(longer).request(i) for i in range(60)]


def test_shards_partition_the_plan(ner_recipe: Path) -> None:
    plan = Plan(load_recipe(str(ner_recipe)))
    shards = [[request.index for request in plan.requests(shard, 4)] for shard in range(4)]
    assert sorted(itertools.chain(*shards)) == list(range(60))


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_have_no_repeated_request(name: str) -> None:
    plan = Plan(load_recipe(name))
    keys = {payload_key(plan.request(i).payload) for i in range(300)}
    assert len(keys) == 300


@pytest.mark.parametrize("name", ["ncbi-disease", "bc5cdr-chemical", "gad"])
def test_splits_share_no_seed_concept(name: str) -> None:
    plan = Plan(load_recipe(name))
    concepts = {
        lexicon.source: load_lexicon(lexicon.source).by_id
        for lexicon in plan.recipe.lexicons.values()
    }
    for request in (plan.request(i) for i in range(200)):
        for seed in request.seeds:
            for concept_id in seed.concept_id.split("|"):
                concept = concepts[plan.recipe.lexicons[seed.lexicon].source][concept_id]
                assert concept.fold in SPLIT_FOLDS[request.split]


def test_recipes_for_one_benchmark_share_requests() -> None:
    disease, chemical = Plan(load_recipe("bc5cdr-disease")), Plan(load_recipe("bc5cdr-chemical"))
    assert [disease.request(i).payload for i in range(20)] == [
        chemical.request(i).payload for i in range(20)
    ]


def test_prompt_names_every_seed() -> None:
    plan = Plan(load_recipe("ncbi-disease"))
    for request in (plan.request(i) for i in range(100)):
        prompt = request.payload["messages"][1]["content"]
        assert all(seed.text in prompt for seed in request.seeds)


def test_coordination_is_one_seed_with_two_concepts() -> None:
    plan = Plan(load_recipe("ncbi-disease"))
    seeds = [
        request.seeds[0]
        for request in (plan.request(i) for i in range(300))
        if request.kind.form == "coordinated"
    ]
    joined = [seed for seed in seeds if "|" in seed.concept_id]
    assert len(joined) > 5
    assert all(
        any(word in seed.text for word in (" and ", " or ", "and/or", "/")) for seed in joined
    )


def test_abbreviations_come_from_lexicon_or_initials() -> None:
    assert abbreviation(Concept("D", ("cystic fibrosis", "CF")), "cystic fibrosis") == "CF"
    assert abbreviation(Concept("D", ("pain of the left foot",)), "pain of the left foot") == "PLF"
    assert abbreviation(Concept("D", ("gout",)), "gout") is None


def test_request_payload_has_no_field_for_user_documents() -> None:
    """A prompt is a template filled with lexicon names and attributes only."""
    plan = Plan(load_recipe("ncbi-disease"))
    allowed = {"model", "messages", "seed", *plan.recipe.teacher.parameters}
    assert all(set(plan.request(i).payload) == allowed for i in range(50))


def test_short_word_list_fills_as_many_splits_as_possible(ner_recipe: Path) -> None:
    plan = Plan(load_recipe(str(ner_recipe)))
    folds = {split for request in plan.requests() if request.seeds for split in [request.split]}
    assert "train" in folds
    assert {request.split for request in plan.requests() if not request.seeds} == set(SPLIT_FOLDS)


def test_empty_selection_is_refused(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe))
    disease = recipe.lexicons["disease"].model_copy(update={"draw": Selection(min_weight=99)})
    with pytest.raises(UserError, match="no concept left to draw"):
        list(
            Plan(
                recipe.model_copy(update={"lexicons": {**recipe.lexicons, "disease": disease}})
            ).requests()
        )


def test_names_with_excluded_word_are_not_found(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("thrombocytopenia|heparin-induced thrombocytopenia\nInduced labor\n")
    source = LexiconSource(source=str(names), find=Selection(without_words=("induced",)))
    assert [concept.names for concept in found(source).concepts] == [("thrombocytopenia",)]
    shipped = Plan(load_recipe("bc5cdr-disease")).lexicons["disease"].matcher
    tokens = ["heparin", "-", "induced", "thrombocytopenia"]
    assert [(match.start, match.end) for match in shipped.matches(tokens)] == [(3, 4)]


def test_synonymous_concepts_share_the_type_of_one_of_them(
    tmp_path: Path,
) -> None:
    table = tmp_path / "diseases.tsv"
    table.write_text(
        "concept_id\tname\tsynonyms\ttypes\n"
        "MESH:1\tprostatic neoplasm\tprostate neoplasms\tC04.588\n"
        "MESH:2\tprostatectomy\t\tE04\n"
        "DOID:1\tprostate cancer\tProstate Neoplasm|PCA\t\n"
        "DOID:4\thereditary neoplasm of it\tfamilial neoplasms\t\n"
        "MESH:3\tneoplasms\t\tC04\n"
        "DOID:2\tremoved prostate\tprostatectomy\t\n"
        "DOID:3\tfamilial\t\t\n"
    )
    of_type_c = LexiconSource(source=str(table), find=Selection(types=("C",)))
    assert [(concept.id, concept.names) for concept in found(of_type_c).concepts] == [
        ("MESH:1", ("prostatic neoplasm", "prostate neoplasms")),
        ("MESH:3", ("neoplasms",)),
        ("DOID:1", ("Prostate Neoplasm",)),
        ("DOID:4", ("familial neoplasms",)),
    ]
    assert len(found(LexiconSource(source=str(table))).concepts) == 7
    shipped = Plan(load_recipe("bc5cdr-disease")).lexicons["disease"].matcher
    assert [(match.start, match.end) for match in shipped.matches(["prostate", "cancer"])] == [
        (0, 2)
    ]


def test_borrowed_requests_come_last_in_plan(ner_recipe: Path, relation_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe)).model_copy(update={"borrow": (str(relation_recipe),)})
    plan, own, lender = (
        Plan(recipe),
        Plan(load_recipe(str(ner_recipe))),
        Plan(load_recipe(str(relation_recipe))),
    )
    requests = list(plan.requests())
    assert len(plan) == len(requests) == 60 + 40
    assert [request.id for request in requests] == [
        r.id for r in [*own.requests(), *lender.requests()]
    ]
    assert [request.index for request in requests] == list(range(100))
    assert requests[65].payload == lender.request(5).payload and requests[65].prompt.startswith(
        "re.v1@"
    )
    assert (
        request_of(plan, requests[65].payload).id == requests[65].id
        and request_of(plan, requests[5].payload) == requests[5]
    )
    with pytest.raises(IndexError, match="no request 100"):
        plan.request(100)
    alone = recipe.own(rows=70)
    assert (alone.borrow, alone.rows, recipe.rows) == ((), 70, 60) and len(Plan(alone)) == 70


def test_most_borrowed_spreads_requests_over_all_lenders() -> None:
    recipe = load_recipe("species").model_copy(update={"rows": 10, "most_borrowed": 4})
    plan = Plan(recipe)
    assert len(plan) == 50
    ids = [request.id.rsplit("-", 1)[0] for request in plan.requests()]
    assert ids[:10] == ["species"] * 10
    assert set(ids[10:]) == {"ncbi-disease", "bc5cdr-disease", "gad"}
    assert len({request.id for request in plan.requests()}) == 50
    everything = Plan(recipe.model_copy(update={"most_borrowed": None}))
    assert len(everything) == 10 + sum(map(len, everything.lenders))
