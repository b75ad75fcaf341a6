"""A list of names as a table in a file: add rows and synonyms, and keep the rest as it is."""

import re
from collections.abc import Sequence
from pathlib import Path

from corpusmith.text_files import TextFile

GROWN_ID = re.compile(r"grown:(\d+)")


class NameTable:
    """A tab-separated file with the columns concept_id, name and synonyms."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = list(TextFile.of(path).lines())
        self.columns = lines[0].split("\t")
        self.rows = [line.split("\t") for line in lines[1:] if line.strip()]

    def extend(self, concept_id: str, names: Sequence[str]) -> None:
        """Add names to a concept."""
        number, synonyms = self.columns.index("concept_id"), self.columns.index("synonyms")
        row = next(row for row in self.rows if row[number] == concept_id)
        row += [""] * (synonyms + 1 - len(row))
        row[synonyms] = "|".join([*filter(None, row[synonyms].split("|")), *names])

    def append(self, names: Sequence[str], weight: float) -> None:
        """Add a concept. Its id tells that it was grown."""
        cells = {
            "concept_id": f"grown:{self.next_number()}",
            "name": names[0],
            "synonyms": "|".join(names[1:]),
            "weight": f"{weight:g}",
        }
        self.rows.append([cells.get(column, "") for column in self.columns])

    def next_number(self) -> int:
        """The first number that is larger than that of any grown concept."""
        number = self.columns.index("concept_id")
        found = (GROWN_ID.fullmatch(row[number]) for row in self.rows)
        return max((int(match[1]) for match in found if match), default=0) + 1

    def write(self) -> None:
        """Write the file as a whole: a reader never sees half of it."""
        partial = self.path.with_suffix(".partial")
        lines = ["\t".join(row) for row in (self.columns, *self.rows)]
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(self.path)
