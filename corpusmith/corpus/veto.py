"""Vetoes: rows to reject for reasons outside the verification of answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from corpusmith.corpus.example import NO_LABEL
from corpusmith.errors import UserError


@dataclass(frozen=True)
class Veto:
    """Rows to reject, as found by a student, an encoder or a person.

    Args:
        reason: the reason for the reject; rejects are counted by it.
        ids: ids of the rejected rows; a row that is an answer has the id of its request.
        labels: the class numbers of each row when it was judged, by id, to detect later changes.
        name: the key of the veto's facts in build.json.
        facts: facts for build.json, besides the number of rejected rows.
    """

    reason: str
    ids: frozenset[str]
    labels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def rejects(self, row: Mapping[str, Any]) -> bool:
        """Whether to reject the row. Raises UserError where its labels have changed since."""
        if row["id"] not in self.ids:
            return False
        labels = tuple(row["ner_tags"]) if "ner_tags" in row else (row["label"],)
        labels = tuple(label for label in labels if label != NO_LABEL)  # masked: not judged
        if self.labels.get(row["id"], labels) != labels:
            raise UserError(
                f"{self.reason}: {row['id']} was judged with other labels than it has now; "
                "judge the rows of this build (`corpusmith noise`)"
            )
        return True
