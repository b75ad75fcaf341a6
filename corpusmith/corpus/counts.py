"""Count the outcomes of a build's requests and rows."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counts:
    """Requests = accepted + rejected + failed + pending.

    A borrowed request without a recorded answer is counted apart: only the recipe that lends it
    asks it, so that it is never pending here.
    """

    accepted: int = 0
    failed: int = 0
    pending: int = 0
    borrowed_unanswered: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    filtered_by_reason: Counter[str] = field(default_factory=Counter)
    added_by_augmentation: Counter[str] = field(default_factory=Counter)
    usage: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        return self.rejected_by_reason.total()

    @property
    def requests(self) -> int:
        return self.accepted + self.rejected + self.failed + self.pending

    def add_unanswered(self, borrowed: bool) -> None:
        """Count a request that the ledger has neither an answer nor a failure for."""
        if borrowed:
            self.borrowed_unanswered += 1
        else:
            self.pending += 1

    def merge(self, other: "Counts") -> None:
        """Add the counts of another shard."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)  # unlike +, keeps counts of 0
            else:
                setattr(self, name, getattr(self, name) + value)
