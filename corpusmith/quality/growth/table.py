"""The table of proposals, `NAME.grown.tsv`, which a person edits."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.files import write_tsv
from corpusmith.text_files import TextFile

COLUMNS = ("use", "name", "list", "kind", "of", "proposed", "recorded", "reason")
KINDS = ("frequent", "short", "coordinated", "statement", "confusable")
ANSWERS = {"yes": True, "no": False}


@dataclass
class GrownRow:
    """A proposal.

    Attributes:
        use: whether `--apply` adds it.
        name: the name, or the statement.
        list: the label of its list; empty for a statement.
        kind: what proposed it.
        of: the listed concept that it is another name of, or the type of a statement.
        proposed: the requests, and recorded sentences that coordinate it, which propose it.
        recorded: how often recorded sentences have it.
        reason: why it is left out; empty if it passed every check.
    """

    use: bool
    name: str
    list: str
    kind: str
    of: str = ""
    proposed: int = 0
    recorded: int = 0
    reason: str = ""

    @property
    def why(self) -> str:
        """What it is added as, or why it isn't."""
        return self.kind if self.use else self.reason


def sorted_rows(rows: Iterable[GrownRow]) -> list[GrownRow]:
    """What is used first; then by list, kind and count."""
    return sorted(
        rows, key=lambda r: (not r.use, r.list, KINDS.index(r.kind), r.reason, -r.proposed, r.name)
    )


def write_rows(rows: Iterable[GrownRow], path: Path) -> None:
    cells = (
        ("yes" if r.use else "no", r.name, r.list, r.kind, r.of, r.proposed, r.recorded, r.reason)
        for r in rows
    )
    write_tsv([COLUMNS, *cells], path)


def read_rows(path: Path) -> list[tuple[int, GrownRow]]:
    """The rows of an edited table, with their line numbers.

    Only the columns `use`, `name`, `list`, `kind` and `of` are read, so the others may be edited or
    left out.

    Raises:
        UserError: there is no table, or a line of it can't be read.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: run the command without --apply first")
    lines = enumerate(TextFile.of(path).lines(), 1)
    columns = next(lines, (1, ""))[1].split("\t")
    if missing := [name for name in COLUMNS[:5] if name not in columns]:
        raise UserError(
            f"{path}:1: no column {missing[0]!r}: keep the first line as it was written"
        )
    return [
        (number, read_row(dict(zip(columns, line.split("\t"), strict=False)), f"{path}:{number}"))
        for number, line in lines
        if line.strip()
    ]


def read_row(cells: dict[str, str], where: str) -> GrownRow:
    """One row. Raises UserError that names its place."""
    values = {name: cells.get(name, "").strip().strip('"') for name in COLUMNS[:5]}
    use = ANSWERS.get(values["use"].lower())
    if use is None:
        raise UserError(f"{where}: use is {values['use']!r}: write yes or no")
    if values["kind"] not in KINDS:
        raise UserError(f"{where}: kind is {values['kind']!r}: write one of {', '.join(KINDS)}")
    if not values["name"]:
        raise UserError(f"{where}: no name: fill it in, or delete the line")
    return GrownRow(use, values["name"], values["list"], values["kind"], values["of"])
