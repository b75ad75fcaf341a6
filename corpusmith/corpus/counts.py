"""Count the outcomes of a build's requests and rows."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counts:
    """Requests = accepted + rejected + failed + pending."""

    accepted: int = 0
    failed: int = 0
    pending: int = 0
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

    def merge(self, other: "Counts") -> None:
        """Add the counts of another shard."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)  # unlike +, keeps counts of 0
            else:
                setattr(self, name, getattr(self, name) + value)
