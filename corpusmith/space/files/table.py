"""An uploaded table, and the column that holds its texts."""

from dataclasses import dataclass

from corpusmith.space.schema import InputError

USUAL_COLUMNS = ("text", "sentence", "abstract", "document", "content", "body")


@dataclass(frozen=True)
class Table:
    """Rows of cells, as many in each row as there are columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def likely_column(self) -> str:
        """The column with a usual name for text, else the one that holds the most characters."""
        named = [column for column in self.columns if column.lower() in USUAL_COLUMNS]
        if named:
            return named[0]
        sizes = [sum(len(row[at]) for row in self.rows[:100]) for at in range(len(self.columns))]
        return self.columns[sizes.index(max(sizes))]

    def texts(self, column: str) -> list[tuple[str, str]]:
        """`(id, text)` of each row. The id is the cell in the column `id`, else the row's number.

        Raises:
            InputError: there is no such column.
        """
        if column not in self.columns:
            raise InputError("The file has no such column. Choose one from the list.")
        return list(zip(self.ids(), self.cells(column), strict=True))

    def cells(self, column: str) -> list[str]:
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def ids(self) -> list[str]:
        numbers = [str(number) for number in range(1, len(self.rows) + 1)]
        column = next((name for name in self.columns if name.lower() == "id"), None)
        cells = self.cells(column) if column else numbers
        return [cell.strip() or number for cell, number in zip(cells, numbers, strict=True)]
