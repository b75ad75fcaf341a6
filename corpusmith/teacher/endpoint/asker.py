"""Send one request once, in the endpoint's dialect, and read the reply."""

import time
from dataclasses import dataclass

import httpx2
import openai

from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.endpoint.connection import connection_refusal, status_refusal
from corpusmith.teacher.endpoint.dialect import Dialect
from corpusmith.teacher.endpoint.refusal import Refusal, refusal_in_reply
from corpusmith.teacher.endpoint.reply import Reply, read_reply
from corpusmith.teacher.ledger import Answer, Ledger, Spent
from corpusmith.teacher.pace import Pace
from corpusmith.teacher.payload import Payload
from corpusmith.teacher.prices import most_tokens


@dataclass
class Asked:
    """A request and its attempts so far."""

    key: str
    payload: Payload
    attempts: int = 0
    billed: int = 0  # paid attempts without an answer
    sent_at: float = 0.0  # of the last attempt; 0 while it waits
    dialect: Dialect | None = None  # of the last attempt
    reserved: float = 0.0  # what the last attempt may cost


class Asker:
    """Sends requests to one endpoint. Refusals adapt its dialect."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: openai.AsyncOpenAI,
        ledger: Ledger,
        pace: Pace,
        declared: Dialect,
    ) -> None:
        self.endpoint = endpoint
        self.client = client
        self.ledger = ledger
        self.pace = pace
        self.declared = declared
        self._dialects: dict[str, Dialect] = {}
        self.reached = False  # the endpoint has replied in this run

    def dialect(self, model: str) -> Dialect:
        """The dialect of the recipe, plus changes learned from refusals in this and earlier
        runs."""
        if model not in self._dialects:
            known = Dialect.from_json(self.ledger.dialect(self.endpoint.host, model))
            self._dialects[model] = self.declared | known
        return self._dialects[model]

    def dialect_note(self) -> str:
        """The changes that the dialects of all models make, for the progress."""
        return "; ".join(sorted({str(dialect) for dialect in self._dialects.values()} - {""}))

    async def attempt(self, asked: Asked) -> Reply | Refusal:
        """Send a request once. Errors are returned, not raised."""
        asked.sent_at = 0.0
        asked.dialect = self.dialect(asked.payload["model"])
        sent = await self.pace.turn(sum(most_tokens(asked.payload)))
        asked.sent_at = time.monotonic()
        asked.attempts += 1
        try:
            response = await self.client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body=asked.dialect.apply(asked.payload),
            )
        except openai.APIStatusError as error:
            self.reached = True
            if error.status_code == 429:
                self.pace.heed(error.response.headers, sent)
            return status_refusal(error)
        except openai.APIConnectionError as error:
            return connection_refusal(self.endpoint, error)
        self.reached = True
        self.pace.heed(response.headers, sent)
        return read_reply(response.content)

    def learn(self, refusal: Refusal, asked: Asked) -> bool:
        """Whether the refused request can be sent again in a dialect that avoids the refusal."""
        model = asked.payload["model"]
        known = self.dialect(model)
        if asked.dialect != known:
            return True  # learned from another request meanwhile
        learned = known.learn(refusal.message, asked.payload)
        if learned is None or learned == known:
            return False
        self._dialects[model] = learned
        self.ledger.remember_dialect(self.endpoint.host, model, learned.to_json())
        return True

    def answer(self, asked: Asked, reply: Reply, *, batch: bool = False) -> Answer:
        """The ledger entry of an answer."""
        text = self.endpoint.without_key(reply.text)
        return Answer(
            asked.key,
            text,
            "stop",
            reply.tokens.prompt,
            reply.tokens.completion,
            reply.tokens.cached,
            int(time.time()),
            self.endpoint.host,
            batch,
        )

    def spent(self, asked: Asked, reply: Reply, *, batch: bool = False) -> list[Spent]:
        """The ledger entry of a billed reply without an answer; None if it wasn't billed."""
        if not reply.billed or reply.problem is None:
            return []
        return [Spent(asked.key, reply.problem, reply.tokens, self.endpoint.host, batch)]


def refusal_of_reply(reply: Reply) -> Refusal | None:
    """The refusal in a reply with status 200 that holds an error."""
    return None if reply.error is None else refusal_in_reply(reply.error)
