"""How a teacher may be asked: how fast, how long, and for how much money."""

from dataclasses import dataclass

from corpusmith.errors import UserError
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
        poll: Seconds between two looks at a batch.
    """

    concurrency: int = 64
    rpm: float | None = None
    tpm: float | None = None
    price: Price | None = None
    max_cost: float | None = None
    timeout: float = 600.0
    retry_failed: bool = False
    poll: float = 30.0

    def __post_init__(self) -> None:
        if self.max_cost is not None and self.price is None:
            raise UserError(
                "--max-cost needs the teacher's price: put `price` in the recipe "
                "or give a TOML file with --prices"
            )


DEFAULT_LIMITS = AskLimits()
