from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.ledger import Usage
from corpusmith.teacher.prices import Price, load_prices, longest_answer, total_cost


def test_cost_separates_cached_from_fresh_tokens_and_halves_batches() -> None:
    price = Price(input=2.0, output=8.0, cached=0.5)
    assert price.cost(1_000_000, 500_000, 400_000) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.5 * 8)
    assert price.cost(1_000_000, 500_000, 400_000, batch=True) == pytest.approx(2.7)


@pytest.mark.parametrize(
    ("thinking", "longest"),
    [
        ({}, 100),
        ({"thinking": {"budget_tokens": 900}}, 900),
        ({"reasoning": "low"}, 100),
        ({"reasoning": {"max_tokens": 700}}, 700),
        ({"thinking_budget": 4096}, 4196),
        ({"chat_template_kwargs": {"thinking_budget": 2048}}, 2148),
        ({"google": {"thinking_config": {"thinking_budget": 2048}}}, 2148),
    ],
)
def test_longest_answer_has_the_thinking_that_is_limited(thinking: dict, longest: int) -> None:
    assert longest_answer({"max_tokens": 100, **thinking}) == longest
    assert longest_answer({"max_tokens": None, **thinking}) == 0


def test_price_table_is_read_and_unknown_model_has_unknown_cost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        '["gpt-x"]\ninput = 1\noutput = 4.0\n[local]\ninput = 0\noutput = 0\ncached = 0\n'
    )
    prices = load_prices(path)
    assert prices == {"gpt-x": Price(1, 4.0, 1), "local": Price(0, 0, 0)}
    usages = [
        Usage("gpt-x", "h", False, 3, 0, 1_000_000, 0, 0),
        Usage("gpt-x", "h", True, 3, 0, 0, 1_000_000, 0),
    ]
    assert total_cost(usages, prices) == pytest.approx(3.0)
    assert total_cost([*usages, Usage("new", "h", False, 1, 0, 1, 1, 0)], prices) is None
    assert total_cost([], prices) == 0


@pytest.mark.parametrize(
    "text",
    [
        "input = 1",
        "[m]\ninput = 1\n",
        "[m]\ninput = -1\noutput = 1\n",
        "[m]\ninput = 1\noutput = 'x'\n",
        "[m]\ninput = 1\noutput = 1\nouput = 1\n",
        "[m",
    ],
)
def test_invalid_price_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(UserError):
        load_prices(tmp_path / "prices.toml")
