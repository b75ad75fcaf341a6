"""Prices of tokens. A price comes from the recipe or a TOML table; without one the cost is None."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.recipe.schema import ANSWER_LIMITS
from corpusmith.teacher.ledger import Usage

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BATCH_DISCOUNT = 0.5


@dataclass(frozen=True)
class Price:
    """Per million tokens, in one currency; `cached` is the price of cached prompt tokens."""

    input: float
    output: float
    cached: float

    @classmethod
    def from_table(cls, table: Mapping[str, float]) -> "Price":
        """From `{input, output, cached}`; without `cached`, cached tokens cost what others do."""
        unknown = set(table) - {"input", "output", "cached"}
        if (
            unknown
            or not {"input", "output"} <= set(table)
            or not all(_is_price(value) for value in table.values())
        ):
            raise UserError(
                "a price is input, output and perhaps cached, per million tokens, not negative: "
                f"{dict(table)}"
            )
        return cls(table["input"], table["output"], table.get("cached", table["input"]))

    def cost(
        self,
        prompt_tokens: float,
        completion_tokens: float,
        cached_tokens: float = 0,
        *,
        batch: bool = False,
    ) -> float:
        """The cost of tokens; `cached_tokens` are part of the prompt's. Batch answers cost half."""
        fresh = (prompt_tokens - cached_tokens) * self.input + cached_tokens * self.cached
        return (fresh + completion_tokens * self.output) / 1e6 * (BATCH_DISCOUNT if batch else 1.0)


def load_prices(path: Path) -> dict[str, Price]:
    """Read a TOML file with one table for each model.

    Such as `["gpt-x"]` with `input = 0.15`, `cached = 0.075` and `output = 0.6`.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not a readable TOML file of prices: {error}") from None
    for model, table in tables.items():
        if not isinstance(table, dict):
            raise UserError(
                f'{path}: {model} must be a table, ["{model}"] with input and output below it'
            )
    return {model: Price.from_table(table) for model, table in tables.items()}


def total_cost(usages: Iterable[Usage], prices: Mapping[str, Price]) -> float | None:
    """The cost of the answers; None if the price of one model is unknown."""
    cost = 0.0
    for usage in usages:
        if usage.model not in prices:
            return None
        price = prices[usage.model]
        cost += price.cost(
            usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, batch=usage.batch
        )
    return cost


def most_cost(payload: Mapping[str, Any], price: Price | None, *, batch: bool = False) -> float:
    """The maximum cost of an answer. Raises UserError if its length has no limit."""
    prompt, completion = most_tokens(payload)
    if not completion or price is None:
        raise UserError(
            "a limit on cost needs one on each answer: set `max_tokens` in the teacher's parameters"
        )
    return price.cost(prompt, completion, batch=batch)


def most_tokens(payload: Mapping[str, Any]) -> tuple[float, float]:
    """Tokens of the prompt, at most one for three bytes, and of the longest answer allowed."""
    length = sum(len(str(message["content"]).encode()) + 12 for message in payload["messages"])
    return length / 3, longest_answer(payload)


def longest_answer(parameters: Mapping[str, Any]) -> float:
    """The most tokens that an answer may have, a budget for thinking included.

    `thinking_budget` (Qwen, Gemini) is beside the answer's limit, `budget_tokens` and
    `reasoning: {max_tokens}` are within it. 0 where nothing limits it.
    """
    longest = next((parameters[name] for name in ANSWER_LIMITS if parameters.get(name)), 0)
    if not longest:
        return 0
    beside = _budgets(parameters, {"thinking_budget", "thinkingBudget"})
    within = _budgets(parameters, {"budget_tokens"})
    within += _budgets(parameters.get("reasoning"), {"max_tokens"})
    return max([longest, *within]) + sum(beside)


def _budgets(value: Any, names: set[str]) -> list[int]:
    """The numbers under these names, at any depth."""
    if not isinstance(value, Mapping):
        return []
    own = [value[name] for name in names & value.keys() if isinstance(value[name], int)]
    inner = [budget for held in value.values() for budget in _budgets(held, names)]
    return [budget for budget in own if budget > 0] + inner


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0
