"""From facts to README files: one dataclass and one template a card."""
