"""The ledger: every request, its answer or the reason it has none, in one SQLite file."""

from corpusmith.teacher.ledger.entries import Answer, Failure, Spent, Tokens, Usage
from corpusmith.teacher.ledger.store import Ledger, existing_ledger

__all__ = ["Answer", "Failure", "Ledger", "Spent", "Tokens", "Usage", "existing_ledger"]
