import hashlib
import json
import random
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.formats import from_obo, from_obo_json
from corpusmith.lexicon.graph import KINDS, MOST_DEFINITION, Facts, Graph, short_definition
from corpusmith.lexicon.load import load_lexicon
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan
from corpusmith.teacher.payload import payload_key

# sha256 over the payload keys of the first 200 requests. Paid answers are found by these keys: code
# that changes them
# loses the answers. A recipe that is changed on purpose, with its transcript, gets a new line here.
PAYLOADS = {
    "anatomy": "214448c91f91197d",
    "bc5cdr-chemical": "4c97f591734ab167",
    "bc5cdr-disease": "4c97f591734ab167",
    "chemprot": "761062dd9de7ca3d",
    "ddi": "401399de868aabf0",
    "demo-disease": "4678aaaec575cc96",
    "demo-gene-disease": "3a1f1f8f4d336198",
    "disease-chemical": "4c97f591734ab167",
    "euadr": "0bfa6b597c66b3df",
    "gad": "3a1f1f8f4d336198",
    "ncbi-disease": "4678aaaec575cc96",
    "species": "18ddfe8234a6d9d3",
}

OBO = """format-version: 1.2

[Term]
id: X:1
name: lung disease
def: "A disease of the lung. It has many forms." [PMID:1]

[Term]
id: X:2
name: cystic fibrosis
def: "A disease that is caused by mutations of \\"CFTR\\"." [PMID:2]
synonym: "mucoviscidosis" EXACT []
is_a: X:1 ! lung disease

[Term]
id: X:3
name: asthma
is_a: X:1 ! lung disease
"""
ALL = range(10)


def prompts(recipe: Path | str, **changes: object) -> list[str]:
    plan = Plan(load_recipe(str(recipe)).model_copy(update=changes))
    return [
        request.payload["messages"][1]["content"]
        for request in (plan.request(i) for i in range(60))
    ]


@pytest.fixture
def obo() -> Graph:
    return Graph(Lexicon("x", "1", "unknown", "x", tuple(from_obo(OBO, "x.obo"))))


@pytest.mark.parametrize("name", PAYLOADS)
def test_shipped_recipes_keep_their_request_keys(name: str) -> None:
    plan = Plan(load_recipe(name))
    keys = "".join(payload_key(plan.request(i).payload) for i in range(200))
    assert hashlib.sha256(keys.encode()).hexdigest().startswith(PAYLOADS[name])


def test_facts_hold_definition_parents_siblings_and_synonyms(obo: Graph) -> None:
    concept = obo.lexicon.by_id["X:2"]
    assert obo.facts(concept, "cystic fibrosis", KINDS, ALL, random.Random(0)) == Facts(
        "cystic fibrosis",
        'A disease that is caused by mutations of "CFTR"',
        ("lung disease",),
        ("asthma",),
        ("mucoviscidosis",),
    )


def test_facts_hold_only_requested_kinds(obo: Graph) -> None:
    concept = obo.lexicon.by_id["X:2"]
    assert obo.facts(concept, "mucoviscidosis", ["synonyms"], ALL, random.Random(0)) == Facts(
        "mucoviscidosis", synonyms=("cystic fibrosis",)
    )


def test_definition_is_read_from_obo_json() -> None:
    node = {
        "id": "http://x/X_1",
        "type": "CLASS",
        "lbl": "gout",
        "meta": {"definition": {"val": "A joint disease."}},
    }
    concept = next(from_obo_json(json.dumps({"graphs": [{"nodes": [node]}]}), "x.json"))
    assert concept.definition == "A joint disease."


def test_definition_changes_lexicon_fingerprint() -> None:
    one, other = (
        Lexicon("x", "1", "", "", (Concept("X:1", ("gout",), definition=d),))
        for d in ("", "A disease.")
    )
    assert one.fingerprint != other.fingerprint


