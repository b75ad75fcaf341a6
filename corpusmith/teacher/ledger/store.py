"""The ledger: every request, its answer or the reason it has none, in one SQLite file. No answer is paid twice.

A request is what its payload hashes to. The payload is stored normalised: its `shape` (model, sampling parameters,
every message but the content of the last) is one row shared by all requests that differ in nothing else.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.ledger.entries import Answer, Failure, Usage
from corpusmith.teacher.ledger.schema import FINISHED, MERGE, SCHEMA, VERSION
from corpusmith.teacher.payload import Payload, join_payload, payload_key, split_payload

T = TypeVar("T")
LOOKUP = 500  # keys a query; SQLite was once built to take 999


class Ledger:
    """One open ledger; created when there is none. Several processes may hold the same file open and write to it.

    Every method that writes has committed to disk when it returns, and may be called from any thread.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._shapes: dict[str, int] = {}  # numbers by JSON, so that few need to be looked up
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path} cannot be used as a ledger ({error}): give the path of a ledger or of a new file"
            ) from None

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, requests: Iterable[tuple[str, Payload]]) -> None:
        """Make requests, (key, payload) pairs, pending. Those that are known already stay as they are."""
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

    def get_many(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The answers there are, by key."""
        query = (
            "SELECT r.key, a.text, a.finish_reason, a.prompt_tokens, a.completion_tokens, a.cached_tokens,"
            " a.created_at, s.host, s.batch FROM requests r"
            " JOIN answers a ON a.request = r.id JOIN sources s ON s.id = a.source"
        )
        return {
            key.hex(): Answer(
                key.hex(), text, reason, prompt, completion, cached, created_at, host, bool(batch)
            )
            for key, text, reason, prompt, completion, cached, created_at, host, batch in self._where_key(
                query, keys
            )
        }

    def settled(self, keys: Iterable[str]) -> dict[str, bool]:
        """The keys that need no asking: True for an answer, False for a failure."""
        query = (
            "SELECT r.key, a.request IS NOT NULL FROM requests r LEFT JOIN answers a ON a.request = r.id"
            " LEFT JOIN failures f ON f.request = r.id"
        )
        rows = self._where_key(query, keys, "AND (a.request IS NOT NULL OR f.request IS NOT NULL)")
        return {key.hex(): bool(answered) for key, answered in rows}

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
        for key, shape, prompt, seed in self._where_key(query, keys):
            payload = join_payload(shape, prompt, seed)
            if payload_key(payload) == key.hex():
                yield key.hex(), payload

    def record(self, answers: Iterable[Answer]) -> None:
        """Store answers to requests that were added, in one transaction. The first answer to a request stays."""
        with self._transaction() as db:
            for answer in answers:
                key = bytes.fromhex(answer.key)
                db.execute(
                    "INSERT OR IGNORE INTO answers SELECT id, shape, ?, ?, ?, ?, ?, ?, ? FROM requests WHERE key = ?",
                    (
                        self._source(answer.host, answer.batch),
                        answer.text,
                        answer.finish_reason,
                        answer.prompt_tokens,
                        answer.completion_tokens,
                        answer.cached_tokens,
                        answer.created_at or int(time.time()),
                        key,
                    ),
                )
                db.execute(
                    "DELETE FROM failures WHERE request = (SELECT id FROM requests WHERE key = ?)",
                    (key,),
                )

    def fail(self, failures: Iterable[Failure]) -> None:
        """Store why requests have no answer. An answered request stays answered; attempts and tokens add up."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO failures SELECT id, ?, ?, ?, ?, ? FROM requests WHERE key = ?"
                " AND id NOT IN (SELECT request FROM answers WHERE request = requests.id)"
                " ON CONFLICT DO UPDATE SET reason = excluded.reason, attempts = attempts + excluded.attempts,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens, failed_at = excluded.failed_at,"
                " completion_tokens = completion_tokens + excluded.completion_tokens",
                [
                    (
                        f.reason,
                        f.attempts,
                        f.prompt_tokens,
                        f.completion_tokens,
                        int(time.time()),
                        bytes.fromhex(f.key),
                    )
                    for f in failures
                ],
            )

    def finish(self, plan: str, answered: int, failed: int) -> None:
        """Remember that every request of a plan is settled, so that it need not be drawn again to learn as much."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO finished VALUES (?, ?, ?)", (plan, answered, failed))

    def finished(self, plan: str) -> tuple[int, int] | None:
        """How many requests of a finished plan are answered and failed; None where some may be pending."""
        row = self._db.execute(
            "SELECT answered, failed FROM finished WHERE plan = ?", (plan,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def counts(self) -> dict[str, int]:
        """`requests`, and how many of them are `answered`, `failed` and `pending`."""
        tables = {"requests": "requests", "answered": "answers", "failed": "failures"}
        counts = {
            name: self._one(f"SELECT count(*) FROM {table}") for name, table in tables.items()
        }
        return {**counts, "pending": counts["requests"] - counts["answered"] - counts["failed"]}

    def totals(self) -> list[Usage]:
        """Answers and tokens by model, host and manner of asking; with no host, what unusable replies took."""
        rows = self._db.execute(
            "SELECT json_extract(s.json, '$.model'), coalesce(c.host, ''), coalesce(c.batch, 0),"
            " sum(t.n), sum(t.p), sum(t.c), sum(t.h) FROM ("
            "SELECT shape, source, count(*) n, sum(prompt_tokens) p, sum(completion_tokens) c, sum(cached_tokens) h"
            " FROM answers GROUP BY shape, source UNION ALL"
            " SELECT r.shape, NULL, 0, sum(f.prompt_tokens) p, sum(f.completion_tokens), 0"
            " FROM failures f JOIN requests r ON r.id = f.request GROUP BY r.shape HAVING p > 0"
            ") t JOIN shapes s ON s.id = t.shape LEFT JOIN sources c ON c.id = t.source GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return [Usage(model, host, bool(batch), *figures) for model, host, batch, *figures in rows]

    def failures_by_reason(self) -> dict[str, int]:
        """The most frequent reason first."""
        return dict(
            self._db.execute(
                "SELECT reason, count(*) FROM failures GROUP BY reason ORDER BY 2 DESC, 1"
            )
        )

    def shapes(self, keys: Iterable[str]) -> dict[str, str]:
        """By key, the JSON that a request shares with others: its payload without last message's content and seed."""
        query = "SELECT r.key, s.json FROM requests r JOIN shapes s ON s.id = r.shape"
        return {key.hex(): shape for key, shape in self._where_key(query, keys)}

    def add_without_prompt(self, requests: Iterable[tuple[str, str]]) -> None:
        """Make requests, (key, shape) pairs, known although their prompts are not: what a transcript holds."""
        with self._transaction() as db:
            rows = [(bytes.fromhex(key), self._shape(shape)) for key, shape in requests]
            db.executemany("INSERT OR IGNORE INTO requests (key, shape) VALUES (?, ?)", rows)

    def merge(self, other: Path) -> None:
        """Take over the requests, answers and failures of another ledger. What is answered here stays as it is.

        The same key is the same payload, so there is nothing to reconcile: an answer beats a failure.
        """
        with Ledger(
            other
        ):  # raises UserError for a file that is no ledger, and brings its log into the file
            self._db.execute("ATTACH ? AS other", (str(other),))
        try:
            with self._transaction() as db:
                for statement in MERGE.split(";\n"):
                    db.execute(statement)
        finally:
            self._db.execute("DETACH other")

    def response_format(self, host: str, model: str) -> str | None:
        """The form of structured answer that the endpoint was found to take."""
        return self._one("SELECT form FROM formats WHERE host = ? AND model = ?", host, model)

    def remember_response_format(self, host: str, model: str, form: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO formats VALUES (?, ?, ?)", (host, model, form))

    def open_batches(self, host: str) -> dict[str, str | None]:
        """Batches whose results are not in the ledger yet: the server's id by our tag, None before it is known."""
        return dict(self._db.execute("SELECT tag, id FROM batches WHERE host = ?", (host,)))

    def open_batch(self, tag: str, host: str, batch_id: str | None = None) -> None:
        self._db.execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?)", (tag, host, batch_id))

    def close_batch(self, tag: str) -> None:
        self._db.execute("DELETE FROM batches WHERE tag = ?", (tag,))

    def _prepare(self) -> None:
        with self._transaction() as db:
            version = self._one("PRAGMA user_version")
            if version == 0 and not self._one("SELECT count(*) FROM sqlite_master"):
                for statement in SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise sqlite3.DatabaseError(
                    f"its version is {version}, this corpusmith reads {VERSION}"
                )
            for statement in FINISHED.split(";\n"):
                db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                self._shapes.clear()  # some of which may be gone with it
                raise
            self._db.execute("COMMIT")

    def _where_key(self, query: str, keys: Iterable[str], more: str = "") -> Iterator[tuple]:
        for part in batches(keys, LOOKUP):
            places = ",".join("?" * len(part))
            yield from self._db.execute(
                f"{query} WHERE r.key IN ({places}) {more}", [bytes.fromhex(key) for key in part]
            )

    def _one(self, query: str, *values: Any) -> Any:
        row = self._db.execute(query, values).fetchone()
        return row[0] if row else None

    def _shape(self, shape: str) -> int:
        if shape not in self._shapes:
            if len(self._shapes) >= 1000:
                self._shapes.clear()
            self._db.execute("INSERT OR IGNORE INTO shapes (json) VALUES (?)", (shape,))
            self._shapes[shape] = self._one("SELECT id FROM shapes WHERE json = ?", shape)
        return self._shapes[shape]

    def _source(self, host: str, batch: bool) -> int:
        self._db.execute("INSERT OR IGNORE INTO sources (host, batch) VALUES (?, ?)", (host, batch))
        return self._one("SELECT id FROM sources WHERE host = ? AND batch = ?", host, batch)
