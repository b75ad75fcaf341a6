"""Send the requests of a recipe to a teacher, and verify each answer on arrival."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.corpus.example import Reject
from corpusmith.corpus.verify import Verifier
from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.recipe.fingerprint import plan_identity
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe, Teacher
from corpusmith.teacher.batch import generate_batches
from corpusmith.teacher.client import generate as ask
from corpusmith.teacher.endpoint.dialect import Dialect
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.prices import Price, load_prices, longest_answer
from corpusmith.teacher.progress import Progress, Verify
from corpusmith.teacher.structured import every_form, find_outcomes
from corpusmith.teacher.transcript import borrowed_transcripts, import_borrowed

TOKENS_A_WORD = 1.5  # of English in common tokenizers; only estimates rest on it
DEFAULT_ANSWER = 100  # tokens of an answer, if neither the ledger nor a limit gives an estimate


@dataclass(frozen=True)
class Estimate:
    """The size and cost of a generation. `cost` is None if the price is unknown. `models` counts
    the ledger's answers by other models.
    """

    requests: int
    answered: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    models: tuple[tuple[str, int], ...] = ()


def resized(recipe: str, rows: int | None = None, model: str | None = None) -> Recipe:
    """The recipe with another number of requests or another teacher."""
    parsed = load_recipe(recipe)
    changes: dict[str, Any] = {}
    if rows is not None:
        if rows < 1:
            raise UserError(f"--rows {rows}: give a positive number of requests")
        changes["rows"] = rows
    if model is not None:
        changes["teacher"] = parsed.teacher.model_copy(update={"model": model})
    return parsed.model_copy(update=changes)


def price_of(recipe: Recipe, prices: Path | None) -> Price | None:
    """The price in the recipe, or else in a TOML table; None if neither has one."""
    if recipe.teacher.price is not None:
        return Price.from_table(recipe.teacher.price)
    return load_prices(prices).get(recipe.teacher.model) if prices else None


def estimate(
    recipe: Recipe, ledger: Ledger, shard: tuple[int, int] = (0, 1), price: Price | None = None
) -> Estimate:
    """Requests of the recipe's own still to be sent, and their tokens."""
    payloads = (request.payload for request in own_plan(recipe).requests(*shard))
    return estimate_of(payloads, recipe.teacher, ledger, price)


def estimate_of(
    payloads: Iterable[Mapping[str, Any]], teacher: Teacher, ledger: Ledger, price: Price | None
) -> Estimate:
    """Requests still to be sent to a teacher, and their tokens.

    Prompts are estimated by their words; answers by the mean of those on record, thinking and
    unusable replies included, else by the longest that the parameters allow.
    """
    answered = unsent = words = 0
    longest: float = DEFAULT_ANSWER
    for asked in batches(payloads, 2000):
        longest = longest_answer(asked[0]) or DEFAULT_ANSWER
        for payload, outcome in zip(asked, find_outcomes(ledger, asked), strict=True):
            if outcome == "pending":
                unsent += 1
                words += sum(len(message["content"].split()) for message in payload["messages"])
            else:
                answered += 1
    usages = [usage for usage in ledger.totals() if usage.model == teacher.model]
    known = sum(usage.answers for usage in usages)
    mean = sum(usage.completion_tokens for usage in usages) / known if known else longest
    prompt, completion = int(words * TOKENS_A_WORD), int(mean * unsent)
    cost = None if price is None else price.cost(prompt, completion)
    others = {m: n for m, n in ledger.models().items() if m != teacher.model}
    return Estimate(unsent, answered, prompt, completion, cost, tuple(others.items()))


@dataclass(frozen=True)
class ShardPayloads:
    """The payloads of requests i, i + n, i + 2n, … of a plan, drawn lazily."""

    plan: Plan
    shard: tuple[int, int] = (0, 1)

    def __len__(self) -> int:
        return len(range(self.shard[0], len(self.plan), self.shard[1]))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (request.payload for request in self.plan.requests(*self.shard))


def generate(
    recipe: Recipe,
    ledger: Ledger,
    shard: tuple[int, int] = (0, 1),
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Ask for every request of the shard that the ledger has not settled; verify each answer.

    The recorded answers that the recipe borrows are imported first.

    Raises UserError when the endpoint cannot be used; the same call goes on where it stopped. A
    plan that the ledger marks as finished is neither drawn nor imported for again.
    """
    limits = in_dialect(recipe, limits)
    plan = own_plan(recipe)
    payloads = ShardPayloads(plan, shard)
    identity = generation_identity(recipe, shard)
    done = ledger.finished(identity)
    if done is not None and not (limits.retry_failed and done[1]):
        finished = Progress(
            len(payloads),
            before=done[0],
            failed=done[1],
            cost=None if limits.price is None else 0.0,
        )
        if on_progress:
            on_progress(finished)
        return finished
    import_borrowed(recipe, ledger)
    verify = verifying(plan)
    progress = ask(
        payloads, ledger, base_url=base_url, limits=limits, verify=verify, on_progress=on_progress
    )
    if progress.pending == 0 and progress.stopped is None:
        ledger.finish(identity, progress.before + progress.answered, progress.failed)
    return progress


def generation_identity(recipe: Recipe, shard: tuple[int, int]) -> str:
    """The key under which the ledger notes a finished plan and the answers it borrows."""
    borrowed = (path.read_bytes() for path in borrowed_transcripts(recipe))
    digests = (hashlib.sha256(content).hexdigest() for content in borrowed)
    return "+".join((plan_identity(Plan(recipe), shard), *digests))


def generate_by_batch(
    recipe: Recipe,
    ledger: Ledger,
    shard: tuple[int, int] = (0, 1),
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Do what `generate` does, by the Batch API."""
    import_borrowed(recipe, ledger)
    plan = own_plan(recipe)
    return generate_batches(
        ShardPayloads(plan, shard),
        ledger,
        base_url=base_url,
        limits=in_dialect(recipe, limits),
        verify=verifying(plan),
        on_progress=on_progress,
    )


def own_plan(recipe: Recipe) -> Plan:
    """The recipe's own requests: those that it borrows are asked by the recipes it borrows from."""
    return Plan(recipe.own())


def in_dialect(recipe: Recipe, limits: AskLimits) -> AskLimits:
    """The limits with what the recipe's parameters leave out or merge (`seed: false`)."""
    declared = Dialect.from_parameters(recipe.teacher.parameters)
    return replace(limits, dialect=limits.dialect | declared)


def request_of(plan: Plan, payload: Mapping[str, Any]) -> Request:
    """Find the request of a payload, by the payload's seed."""
    drawn = plan.drawn_with(payload["seed"])
    return next(request for request in drawn if payload in every_form(request.payload))


def verifying(plan: Plan) -> Verify:
    """Make a function that returns why an answer is rejected, or None. Filters are not applied."""
    verifier = Verifier(plan.recipe, plan.lexicons)

    def reject_reason(payload: Mapping[str, Any], answer: Answer) -> str | None:
        request = request_of(plan, payload)
        outcome = verifier.verify(request, answer.text, answer.finish_reason)
        return outcome.reason if isinstance(outcome, Reject) else None

    return reject_reason
