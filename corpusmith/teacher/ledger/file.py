"""The SQLite file of a ledger: opening, transactions, errors, and the lock of the sending
process."""

import os
import shlex
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from corpusmith.errors import UserError
from corpusmith.files import batches
from corpusmith.teacher.ledger.schema import ADDED, SCHEMA, VERSION

LOOKUP = 500  # keys in one query; some builds of SQLite take 999
LOCK_TIMEOUT = 60.0  # seconds to wait for another process's transaction


class LedgerFile:
    """One open SQLite file. Several processes may read and write it; only one at a time may send
    requests.

    Every method that writes has committed to disk when it returns, and may be called from any
    thread. A fault of the file raises UserError; what was committed before stays.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                self.path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            if "locked" in str(error) or "full" in str(error):
                raise self._fault(error) from None
            raise UserError(
                f"{path} cannot be used as a ledger ({error}): "
                "give the path of a ledger or of a new file"
            ) from None

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the lock for sending requests of this ledger. Raises UserError that names the holder
        if another process has it. The lock ends with its process, even if that is killed.
        """
        if str(self.path) == ":memory:":
            yield
            return
        lock = filelock.FileLock(f"{self.path}.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            holder = self._value("SELECT holder FROM asking") or "another process"
            raise UserError(
                f"{self.path} is in use by {holder}: "
                "wait for it, or give --shard I/N and a --ledger of its own to each process"
            ) from None
        except OSError as error:
            raise self._fault(error) from None
        try:
            since, command = time.strftime("%H:%M"), shlex.join(["corpusmith", *sys.argv[1:]])
            holder = (
                f"process {os.getpid()} on {socket.gethostname()} since {since} ({command[:120]})"
            )
            with self._transaction() as db:
                db.execute("DELETE FROM asking")
                db.execute("INSERT INTO asking VALUES (?)", (holder,))
            yield
        finally:
            lock.release()

    def _prepare(self) -> None:
        with self._transaction() as db:
            version = self._value("PRAGMA user_version")
            if version == 0 and not self._value("SELECT count(*) FROM sqlite_master"):
                for statement in SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise sqlite3.DatabaseError(
                    f"its version is {version}, this corpusmith reads {VERSION}"
                )
            for statement in ADDED.split(";\n"):
                db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._rolled_back()
                if isinstance(error, sqlite3.OperationalError):
                    raise self._fault(error) from None
                raise

    def _rolled_back(self) -> None:
        """Clear cached row ids of the rolled-back transaction."""

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple]:
        try:
            return self._db.execute(query, tuple(values)).fetchall()
        except sqlite3.OperationalError as error:
            raise self._fault(error) from None

    def _rows_by_key(self, query: str, keys: Iterable[str], more: str = "") -> Iterator[tuple]:
        for part in batches(keys, LOOKUP):
            places = ",".join("?" * len(part))
            values = [bytes.fromhex(key) for key in part]
            yield from self._rows(f"{query} WHERE r.key IN ({places}) {more}", values)

    def _value(self, query: str, *values: Any) -> Any:
        row = self._db.execute(query, values).fetchone()
        return row[0] if row else None

    def _fault(self, error: Exception) -> UserError:
        text = str(error)
        if "locked" in text or "busy" in text:
            cause = f"is locked by another process for over {LOCK_TIMEOUT:.0f} s: end that process"
        elif "full" in text or "No space" in text:
            cause = "cannot be written, the disk is full: make room"
        else:
            cause = f"cannot be read or written ({text}): see that its disk is there and writable"
        return UserError(
            f"{self.path} {cause}, then give the same command; every counted answer is kept"
        )
