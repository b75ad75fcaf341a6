"""BioBERT's relation files: `sentence<tab>label`, or with the header
`index<tab>sentence<tab>label`.
"""

import re
from collections.abc import Iterator, Sequence

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.text_files import TextFile

WRITE = "write the masked sentence, a tab and 0 or 1 in each line"


def is_relation_file(lines: Sequence[str]) -> bool:
    """Whether lines of tabs end in 0 or 1, or a line of names ends in `label`."""
    filled = [line.split("\t") for line in lines if line.strip()]
    if not filled or len(filled[0]) < 2:
        return False
    labels = [cells[-1].strip() for cells in filled]
    texts = any(name.strip().lower() in ("sentence", "text") for name in filled[0])
    return (texts and labels[0].lower() == "label") or all(re.fullmatch("[01]", x) for x in labels)


def read_relations(file: TextFile) -> Iterator[Document]:
    """A masked sentence a line.

    Raises:
        UserError: when a line has other columns than the first, or a label is neither 0 nor 1.
    """
    rows = [(n, line.split("\t")) for n, line in enumerate(file.lines(), 1) if line.strip()]
    first = [cell.strip().lower() for cell in rows[0][1]]
    header = first if first[-1] == "label" else None
    names = header or {2: ["text", "label"], 3: ["index", "text", "label"]}.get(len(first))
    if not names or not {"text", "sentence"} & set(names):
        raise UserError(f"{file.name}, line {rows[0][0]}: {len(first)} columns; {WRITE}")
    text = next(n for n, name in enumerate(names) if name in ("text", "sentence"))
    index = next((n for n, name in enumerate(names) if name in ("index", "id")), None)
    body = rows[1:] if header else rows
    quoted = bool(body) and all(is_quoted(cells[text]) for _, cells in body if len(cells) > text)
    for number, cells in body:
        where = f"{file.name}, line {number}"
        if len(cells) != len(names):
            raise UserError(f"{where}: {len(cells)} columns instead of {len(names)}; {WRITE}")
        if not header and index is not None and not cells[index].strip().isdigit():
            raise UserError(f"{where}: three columns without a header; {WRITE}")
        label = cells[-1].strip()
        sentence = without_quotes(cells[text]) if quoted or '""' in cells[text] else cells[text]
        if not sentence.strip():
            raise UserError(f"{where}: no sentence; {WRITE}")
        yield Document(
            cells[index].strip() if index is not None else None, sentence, label=label, where=where
        )


def is_quoted(cell: str) -> bool:
    """Whether a CSV writer put the cell in quotes, which doubles the quotes inside."""
    return len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1].replace('""', "")


def without_quotes(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if is_quoted(cell) else cell
