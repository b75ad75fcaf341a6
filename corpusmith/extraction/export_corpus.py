"""A corpus as the files of other trainers: spaCy, GLiNER, Flair, CoNLL, BRAT, Label Studio."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from corpusmith.errors import MissingSplitError, UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.metrics import spans
from corpusmith.evaluation.tagged import TaggedText
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.writers.streamed import write_conll, write_label_studio
from corpusmith.extraction.writers.whole import write_brat, write_docbin

Rows = Iterator[TaggedText]


@dataclass(frozen=True)
class Exported:
    """The number of rows of each file; the warnings count what was left out or changed."""

    rows: dict[Path, int]
    warnings: tuple[str, ...]


def export_corpus(dataset: str, to: str, out: Path, splits: Sequence[str]) -> Exported:
    """Write each split that the dataset has.

    Splits that it lacks are left out, and rows with masked words: no format can express them.

    Raises:
        UserError: when there is no such format or dataset, a split can't be read, it holds
            relations, or `out` exists.
    """
    if to not in WRITERS:
        raise UserError(f"no format {to!r}: one of {', '.join(WRITERS)}")
    suffix, write = WRITERS[to]
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} holds files already: choose another --out")
    written: dict[Path, int] = {}
    missing: list[MissingSplitError] = []
    warnings: list[str] = []
    for split in splits:
        try:
            data = read_benchmark(dataset, split)
        except MissingSplitError as error:
            missing.append(error)
            warnings.append(f"left out: {error}")
            continue
        rows = data.tagged
        if not rows:
            raise UserError(f"{dataset} holds relations: only entities are exported")
        path = out / f"{split}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(iter(rows), path)
        written[path] = len(rows)
        warnings += (f"{split}: {note}" for note in data.notes)
    if not written:
        raise missing[0]
    return Exported(written, tuple(warnings))


def documents(rows: Rows) -> Iterator[Document]:
    for row in rows:
        mentions = tuple(Mention(a, b, label, row.text[a:b]) for a, b, label in row.entities)
        yield Document(row.id, row.text, mentions, tokens=row.tokens, tags=row.tags)


def write_spacy(rows: Rows, path: Path) -> None:
    """A DocBin for `spacy train`."""
    write_docbin(documents(rows), path)


def write_brat_folder(rows: Rows, path: Path) -> None:
    path.mkdir()
    write_brat(documents(rows), path)


def write_gliner(rows: Rows, path: Path) -> None:
    """A JSON array of words and spans of words, the last word included, as GLiNER trains on."""
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            found = [[first, last - 1, label] for label, first, last in spans(row.tags)]
            item = {"tokenized_text": list(row.tokens), "ner": found}
            file.write((",\n" if number else "[\n") + json.dumps(item, ensure_ascii=False))
        file.write("\n]\n")


def text(write: Callable[[Iterator[Document], IO[str]], None]) -> Callable[[Rows, Path], None]:
    def to_path(rows: Rows, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            write(documents(rows), file)

    return to_path


WRITERS: dict[str, tuple[str, Callable[[Rows, Path], None]]] = {
    "spacy": (".spacy", write_spacy),
    "gliner": (".json", write_gliner),
    "conll": (".conll", text(write_conll)),
    "flair": (".txt", text(write_conll)),  # a ColumnCorpus with columns {0: "text", 1: "ner"}
    "brat": ("", write_brat_folder),
    "label-studio": (".json", text(write_label_studio)),
}
"""The suffix of a file and its writer; a split of BRAT is a folder."""
