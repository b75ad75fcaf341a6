"""The ledger: every request, with its answer or the reason for its failure. No answer is paid
twice. A request is identified by the hash of its payload. Its `shape` (model, sampling parameters,
and all messages without the content of the last) is a row shared by all requests with the same
shape.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.ledger.entries import Answer, Failure, Spent, Tokens, Usage
from corpusmith.teacher.ledger.file import LOOKUP
from corpusmith.teacher.ledger.notes import EndpointNotes
from corpusmith.teacher.ledger.schema import MERGE
from corpusmith.teacher.payload import Payload, join_payload, payload_key, split_payload

MOST_SHAPES = 1000  # whose numbers are kept in memory


class Ledger(EndpointNotes):
    """One open ledger; created when there is none."""

    def __init__(self, path: str | Path) -> None:
        self._shapes: dict[str, int] = {}  # numbers by JSON
        super().__init__(path)

    def __enter__(self) -> "Ledger":
        return self

    def add(self, requests: Iterable[tuple[str, Payload]]) -> None:
        """Make requests, (key, payload) pairs, pending. Known requests stay as they are."""
        for part in batches(requests, 5000):
            with self._transaction() as db:
                split = [(bytes.fromhex(key), *split_payload(payload)) for key, payload in part]
                rows = [
                    (key, self._shape(shape), prompt, seed) for key, shape, prompt, seed in split
                ]
                db.executemany(
                    "INSERT OR IGNORE INTO requests (key, shape, prompt, seed) VALUES (?, ?, ?, ?)",
                    rows,
                )

    def check_writable(self) -> None:
        """Raise UserError if nothing can be written now, as another process holds the file."""
        with self._transaction():
            pass

    def get_many(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The answers to these keys, by key."""
        query = (
            "SELECT r.key, a.text, a.finish_reason, a.prompt_tokens, a.completion_tokens,"
            " a.cached_tokens, a.created_at, s.host, s.batch FROM requests r"
            " JOIN answers a ON a.request = r.id JOIN sources s ON s.id = a.source"
        )
        answers = {}
        for key, *fields, batch in self._rows_by_key(query, keys):
            answers[key.hex()] = Answer(*(key.hex(), *fields, bool(batch)))
        return answers

    def settled(self, keys: Iterable[str]) -> dict[str, bool]:
        """The settled keys: True for an answer, False for a failure."""
        query = (
            "SELECT r.key, a.request IS NOT NULL FROM requests r"
            " LEFT JOIN answers a ON a.request = r.id LEFT JOIN failures f ON f.request = r.id"
        )
        more = "AND (a.request IS NOT NULL OR f.request IS NOT NULL)"
        return {k.hex(): bool(answered) for k, answered in self._rows_by_key(query, keys, more)}

    def answers(self) -> Iterator[Answer]:
        """Every answer, in the order in which the requests were added."""
        keys = (key.hex() for (key,) in self._db.execute("SELECT key FROM requests ORDER BY id"))
        for part in batches(keys, LOOKUP):
            found = self.get_many(part)
            yield from (found[key] for key in part if key in found)

    def payloads(self, keys: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, payload) of requests whose payload is known; that of an imported answer is not."""
        query = (
            "SELECT r.key, s.json, r.prompt, r.seed FROM requests r JOIN shapes s ON s.id = r.shape"
        )
        for key, shape, prompt, seed in self._rows_by_key(query, keys):
            payload = join_payload(shape, prompt, seed)
            if payload_key(payload) == key.hex():
                yield key.hex(), payload

    def record(
        self,
        answers: Iterable[Answer] = (),
        failures: Iterable[Failure] = (),
        spent: Iterable[Spent] = (),
    ) -> None:
        """Store outcomes of added requests, in one transaction.

        The first answer to a request stays, and ends a failure of it; a second answer is `spent`.
        An answered request can't fail. The attempts of failures add up.
        """
        with self._transaction():
            for answer in answers:
                self._answer(answer)
            for failure in failures:
                self._fail(failure)
            for reply in spent:
                self._spend(reply, uuid.uuid4().hex)

    def fail(self, failures: Iterable[Failure]) -> None:
        """Store failures of requests."""
        self.record(failures=failures)

    def record_batch(
        self,
        answers: Iterable[Answer],
        failures: Iterable[Failure],
        spent: Iterable[Spent],
        tag: str,
    ) -> None:
        """Store results of the batch `tag`. A batch that is read twice is counted once."""
        with self._transaction():
            for answer in answers:
                self._answer(answer, f"{tag} {answer.key}")
            for failure in failures:
                self._fail(failure)
            for reply in spent:
                self._spend(reply, f"{tag} {reply.key}")

    def finish(self, plan: str, answered: int, failed: int) -> None:
        """Remember that every request of a plan is settled, so that it is not drawn again."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO finished VALUES (?, ?, ?)", (plan, answered, failed))

    def finished(self, plan: str) -> tuple[int, int] | None:
        """The answered and failed requests of a finished plan; None where some may be pending."""
        rows = self._rows("SELECT answered, failed FROM finished WHERE plan = ?", (plan,))
        return (rows[0][0], rows[0][1]) if rows else None

    def counts(self) -> dict[str, int]:
        """`requests`, and how many of them are `answered`, `failed` and `pending`."""
        tables = {"requests": "requests", "answered": "answers", "failed": "failures"}
        counts = {
            name: self._value(f"SELECT count(*) FROM {table}") for name, table in tables.items()
        }
        return {**counts, "pending": counts["requests"] - counts["answered"] - counts["failed"]}

    def totals(self) -> list[Usage]:
        """Replies and tokens by model, host and manner of asking.

        The host is empty where an earlier version did not note it.
        """
        rows = self._rows(
            "SELECT json_extract(s.json, '$.model'), coalesce(c.host, ''), coalesce(c.batch, 0),"
            " sum(t.n), sum(t.u), sum(t.p), sum(t.c), sum(t.h) FROM ("
            "SELECT shape, source, count(*) n, 0 u, sum(prompt_tokens) p, sum(completion_tokens) c,"
            " sum(cached_tokens) h FROM answers GROUP BY shape, source UNION ALL"
            " SELECT r.shape, p.source, 0, count(*), sum(p.prompt_tokens),"
            " sum(p.completion_tokens), sum(p.cached_tokens)"
            " FROM spent p JOIN requests r ON r.id = p.request GROUP BY r.shape, p.source"
            ") t JOIN shapes s ON s.id = t.shape LEFT JOIN sources c ON c.id = t.source"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return [Usage(model, host, bool(batch), *figures) for model, host, batch, *figures in rows]

    def models(self) -> dict[str, int]:
        """The number of answers by model, the most frequent first."""
        return dict(
            self._rows(
                "SELECT json_extract(s.json, '$.model'), count(*) FROM answers a"
                " JOIN shapes s ON s.id = a.shape GROUP BY 1 ORDER BY 2 DESC, 1"
            )
        )

    def failures_by_reason(self) -> dict[str, int]:
        """The most frequent reason first."""
        query = "SELECT reason, count(*) FROM failures GROUP BY reason ORDER BY 2 DESC, 1"
        return dict(self._rows(query))

    def spent_by_reason(self) -> dict[str, int]:
        """Billed replies that are no answer; the most frequent reason first."""
        query = "SELECT reason, count(*) FROM spent GROUP BY reason ORDER BY 2 DESC, 1"
        return dict(self._rows(query))

    def shapes(self, keys: Iterable[str]) -> dict[str, str]:
        """The JSON of each request's shape, by key."""
        query = "SELECT r.key, s.json FROM requests r JOIN shapes s ON s.id = r.shape"
        return {key.hex(): shape for key, shape in self._rows_by_key(query, keys)}

    def add_without_prompt(self, requests: Iterable[tuple[str, str]]) -> None:
        """Add requests of a transcript, (key, shape) pairs, which has no prompts."""
        with self._transaction() as db:
            rows = [(bytes.fromhex(key), self._shape(shape)) for key, shape in requests]
            db.executemany("INSERT OR IGNORE INTO requests (key, shape) VALUES (?, ?)", rows)

    def merge(self, other: Path) -> None:
        """Copy the entries of another ledger; existing answers stay. Equal keys mean equal
        payloads, so there are no conflicts; an answer replaces a failure. Raises UserError if the
        file is missing or not a ledger.
        """
        with existing_ledger(other):
            self._db.execute("ATTACH ? AS other", (str(other),))
        try:
            with self._transaction() as db:
                for statement in MERGE.split(";\n"):
                    db.execute(statement)
        finally:
            self._db.execute("DETACH other")

    def _answer(self, answer: Answer, batch_line: str | None = None) -> None:
        key = bytes.fromhex(answer.key)
        source = self._source(answer.host, answer.batch)
        stored = self._db.execute(
            "INSERT OR IGNORE INTO answers SELECT id, shape, ?, ?, ?, ?, ?, ?, ?"
            " FROM requests WHERE key = ?",
            (
                source,
                answer.text,
                answer.finish_reason,
                answer.prompt_tokens,
                answer.completion_tokens,
                answer.cached_tokens,
                answer.created_at or int(time.time()),
                key,
            ),
        )
        if stored.rowcount:
            self._db.execute(
                "DELETE FROM failures WHERE request = (SELECT id FROM requests WHERE key = ?)",
                (key,),
            )
        elif answer.prompt_tokens + answer.completion_tokens and not (
            batch_line and self.get_many([answer.key])[answer.key].text == answer.text
        ):
            tokens = Tokens(answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens)
            twice = Spent(answer.key, "answered twice", tokens, answer.host, answer.batch)
            self._spend(twice, batch_line or uuid.uuid4().hex)

    def _fail(self, failure: Failure) -> None:
        self._db.execute(
            "INSERT INTO failures SELECT id, ?, ?, 0, 0, ? FROM requests WHERE key = ?"
            " AND id NOT IN (SELECT request FROM answers WHERE request = requests.id)"
            " ON CONFLICT DO UPDATE SET reason = excluded.reason,"
            " attempts = attempts + excluded.attempts, failed_at = excluded.failed_at",
            (failure.reason, failure.attempts, int(time.time()), bytes.fromhex(failure.key)),
        )

    def _spend(self, reply: Spent, name: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO spent SELECT ?, id, ?, ?, ?, ?, ?, ?"
            " FROM requests WHERE key = ?",
            (
                name,
                self._source(reply.host, reply.batch),
                reply.reason,
                reply.tokens.prompt,
                reply.tokens.completion,
                reply.tokens.cached,
                int(time.time()),
                bytes.fromhex(reply.key),
            ),
        )

    def _rolled_back(self) -> None:
        self._shapes.clear()

    def _shape(self, shape: str) -> int:
        if shape not in self._shapes:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            self._db.execute("INSERT OR IGNORE INTO shapes (json) VALUES (?)", (shape,))
            self._shapes[shape] = self._value("SELECT id FROM shapes WHERE json = ?", shape)
        return self._shapes[shape]

    def _source(self, host: str, batch: bool) -> int:
        self._db.execute("INSERT OR IGNORE INTO sources (host, batch) VALUES (?, ?)", (host, batch))
        return self._value("SELECT id FROM sources WHERE host = ? AND batch = ?", host, batch)


def existing_ledger(path: Path) -> Ledger:
    """Open a ledger that exists. Raises UserError, so that a mistyped path makes no new one."""
    if not path.is_file():
        raise UserError(
            f"no ledger at {path}: `corpusmith generate` writes runs/RECIPE/ledger.sqlite, "
            "or give its path"
        )
    return Ledger(path)
