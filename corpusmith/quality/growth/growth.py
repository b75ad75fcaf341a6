"""Grow the lists of a recipe: ask, check, and write what was proposed for a person to read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpusmith.corpus.generate import Estimate, estimate_of, in_dialect
from corpusmith.errors import UserError
from corpusmith.quality.growth.apply import apply_rows, general_names
from corpusmith.quality.growth.checks import checked_rows
from corpusmith.quality.growth.lists import GrowingRecipe
from corpusmith.quality.growth.proposals import gathered
from corpusmith.quality.growth.requests import GrowthRequest, growth_requests
from corpusmith.quality.growth.statements import statement_rows
from corpusmith.quality.growth.table import GrownRow, sorted_rows, write_rows
from corpusmith.teacher.client import generate
from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.progress import Progress

TABLE = "grown.tsv"


@dataclass(frozen=True)
class Growth:
    """What was proposed for the lists of a recipe, or with `apply` what was added to them.

    Attributes:
        file: the table of proposals, `NAME.grown.tsv`.
        rows: the proposals; with `apply` those that were new.
        changed: the files that `apply` changed.
        asked: the outcome of the requests; None if no endpoint is set.
        junk: parts of replies that are no name.
    """

    file: Path
    rows: Sequence[GrownRow]
    changed: Sequence[Path] = ()
    asked: Progress | None = None
    junk: int = 0

    def summary(self) -> Iterator[tuple[bool, str, list[str]]]:
        """The names by what they are used as or why they aren't, the largest groups first."""
        groups = Counter((row.use, row.why) for row in self.rows)
        for use, why in sorted(groups, key=lambda group: (not group[0], -groups[group])):
            yield use, why, [row.name for row in self.rows if (row.use, row.why) == (use, why)]


def propose(
    grown: GrowingRecipe,
    count: int,
    ledger: Ledger,
    *,
    base_url: str | None = None,
    limits: AskLimits = DEFAULT_LIMITS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Growth:
    """Ask for names, check them, and write the table of proposals.

    Without an endpoint nothing is sent: proposals come from recorded sentences, and from answers
    that the ledger has.

    Raises:
        UserError: the table exists, the endpoint can't be used, or the budget is spent. The same
            call resumes.
    """
    file = grown.beside(TABLE)
    if file.exists():
        raise UserError(
            f"{file} exists: add what it has by --apply, then delete it or give it another name"
        )
    requests = checked_requests(grown, count)
    asked = None
    if Endpoint.is_configured(base_url):
        payloads = [request.payload for request in requests]
        limits = in_dialect(grown.recipe, limits)
        asked = generate(
            payloads, ledger, base_url=base_url, limits=limits, on_progress=on_progress
        )
        if asked.stopped:
            raise UserError(
                f"--max-cost {limits.max_cost:g} is spent with {asked.pending} requests open: "
                "repeat the command with a larger --max-cost, or with fewer --requests"
            )
    replies = list(answered(requests, ledger))
    found = gathered(grown.lists, (pair for pair in replies if pair[0].kind != "statement"))
    rows = checked_rows(found.values(), grown.recipe.about, general_names(grown), grown.has_general)
    if grown.recipe.relation is not None:
        said = (pair for pair in replies if pair[0].kind == "statement")
        rows += statement_rows(grown.recipe.relation, said)
    rows = sorted_rows(rows)
    write_rows(rows, file)
    return Growth(file, rows, asked=asked, junk=sum(found[label].junk for label in found))


def answered(
    requests: Iterable[GrowthRequest], ledger: Ledger
) -> Iterator[tuple[GrowthRequest, str]]:
    """The requests that the ledger has an answer to, with it."""
    keyed = [(request, payload_key(request.payload)) for request in requests]
    found = ledger.get_many([key for _, key in keyed])
    yield from ((request, found[key].text) for request, key in keyed if key in found)


def checked_requests(grown: GrowingRecipe, count: int) -> list[GrowthRequest]:
    if count < 1:
        raise UserError(f"--requests {count}: give a positive number")
    return growth_requests(grown, count)


def growth_estimate(
    grown: GrowingRecipe, count: int, ledger: Ledger, limits: AskLimits = DEFAULT_LIMITS
) -> Estimate:
    """Requests still to be sent, their tokens and cost. Nothing is sent."""
    payloads = (request.payload for request in checked_requests(grown, count))
    return estimate_of(payloads, grown.recipe.teacher, ledger, limits.price)


def apply_growth(grown: GrowingRecipe) -> Growth:
    """Add what the table of proposals has with use=yes. A second time changes nothing."""
    file = grown.beside(TABLE)
    applied = apply_rows(grown, file)
    return Growth(file, applied.rows, applied.files)
