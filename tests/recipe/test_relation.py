from pathlib import Path

import pytest
import yaml

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.relation import Relation, kinds_of

TYPES = [
    {"name": "inhibits", "statements": ["{head} inhibits {tail}"], "weight": 3},
    {"name": "activates", "statements": ["{head} activates {tail}"]},
]


def kinds(**relation) -> dict[str, dict]:
    given = {"head": "chemical", "tail": "gene", "types": TYPES, **relation}
    return {kind["name"]: kind for kind in kinds_of(Relation.model_validate(given))}


def test_half_of_requests_state_a_relation_drawn_by_weight() -> None:
    found = kinds()
    weights = {name: kind["weight"] for name, kind in found.items()}
    assert (weights["inhibits"], weights["activates"]) == (37.5, 12.5)
    assert sum(weights.values()) == pytest.approx(100)
    absent = [kind for name, kind in found.items() if name not in ("inhibits", "activates")]
    assert absent and {kind["label"] for kind in absent} == {"none"}


def test_wrong_direction_needs_one_lexicon_and_a_directed_type() -> None:
    assert "wrong direction" not in kinds()
    found = kinds(head="drug", tail="drug")["wrong direction"]
    assert "State that {tail} inhibits {head}." in found["attributes"]["statement"]
    symmetric = [{**one, "symmetric": True} for one in TYPES]
    assert "wrong direction" not in kinds(head="drug", tail="drug", types=symmetric)


def test_recipe_decides_whether_negation_counts() -> None:
    assert kinds()["negated"]["claim"] == "negated"
    found = kinds(negated="related")
    assert "negated" not in found
    assert any("no evidence" in text for text in found["inhibits"]["attributes"]["statement"])


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
        Relation.model_validate(
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
        if request.kind.name == "another tail":
            assert request.seeds[2].lexicon == "disease"
            assert f"{request.seeds[2].text}" in user


def test_kind_label_must_be_a_class(relation_recipe: Path) -> None:
    text = relation_recipe.read_text(encoding="utf-8").replace("label: related", "label: relatd")
    relation_recipe.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="the label relatd is none of unrelated, related"):
        load_recipe(str(relation_recipe))
