"""Prompt search against a teacher on the loopback that proposes templates and answers them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpusmith.corpus.example import Entities, Reject, Span
from corpusmith.errors import UserError
from corpusmith.quality.prompt_score import closeness, distinct, score, target_form
from corpusmith.quality.prompt_search import EXAMPLE, PromptSearch, keep
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.prices import Price
from tests.teacher.fake_teacher import FakeTeacher

PROPOSALS = {  # by the seed of the proposal, the recipe's seed left out
    1000: "Write one sentence about {topic} that must hold {phrases} as in a good abstract.",
    1001: "{{ 7 * 7 }} Write one sentence with {phrases} for everybody.",
    1002: "SHORT Write one sentence about {topic} with {phrases} for everybody.",
    2000: "VARIED Write one sentence from the {section} that must hold {phrases} for everybody.",
    2001: "Write one sentence about {topic} that must hold {phrases} as in a good abstract.",
    2002: "Write of {journal} one sentence that must hold {phrases} for everybody.",
}


def write(payload: dict[str, Any]) -> str:
    prompt = payload["messages"][-1]["content"]
    if "Placeholders stand for" in prompt:
        return PROPOSALS[payload["seed"] % 1_000_000]
    names = re.findall(r'"([^"]+)"', prompt)
    if "SHORT" in prompt:
        return f"{names[0]}."
    number = payload["seed"]
    words = (
        f"{number} among {number + 70} carriers of region {number % 13}"
        if "VARIED" in prompt
        else "many carriers"
    )
    return f"In a study of families we found {' and '.join(names)} in {words} at follow-up."


@pytest.fixture
def teacher() -> Iterator[tuple[FakeTeacher, str]]:
    served = FakeTeacher(write=write)
    with served.serve() as url:
        yield served, url


def search(recipe: Path, ledger: Ledger, url: str | None, **options: Any) -> PromptSearch:
    settings = {"rounds": 2, "templates": 3, "sentences": 5, "base_url": url, **options}
    return PromptSearch(load_recipe(str(recipe)), ledger, **settings)


def test_best_template_improves_over_rounds_and_all_are_kept(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        made = search(ner_recipe, ledger, teacher[1])
        order = made.run(tmp_path / "work", lambda line: None)
        prompt, record = keep(made, order, tmp_path / "out")
    assert [c.id for c in order if c.template] == ["2.1", "1.1", "1.3"]
    assert prompt.name == "tiny-disease.v2.jinja" and "VARIED" in prompt.read_text(encoding="utf-8")
    facts = json.loads(record.read_text(encoding="utf-8"))
    assert facts["best"] == "2.1" and {entry["id"] for entry in facts["templates"]} == {
        "now",
        "1.1",
        "1.3",
        "2.1",
    }
    assert {entry["id"]: entry["reason"] for entry in facts["refused"]} == {
        "1.2": "a brace that is no slot",
        "2.2": "the same as another, or as the example",
        "2.3": "unknown slot journal",
    }
    short = next(entry for entry in facts["templates"] if entry["id"] == "1.3")
    assert short["scores"]["acceptance"] == 0.0
    assert [sentence["reason"] for sentence in short["sentences"]] == ["too short"] * 5
    assert len({s["request_id"] for entry in facts["templates"] for s in entry["sentences"]}) == 5
    grown = [
        p["messages"][-1]["content"] for p in teacher[0].payloads if p["seed"] % 1_000_000 == 2000
    ]
    assert PROPOSALS[1000] in grown[0] and "did best so far" in grown[0]


def test_recipe_can_use_new_prompt(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        made = search(ner_recipe, ledger, teacher[1])
        prompt, _ = keep(made, made.run(tmp_path / "work", lambda line: None), tmp_path / "out")
    text = ner_recipe.read_text(encoding="utf-8").replace("prompt: ner.v1", f"prompt: {prompt}")
    ner_recipe.write_text(text, encoding="utf-8")
    plan = Plan(load_recipe(str(ner_recipe)))
    for request in map(plan.request, range(40)):
        asked = request.payload["messages"][-1]["content"]
        assert all(seed.text in asked for seed in request.seeds)
        assert asked.startswith("VARIED") == bool(request.seeds)
        assert request.payload["messages"][0]["content"].startswith(
            "You are a biomedical researcher"
        )


def test_second_search_sends_and_overwrites_nothing(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    kept = []
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for _ in range(2):
            made = search(ner_recipe, ledger, teacher[1])
            kept.append(
                keep(made, made.run(tmp_path / "work", lambda line: None), tmp_path / "out")[0]
            )
    assert [path.name for path in kept] == ["tiny-disease.v2.jinja", "tiny-disease.v3.jinja"]
    assert max(teacher[0].asked.values()) == 1
    assert len(teacher[0].payloads) == 6 + 4 * 5 <= made.most_requests == 5 + 2 * 3 * 6


def test_search_stopped_by_budget_resumes(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    price = Price.from_table({"input": 1000.0, "output": 1000.0})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(UserError, match="--max-cost 1 is spent"):
            search(ner_recipe, ledger, teacher[1], price=price, max_cost=1.0).run(
                tmp_path / "work", lambda line: None
            )
        asked = len(teacher[0].payloads)
        assert 0 < asked < 26
        search(ner_recipe, ledger, teacher[1], price=price, max_cost=99.0).run(
            tmp_path / "work", lambda line: None
        )
    assert len(teacher[0].payloads) == 26 and max(teacher[0].asked.values()) == 1


def test_human_ranking_can_replace_scores(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    seen: list[list[str]] = []

    def prefer_short(order: Any) -> list[str]:
        seen.append([candidate.id for candidate in order])
        return ["1.3"]

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        made = search(ner_recipe, ledger, teacher[1], rank=prefer_short)
        order = made.run(tmp_path / "work", lambda line: None)
        _, record = keep(made, order, tmp_path / "out")
    assert len(seen) == 2 and order[0].id == "1.3"
    assert json.loads(record.read_text(encoding="utf-8"))["ranked_by"] == "a person"


def test_error_when_no_proposal_is_a_template(ner_recipe: Path, tmp_path: Path) -> None:
    hopeless = FakeTeacher(write=lambda payload: "I am afraid that I cannot help you with that")
    with hopeless.serve() as url, Ledger(tmp_path / "ledger.sqlite") as ledger:
        made = search(ner_recipe, ledger, url)
        order = made.run(tmp_path / "work", lambda line: None)
        with pytest.raises(UserError, match=r"none of the proposals is a template \(does not name"):
            keep(made, order, tmp_path / "out")


def test_repeated_example_is_not_a_proposal(ner_recipe: Path, tmp_path: Path) -> None:
    with (
        FakeTeacher(write=lambda payload: EXAMPLE).serve() as url,
        Ledger(tmp_path / "ledger.sqlite") as ledger,
    ):
        made = search(ner_recipe, ledger, url, rounds=1, templates=1)
        order = made.run(tmp_path / "work", lambda line: None)
    assert [candidate.id for candidate in order] == ["now"]
    assert made.refused[0]["reason"] == "the same as another, or as the example"


def test_relations_have_a_statement_slot(relation_recipe: Path, tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert search(relation_recipe, ledger, None).slots == {"phrases", "statement"}
        gad = PromptSearch(load_recipe("gad"), ledger)
        assert gad.slots == {"phrases", "statement", "section", "topic", "detail"}


def test_scores_have_expected_values() -> None:
    assert distinct(["a b c", "a b d"]) == 3 / 4
    assert (
        closeness(
            {"tokens_mean": 15.0, "mentions_mean": 1.0}, {"tokens_mean": 20.0, "mentions_mean": 2.0}
        )
        == 0.625
    )
    good = Entities("Gout was found here.", (Span(0, 4, "Disease", "Gout", "D:1"),))
    judged = score(
        [good, Reject("too short"), None, good], {"tokens_mean": 5.0, "mentions_mean": 1.0}
    )
    assert (judged.acceptance, judged.diversity, judged.closeness) == (0.5, 0.5, 1.0)
    assert judged.total == round(2 / 3, 4)
    assert score([None], {"tokens_mean": 5.0}).total == 0.0


def test_target_is_local_benchmark_or_shipped_figures(ner_recipe: Path, tmp_path: Path) -> None:
    recipe = load_recipe(str(ner_recipe)).model_copy(update={"benchmarks": ("ner/mine",)})
    folder = tmp_path / "ner" / "mine"
    folder.mkdir(parents=True)
    rows = [
        {"id": "1", "tokens": ["Gout", "hurts", "."], "ner_tags": ["B-Disease", "O", "O"]},
        {"id": "2", "tokens": ["Nothing"] * 9, "ner_tags": ["O"] * 9},
    ]
    (folder / "dev.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    assert target_form(recipe, tmp_path) == (
        {"tokens_mean": 3.0, "share_ending_in_full_stop": 1.0, "mentions_mean": 1.0},
        "ner/mine/dev",
    )
    assert (
        target_form(load_recipe("ncbi-disease"), None)[1] == "shipped figures of ner/ncbi_disease"
    )
    assert target_form(recipe, None)[1] == "shipped figures of ner"


def test_search_sends_same_payloads_as_new_prompt(
    teacher: tuple[FakeTeacher, str], ner_recipe: Path, tmp_path: Path
) -> None:
    """Using the new prompt reuses the answers that the search paid for."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        made = search(ner_recipe, ledger, teacher[1])
        order = made.run(tmp_path / "work", lambda line: None)
        prompt, _ = keep(made, order, tmp_path / "out")
        recipe = load_recipe(str(ner_recipe)).model_copy(update={"prompt": str(prompt)})
        asked = [r for r in map(Plan(recipe).request, range(recipe.rows)) if r.seeds][:5]
        assert all(ledger.settled(payload_key(request.payload) for request in asked).values())
        assert len(ledger.settled(payload_key(request.payload) for request in asked)) == 5
