"""A batch in flight: the requests that it holds, and the file that submits them."""

import hashlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint.asker import Asked, Asker
from corpusmith.teacher.payload import canonical
from corpusmith.teacher.prices import most_tokens
from corpusmith.teacher.tally import Tally

LARGEST_FILE = 100_000_000  # bytes; OpenAI takes 200 MB
COMPLETIONS: Literal["/v1/chat/completions"] = "/v1/chat/completions"


@dataclass
class Flight:
    """A batch on the server, with the maximum cost and tokens of its requests."""

    tag: str
    batch_id: str
    asked: dict[str, Asked]
    cost: float = 0.0
    tokens: float = 0.0

    def start(self, asker: Asker) -> bytes:
        """Give the batch a tag, and count an attempt of each request. Returns the file to send."""
        name = f"{time.time_ns()}".join(self.asked)
        self.tag = hashlib.sha256(name.encode()).hexdigest()[:32]
        lines = []
        for key, asked in self.asked.items():
            asked.dialect = asker.dialect(asked.payload["model"])
            asked.attempts += 1
            asked.sent_at = time.monotonic()
            body = asked.dialect.apply(asked.payload)
            line = {"custom_id": key, "method": "POST", "url": COMPLETIONS, "body": body}
            lines.append(canonical(line))
        return "\n".join(lines).encode()


def cut_flight(
    waiting: deque[Asked], size: int, flying: Sequence[Flight], asker: Asker, tally: Tally
) -> Flight | None:
    """Take the next batch from the waiting requests, as large as the limits allow.

    Returns None if they allow none now. Raises UserError if no request fits `batch_tokens`.
    """
    flight = Flight("", "", {})
    file_size = 0
    others = sum(other.cost for other in flying)
    enqueued = sum(other.tokens for other in flying)
    most = tally.limits.batch_tokens
    while waiting and len(flight.asked) < size:
        asked = waiting[0]
        sent = asker.dialect(asked.payload["model"]).apply(asked.payload)
        cost, tokens = tally.most_cost(sent), sum(most_tokens(sent))
        file_size += len(canonical(sent).encode()) + 200
        over_money = not tally.affordable(sent, reserved=others + flight.cost)
        over_tokens = most is not None and enqueued + flight.tokens + tokens > most
        if over_money or file_size > LARGEST_FILE or (over_tokens and (flight.asked or flying)):
            break
        if over_tokens:
            raise UserError(f"--batch-tokens {most:g} is less than one request needs")
        flight.asked[asked.key] = waiting.popleft()
        flight.cost += cost
        flight.tokens += tokens
    return flight if flight.asked else None
