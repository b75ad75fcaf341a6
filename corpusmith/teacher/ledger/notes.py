"""Notes on endpoints in a ledger: form of structured answers, dialect, open batches."""

from corpusmith.teacher.ledger.file import LedgerFile


class EndpointNotes(LedgerFile):
    """Notes by host and model, so that each is learned once."""

    def response_format(self, host: str, model: str) -> str | None:
        """The form of structured answers that the endpoint accepts."""
        return self._value("SELECT form FROM formats WHERE host = ? AND model = ?", host, model)

    def remember_response_format(self, host: str, model: str, form: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO formats VALUES (?, ?, ?)", (host, model, form))

    def dialect(self, host: str, model: str) -> str | None:
        """The JSON of the dialect that was learned from the endpoint's refusals."""
        return self._value("SELECT json FROM dialects WHERE host = ? AND model = ?", host, model)

    def remember_dialect(self, host: str, model: str, dialect: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO dialects VALUES (?, ?, ?)", (host, model, dialect))

    def batches(self) -> list[tuple[str, str, str | None]]:
        """(tag, host, id) of every batch whose results are not in the ledger yet."""
        return self._rows("SELECT tag, host, id FROM batches ORDER BY host, id")

    def open_batches(self, host: str) -> dict[str, str | None]:
        """The open batches of a host: the server's id by our tag, None before it is known."""
        return {tag: batch_id for tag, its_host, batch_id in self.batches() if its_host == host}

    def open_batch(self, tag: str, host: str, batch_id: str | None = None) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?)", (tag, host, batch_id))

    def close_batch(self, tag: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM batches WHERE tag = ?", (tag,))
