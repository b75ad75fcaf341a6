from pathlib import Path

import pytest
import yaml

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.relation_kinds import kinds_of

TYPES = [
    {"name": "inhibits", "statements": ["{head} inhibits {tail}"], "weight": 3},
    {"name": "activates", "statements": ["{head} activates {tail}"]},
]


def kinds(**relation) -> dict[str, dict]:
    given = {"head": "chemical", "tail": "gene", "types": TYPES, **relation}
    return {kind["name"]: kind for kind in kinds_of(RelationRecipe.model_validate(given))}


def test_half_of_requests_state_a_relation_drawn_by_weight() -> None:
    found = kinds()
    shares = {"inhibits": 0.0, "activates": 0.0, "none": 0.0}
    for kind in found.values():
        shares[kind["label"]] += kind["weight"]
    assert shares == pytest.approx({"inhibits": 37.5, "activates": 12.5, "none": 50})
    negated = [found[f"negated: {name}"]["weight"] for name in ("inhibits", "activates")]
    assert negated[0] == pytest.approx(3 * negated[1])


def test_wrong_direction_needs_one_lexicon_and_a_directed_type() -> None:
    assert not any(name.startswith("wrong direction") for name in kinds())
    found = kinds(head="drug", tail="drug")["wrong direction: inhibits"]
    assert "State that {tail} inhibits {head}." in found["attributes"]["statement"]
    assert found["also"] == [{"head": 1, "tail": 0, "label": "inhibits"}]
    symmetric = [{**one, "symmetric": True} for one in TYPES]
    found = kinds(head="drug", tail="drug", types=symmetric)
    assert not any(name.startswith("wrong direction") for name in found)


def test_recipe_decides_whether_negation_counts() -> None:
    assert kinds()["negated: inhibits"]["claim"] == "negated"
    found = kinds(negated="related")
    assert not any(name.startswith(("negated", "not the tail")) for name in found)
    assert any("no evidence" in text for text in found["inhibits"]["attributes"]["statement"])


def test_type_stated_by_negation_is_not_asked_for_negated() -> None:
    advise = {"name": "advise", "statements": ["{head} should not be taken with {tail}"]}
    found = kinds(types=[*TYPES, advise])
    assert "negated: inhibits" in found and "negated: advise" not in found


def test_classes_of_third_names_follow_from_the_statement() -> None:
    found = kinds()
    tail = found["another tail: inhibits"]
    assert (tail["label"], tail["seeds"]) == ("none", ["chemical", "gene", "gene"])
    assert tail["also"] == [{"head": 0, "tail": 2, "label": "inhibits"}]
    wanted = "State that {head} inhibits {other}, whereas {tail} was only used as a control."
    assert wanted in tail["attributes"]["statement"]
    head = found["another head: inhibits"]
    assert head["also"] == [{"head": 2, "tail": 1, "label": "inhibits"}]
    wanted = "State that {other} inhibits {tail}, whereas {head} was only used as a control."
    assert wanted in head["attributes"]["statement"]
    crossed = found["crossed: inhibits, activates"]
    assert crossed["seeds"] == ["chemical", "gene", "gene", "chemical"]
    assert crossed["also"] == [
        {"head": 0, "tail": 2, "label": "inhibits"},
        {"head": 3, "tail": 1, "label": "activates"},
        {"head": 3, "tail": 2, "label": "none"},
    ]
    wanted = "State that {head} inhibits {other}, and that {another} activates {tail}."
    assert wanted in crossed["attributes"]["statement"]


def test_links_that_are_no_type_are_asked_for_as_none() -> None:
    assert "other link" not in kinds()
    found = kinds(other_links=["{head} binds to {tail}"])["other link"]
    assert found["label"] == "none"
    assert "State that {head} binds to {tail}." in found["attributes"]["statement"]
    with pytest.raises(ValueError, match="needs the slots"):
        kinds(other_links=["binds"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"statements": ["A inhibits B"]}, "needs the slots"),
        ({"statements": ["{head} inhibits {gene}"]}, "needs the slots"),
        ({"symmetric": True, "inverse": "activates"}, "has no inverse"),
        ({"inverse": "is_blocked_by"}, "names another type"),
        ({"name": "activates"}, "all different"),
    ],
)
def test_wrong_types_are_refused(change, said) -> None:
    with pytest.raises(ValueError, match=said):
        RelationRecipe.model_validate(
            {"head": "chemical", "tail": "gene", "types": [{**TYPES[0], **change}, TYPES[1]]}
        )


@pytest.fixture
def typed_recipe(tmp_path: Path, lexicons: dict[str, str]) -> Path:
    recipe = {
        "name": "typed",
        "title": "Typed pairs, for tests",
        "task": "relations",
        "relation": {"head": "gene", "tail": "disease", "types": TYPES},
        "lexicons": {name: {"source": source} for name, source in lexicons.items()},
        "prompt": "re.v1",
        "teacher": {"model": "tiny-teacher"},
        "rows": 60,
    }
    path = tmp_path / "typed.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def test_request_states_the_names_it_draws(typed_recipe: Path) -> None:
    recipe = load_recipe(str(typed_recipe))
    assert recipe.relation and recipe.relation.labels == ("none", "inhibits", "activates")
    for request in Plan(recipe).requests():
        user = request.payload["messages"][-1]["content"]
        assert "{" not in user
        if request.kind.name == "inhibits":
            assert f"{request.seeds[0].text} inhibits {request.seeds[1].text}" in user
        if request.kind.name.startswith("another tail"):
            assert request.seeds[2].lexicon == "disease"
        if request.kind.name.startswith("crossed"):
            assert [s.lexicon for s in request.seeds] == ["gene", "disease", "disease", "gene"]
        statement = user.partition("written exactly like that.")[2]
        assert all(seed.text in statement for seed in request.seeds)


def test_kind_label_must_be_a_class(relation_recipe: Path) -> None:
    text = relation_recipe.read_text(encoding="utf-8").replace("label: related", "label: relatd")
    relation_recipe.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="the label relatd is none of unrelated, related"):
        load_recipe(str(relation_recipe))
