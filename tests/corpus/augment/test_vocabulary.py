import random
from collections import Counter
from pathlib import Path

import yaml

from corpusmith.corpus.augment.vocabulary import Vocabulary, weighed
from corpusmith.lexicon.concept import Concept
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan


def drawn(vocabulary: Vocabulary, lexicon: str = "disease") -> Counter[str]:
    rng = random.Random(0)
    return Counter(vocabulary.draw(lexicon, rng).id for _ in range(3000))


def test_replacements_exclude_held_out_concepts_and_stop_names(
    ner_recipe: Path,
) -> None:
    plan = Plan(load_recipe(str(ner_recipe)))
    requests = list(plan.requests())
    about = {
        seed.concept_id
        for request in requests
        if request.split != "train"
        for seed in request.seeds
    }
    assert about and plan.held_out == about
    named = set(drawn(Vocabulary(plan)))
    # D:8 is a stop name.
    assert named == {concept.id for concept in plan.lexicons["disease"].concepts} - about - {"D:8"}


def test_long_plan_holds_out_every_concept_of_held_out_folds(ner_recipe: Path) -> None:
    recipe = load_recipe(str(ner_recipe)).model_copy(update={"rows": 10_000_000})
    plan = Plan(recipe)
    concepts = [*plan.lexicons["disease"].concepts, *plan.lexicons["gene"].concepts]
    assert plan.held_out == {concept.id for concept in concepts if concept.fold >= 8}


def test_names_of_also_are_found_and_drawn_but_not_requested(
    ner_recipe: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("nephrotoxicity|nephrotoxic\n", encoding="utf-8")
    content = yaml.safe_load(ner_recipe.read_text(encoding="utf-8"))
    before = [request.payload for request in Plan(load_recipe(str(ner_recipe))).requests()]
    content["lexicons"]["disease"]["also"] = [str(tmp_path / "more.txt")]
    ner_recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    plan = Plan(load_recipe(str(ner_recipe)))
    assert [request.payload for request in plan.requests()] == before
    assert [
        match.concept_id
        for match in plan.lexicons["disease"].matcher.matches(["nephrotoxic", "rats"])
    ] == ["word:1"]
    assert drawn(Vocabulary(plan))["word:1"] > 0


def test_frequent_names_are_drawn_more_often(monkeypatch) -> None:
    concepts = [Concept("A", ("a",), weight=4.0), Concept("B", ("b",), weight=1.0)]
    assert [concept.weight for concept in weighed(concepts, 0.0, 0.5)] == [2 / 3, 1 / 3]
    assert [concept.weight for concept in weighed(concepts, 0.0, 1.0)] == [4 / 5, 1 / 5]
    monkeypatch.setattr("corpusmith.corpus.augment.vocabulary.named_by_teachers", lambda: {"B": 9})
    assert [round(concept.weight, 3) for concept in weighed(concepts, 0.5, 0.5)] == [0.333, 0.667]
