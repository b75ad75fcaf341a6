"""Limits on requests to a teacher: rate, time and cost."""

from dataclasses import dataclass

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint.dialect import PLAIN, Dialect
from corpusmith.teacher.prices import Price


@dataclass(frozen=True)
class AskLimits:
    """The limits of one run. Every function that asks a teacher takes them as `limits`.

    Args:
        concurrency: Most requests in flight. There are fewer while the endpoint refuses.
        rpm, tpm: Most requests and tokens a minute.
        price: What tokens cost. Without it the cost is unknown.
        max_cost: Stop, resumably, before the run can cost more. Needs `price`.
        timeout: Longest silence of the server, in seconds.
        retry_failed: Ask failed requests once more.
        anyway: Go on although few of the first ten answers become rows.
        dialect: Parameters that the endpoint wants left out or renamed.
        poll: Seconds between two looks at a batch.
        batch_size: Most requests in a batch.
        batch_tokens: Most tokens in all batches in flight (the endpoint's enqueued-token limit).
        batches: Most batches in flight.
    """

    concurrency: int = 64
    rpm: float | None = None
    tpm: float | None = None
    price: Price | None = None
    max_cost: float | None = None
    timeout: float = 600.0
    retry_failed: bool = False
    anyway: bool = False
    dialect: Dialect = PLAIN
    poll: float = 30.0
    batch_size: int = 50_000
    batch_tokens: float | None = None
    batches: int = 4

    def __post_init__(self) -> None:
        for name in ("concurrency", "batch_size", "batches"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: give 1 or more")
        if self.max_cost is not None and self.price is None:
            raise UserError(
                "--max-cost needs the teacher's price: put `price` in the recipe "
                "or give a TOML file with --prices"
            )


DEFAULT_LIMITS = AskLimits()
