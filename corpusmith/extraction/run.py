"""`corpusmith extract`: extract from files to a file, with resume.

Finished documents are lines of `OUT.partial`, in input order. The same command resumes after its
last complete line. At the end, the output is written from it in the requested format, and it is
deleted.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.extract import Extractor
from corpusmith.extraction.formats import STREAMED, WHOLE, format_of_output
from corpusmith.extraction.readers.json_spans import spans_document
from corpusmith.extraction.readers.read import Reading
from corpusmith.extraction.sources import TextSource, every_document, sources
from corpusmith.extraction.writers import row_of
from corpusmith.progress import bar


@dataclass(frozen=True)
class Output:
    """The output file or folder (None for stdout), and its format."""

    out: Path | None
    to: str

    @classmethod
    def of(cls, out: Path | None, to: str | None) -> "Output":
        """Raises UserError when the two name no format, or stdout can't take it."""
        format_ = format_of_output(out, to)
        if out is None and format_ not in STREAMED:
            raise UserError(f"--to {format_} can't be written to stdout: give --out")
        return cls(out, format_)


@dataclass(frozen=True)
class Extraction:
    """Results of a run: documents written, their mentions, and unreadable documents."""

    documents: int
    mentions: int
    skipped: list[str]


def extract_files(
    extractor: Extractor,
    patterns: Sequence[str],
    output: Output,
    reading: Reading,
    skip_bad: bool = False,
) -> Extraction:
    """Extract from every document that the patterns name.

    All input is read before the first document is extracted, so that an invalid one is reported at
    once.

    Raises:
        UserError: when a document can't be read (unless `skip_bad`), the output exists already, or
            OUT.partial is from another run.
    """
    listed = sources(patterns, reading)
    skipped: list[str] = []

    def bad(error: UserError) -> None:
        skipped.append(str(error))

    total = count_documents(listed, reading, skip_bad)
    documents = every_document(listed, reading, bad if skip_bad else None)
    if output.out is None:
        counted = Counted(extractor.extract_iter(with_progress(documents, total, 0)))
        STREAMED[output.to](iter(counted), sys.stdout)
        return Extraction(counted.documents, counted.mentions, skipped)
    if output.out.exists():
        raise UserError(f"{output.out} exists: remove it, or choose another --out")
    partial = output.out.with_name(f"{output.out.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    done = finished_lines(partial, run_key(extractor, patterns, reading))
    for _ in islice(documents, done):
        pass
    with partial.open("a", encoding="utf-8", newline="\n") as file:
        for document in extractor.extract_iter(with_progress(documents, total, done)):
            file.write(json.dumps(row_of(document), ensure_ascii=False) + "\n")
            file.flush()
    counted = Counted(read_partial(partial))
    write(counted, output)
    partial.unlink()
    return Extraction(counted.documents, counted.mentions, skipped)


def count_documents(listed: Sequence[TextSource], reading: Reading, skip_bad: bool) -> int:
    """How many documents there are. Raises the error of the first that can't be read."""
    ignore = (lambda error: None) if skip_bad else None
    return sum(1 for _ in every_document(listed, reading, ignore))


def with_progress(documents: Iterator[Document], total: int, done: int) -> Iterator[Document]:
    """The same documents, with a line of progress on stderr."""
    with closing(bar(total, "extract", "documents", done=done)) as shown:
        for document in documents:
            yield document
            shown.update()


class Counted:
    """An iterator over documents that counts them."""

    def __init__(self, documents: Iterator[Document]) -> None:
        self.source = documents
        self.documents = self.mentions = 0

    def __iter__(self) -> Iterator[Document]:
        for document in self.source:
            self.documents += 1
            self.mentions += len(document.mentions or ())
            yield document


def write(documents: Counted, output: Output) -> None:
    """Write a file or folder atomically."""
    assert output.out is not None
    target = output.out.with_name(f"{output.out.name}.writing")
    if output.to in STREAMED:
        with target.open("w", encoding="utf-8", newline="") as file:
            STREAMED[output.to](iter(documents), file)
    else:
        WHOLE[output.to](iter(documents), target)
        target.mkdir(exist_ok=True) if output.to == "brat" else None
    target.replace(output.out)


def run_key(extractor: Extractor, patterns: Sequence[str], reading: Reading) -> str:
    """A hash of everything that determines the extracted documents."""
    models = [
        extractor.entities.encoder,
        *([extractor.relations.encoder] if extractor.relations else []),
    ]
    facts: list[Any] = [sorted(m.config.items(), key=str) for m in models]
    facts += [[m.source, m.backend] for m in models]
    facts += [
        lists_of(extractor),
        extractor.threshold,
        extractor.neighbours,
        list(patterns),
        sorted(asdict(reading).items()),
    ]
    facts += [
        getattr(annotate, "__name__", type(annotate).__name__) for annotate in extractor.annotate
    ]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]


def lists_of(extractor: Extractor) -> list[Any]:
    """Each label's list of names as a hash; [] without assistance."""
    lookup = getattr(extractor.entities, "lookup", {})
    return [[label, matcher.fingerprint] for label, matcher in sorted(lookup.items())]


def finished_lines(partial: Path, key: str) -> int:
    """The number of documents in OUT.partial, without an incomplete last line.

    Creates the file if it does not exist.

    Raises:
        UserError: when it is from another run.
    """
    header = json.dumps({"run": key})
    if not partial.exists():
        partial.write_text(header + "\n", encoding="utf-8", newline="\n")
        return 0
    lines, size = 0, 0
    with partial.open("rb") as file:
        first = file.readline()
        if first.decode("utf-8", "replace").rstrip("\n") != header:
            raise UserError(f"{partial} is from another run: remove it, or choose another --out")
        size = len(first)
        for line in file:
            if line.endswith(b"\n"):
                lines, size = lines + 1, size + len(line)
    with partial.open("r+b") as file:
        file.truncate(size)
    return lines


def read_partial(partial: Path) -> Iterator[Document]:
    with partial.open(encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            row = json.loads(line)
            yield spans_document(row, row["entities"], str(partial))


def print_skipped(skipped: Sequence[str], file: IO[str]) -> None:
    """List skipped documents."""
    for error in skipped:
        print(f"left out: {error}", file=file)
