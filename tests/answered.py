"""Answer every request of a recipe in a ledger with a unique sentence that contains its seeds."""

from collections.abc import Callable
from pathlib import Path

from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key


def answer_all(
    recipe: Path, ledger: Path, write: Callable[[Request, str], str] | None = None
) -> Path:
    """`write` gets a request and the names of its seeds, joined by "and"; it returns the answer."""
    requests = list(Plan(load_recipe(str(recipe))).requests())
    with Ledger(ledger) as opened:
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        for r in requests:
            names = " and ".join(seed.text for seed in r.seeds) or "nothing"
            many = f"{3 * r.index + 7} persons"
            text = f"Region {r.index} of the {many} held {names} in {r.index + 5} of them"
            opened.record([Answer(payload_key(r.payload), write(r, names) if write else text)])
    return ledger
