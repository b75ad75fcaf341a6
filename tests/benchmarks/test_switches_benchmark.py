from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import switches
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.payload import payload_key


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "answers.sqlite") as ledger:
        switches.record(ledger)
        yield ledger


def prompts(name: str) -> list[str]:
    return [
        r.payload["messages"][1]["content"]
        for r in Plan(load_recipe(switches.path(name))).requests()
    ]


@pytest.mark.parametrize(
    "name", ["ncbi-300", "ncbi-300-plain", "ncbi-300-context", "ncbi-800", "ncbi-500-round2"]
)
def test_what_is_compared_was_answered(name: str, answers: Ledger) -> None:
    plan = Plan(load_recipe(switches.path(name)))
    keys = [payload_key(request.payload) for request in plan.requests()]
    assert len(answers.get_many(keys)) >= 0.99 * len(keys) - 1  # some answers ran into their limit


def test_recipes_differ_in_what_their_line_says_alone() -> None:
    asked, plain, told = (
        prompts(name) for name in ("ncbi-300", "ncbi-300-plain", "ncbi-300-context")
    )
    named = [prompt.partition('It must contain "')[2].partition('"')[0] for prompt in asked]
    assert [prompt.partition('It must contain "')[2].partition('"')[0] for prompt in plain] == named
    assert not any("PubMed" in prompt for prompt, name in zip(plain, named, strict=True) if name)
    changed = [
        (before, after) for before, after in zip(asked, told, strict=True) if before != after
    ]
    assert len(changed) > 100 and all(
        " Background that you need not mention:" in after for _, after in changed
    )
    assert prompts("ncbi-500-round2")[300:] == prompts("ncbi-800")[:500]