def test_definition_is_one_short_sentence() -> None:
    assert short_definition("A disease of the lung.\nIt has many forms.") == "A disease of the lung"
    assert len(short_definition("word " * 300)) <= MOST_DEFINITION + 2


def test_tree_numbers_give_parents_and_siblings() -> None:
    mesh = load_lexicon("disease")
    graph = Graph(mesh)
    wilms = mesh.by_id["MESH:D009396"]
    parents, siblings = graph.parents(wilms), graph.siblings(wilms)
    assert parents and siblings and wilms not in siblings
    above = {tree.rpartition(".")[0] for tree in wilms.types}
    assert all(above & set(parent.types) for parent in parents)
    assert all(above & {tree.rpartition(".")[0] for tree in sibling.types} for sibling in siblings)


def test_siblings_come_from_the_same_split(obo: Graph) -> None:
    concept, sibling = obo.lexicon.by_id["X:2"], obo.lexicon.by_id["X:3"]
    elsewhere = range((sibling.fold + 1) % 10, (sibling.fold + 1) % 10 + 1)
    assert obo.facts(concept, "cystic fibrosis", ["siblings"], elsewhere, random.Random(0)).empty


def test_stop_names_are_not_parents() -> None:
    concepts = (
        Concept("D:1", ("disease",), ("C04.588",)),
        Concept("D:2", ("gout",), ("C04.588.1",)),
    )
    graph = Graph(Lexicon("x", "1", "", "", concepts, stop=("disease",)))
    assert graph.facts(concepts[1], "gout", KINDS, ALL, random.Random(0)).empty


def test_context_adds_facts_to_prompt_and_keeps_seeds(ner_recipe: Path) -> None:
    plain, told = (
        prompts(ner_recipe),
        prompts(ner_recipe, prompt="ner.v2", context=("synonyms", "siblings")),
    )
    recipe = load_recipe(str(ner_recipe))
    assert any(
        "also called nephroblastoma" in prompt or "also called WT" in prompt for prompt in told
    )
    with_context = recipe.model_copy(
        update={"prompt": "ner.v2", "context": ("synonyms", "siblings")}
    )
    for number, (before, after) in enumerate(zip(plain, told, strict=True)):
        one, other = Plan(recipe).request(number), Plan(with_context).request(number)
        assert (one.seeds, one.split, one.kind) == (other.seeds, other.split, other.kind)
        assert "Background" in after or before == after


@pytest.mark.parametrize(("name", "newer"), [("ncbi-disease", "ner.v2"), ("gad", "re.v2")])
def test_without_facts_new_and_old_templates_agree(name: str, newer: str) -> None:
    assert prompts(name) == prompts(name, prompt=newer)


def test_context_holds_no_seed_of_another_split() -> None:
    recipe = load_recipe("ncbi-disease").model_copy(
        update={"prompt": "ner.v2", "context": ("siblings",)}
    )
    plan = Plan(recipe)
    for request in (plan.request(i) for i in range(200)):
        facts = plan._facts(request.seeds, request.split, request.index)
        lexicon = load_lexicon("disease")
        folds = {c.names[0]: c.fold for c in lexicon.concepts}
        for sibling in (name for fact in facts for name in fact.siblings if name in folds):
            assert folds[sibling] in SPLIT_FOLDS[request.split]


def test_error_for_template_without_slot_names_remedy(ner_recipe: Path) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "context: [synonyms]\n", encoding="utf-8"
    )
    with pytest.raises(
        UserError, match=r"needs a template with the slot `facts`.*use ner\.v2 or re\.v2"
    ):
        load_recipe(str(ner_recipe))


def test_unknown_kind_of_fact_is_refused(ner_recipe: Path) -> None:
    text = ner_recipe.read_text(encoding="utf-8").replace(
        "prompt: ner.v1", "prompt: ner.v2\ncontext: [uncles]"
    )
    ner_recipe.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="'definition', 'parents', 'siblings' or 'synonyms'"):
        load_recipe(str(ner_recipe))
