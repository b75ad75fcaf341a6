"""Preview the first requests of a recipe with their answers."""

from collections.abc import Iterator
from pathlib import Path

from corpusmith.corpus.example import Entities, PairSentence, Reject
from corpusmith.corpus.generate import generate
from corpusmith.corpus.verify import Verifier
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.payload import payload_key

PREVIEWED = 5


def preview(
    recipe: str, ledger: Path, ask: bool, base_url: str | None = None
) -> Iterator[tuple[Request, Entities | PairSentence | Reject | None]]:
    """The first five requests and their checked answers; with `ask`, they are sent first."""
    parsed = load_recipe(recipe).own(rows=PREVIEWED)
    plan = Plan(parsed)
    verifier = Verifier(parsed, plan.lexicons)
    with Ledger(ledger) as opened:
        if ask:
            generate(parsed, opened, base_url=base_url)
        for request in plan.requests():
            key = payload_key(request.payload)
            answer = opened.get_many([key]).get(key)
            yield (
                request,
                verifier.verify(request, answer.text, answer.finish_reason) if answer else None,
            )
