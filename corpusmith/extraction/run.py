"""`corpusmith extract`: extract from files to a file, with resume.

Finished documents are lines of `OUT.partial`, in input order. The same command resumes a killed run
after its last complete batch: batches stay the same, because an int8 model scales its activations
per batch. At the end, the output is written from it in the requested format, and it is deleted.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.extract import Extractor, batches_of
from corpusmith.extraction.readers.json_formats.spans import spans_document
from corpusmith.extraction.readers.read import DETECTED, Reading
from corpusmith.extraction.sources import TextSource, every_document, sources
from corpusmith.extraction.writers.formats import STREAMED, WHOLE, format_of_output
from corpusmith.extraction.writers.streamed import row_of
from corpusmith.progress import bar


@dataclass(frozen=True)
class Inputs:
    """The documents of files, folders, globs, URLs or `-`; invalid ones skipped only on demand."""

    patterns: Sequence[str]
    reading: Reading = DETECTED
    skip_bad: bool = False

    @cached_property
    def listed(self) -> list[TextSource]:
        """Listed once: stdin can't be read again."""
        return sources(self.patterns, self.reading)

    @property
    def local(self) -> list[Path]:
        """The files of this machine among them."""
        return [source.path for source in self.listed if source.path is not None]

    def documents(self, skipped: list[str] | None = None) -> Iterator[Document]:
        """Adds the errors of documents that it skips to `skipped`."""
        found = skipped if skipped is not None else []

        def bad(error: UserError) -> None:
            found.append(str(error))

        return every_document(self.listed, self.reading, bad if self.skip_bad else None)

    def size(self) -> "Size":
        """Reads everything once. Raises the error of the first document that can't be read."""
        skipped: list[str] = []
        documents = batches = 0
        for batch in batches_of(self.documents(skipped)):
            documents, batches = documents + len(batch), batches + 1
        return Size(documents, batches, skipped)


@dataclass(frozen=True)
class Size:
    """How many documents and batches there are, and the errors of skipped documents."""

    documents: int
    batches: int
    skipped: list[str]


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

    def beside(self, suffix: str) -> Path:
        """The path of unfinished work. Raises UserError when the output exists already."""
        assert self.out is not None
        if self.out.exists():
            raise UserError(f"{self.out} exists: remove it, or choose another --out")
        self.out.parent.mkdir(parents=True, exist_ok=True)
        return self.out.with_name(f"{self.out.name}.{suffix}")


@dataclass(frozen=True)
class Extraction:
    """Results of a run: documents written, their mentions, and unreadable documents."""

    documents: int
    mentions: int
    skipped: list[str]


def extract_files(extractor: Extractor, inputs: Inputs, output: Output) -> Extraction:
    """Extract from every document of the inputs.

    All input is read before the first document is extracted, so that an invalid one is reported at
    once.

    Raises:
        UserError: when a document can't be read (unless skipped), the output exists already, or
            OUT.partial is from another run.
    """
    partial = output.beside("partial") if output.out else None
    size = inputs.size()
    if partial is None:
        with closing(bar(size.documents, "extract", "documents")) as shown:
            counted = Counted(counting(extractor.extract_iter(inputs.documents()), shown))
            STREAMED[output.to](iter(counted), sys.stdout)
        return Extraction(counted.documents, counted.mentions, size.skipped)
    begin_partial(partial, run_key(extractor, inputs))
    with closing(bar(size.documents, "extract", "documents")) as shown:
        for count in extract_part(extractor, inputs, partial, range(size.batches)):
            shown.update(count)
    counted = Counted(read_partials([partial]))
    write(counted, output)
    partial.unlink()
    return Extraction(counted.documents, counted.mentions, size.skipped)


def extract_part(
    extractor: Extractor, inputs: Inputs, partial: Path, batches: range
) -> Iterator[int]:
    """Extract from some of the batches, into a partial file that may hold the first of them.

    Yields the number of documents of each batch when its documents are in the file.
    """
    with partial.open("r+b") as file:
        file.readline()
        resuming = True
        for batch in islice(batches_of(inputs.documents()), batches.start, batches.stop):
            begun = file.tell()
            if resuming and all(file.readline().endswith(b"\n") for _ in batch):
                yield len(batch)
                continue
            if resuming:
                file.seek(begun)
                file.truncate()
                resuming = False
            for document in extractor.annotated(batch):
                row = json.dumps(row_of(document), ensure_ascii=False)
                file.write(f"{row}\n".encode())
            file.flush()
            yield len(batch)


def begin_partial(partial: Path, key: str) -> None:
    """Create a partial file with the key of its run, unless it exists.

    Raises:
        UserError: when it is from another run.
    """
    header = json.dumps({"run": key}).encode() + b"\n"
    if partial.exists():
        with partial.open("rb") as file:
            if file.readline() not in (header, b""):
                raise UserError(
                    f"{partial} is from another run: remove it, or choose another --out"
                )
    if not partial.exists() or not partial.stat().st_size:
        partial.write_bytes(header)


def counting(documents: Iterable[Document], shown: Any) -> Iterator[Document]:
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
    if target.is_dir():  # of a killed run, perhaps with other inputs
        shutil.rmtree(target)
    if output.to in STREAMED:
        with target.open("w", encoding="utf-8", newline="") as file:
            STREAMED[output.to](iter(documents), file)
    else:
        WHOLE[output.to](iter(documents), target)
        target.mkdir(exist_ok=True) if output.to == "brat" else None
    target.replace(output.out)


def run_key(extractor: Extractor, inputs: Inputs) -> str:
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
        list(inputs.patterns),
        sorted(asdict(inputs.reading).items()),
        inputs.skip_bad,
        [states_of(path, path.with_suffix(".ann")) for path in inputs.local],
        [states_of(*sorted(Path(m.source).rglob("*"))) for m in models],
    ]
    facts += [
        getattr(annotate, "__name__", type(annotate).__name__) for annotate in extractor.annotate
    ]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]


def states_of(*files: Path) -> list[Any]:
    """Name, size and time of each file: what was extracted from other content is not kept."""
    found = [(file, file.stat()) for file in files if file.is_file()]
    return [[file.name, stat.st_size, stat.st_mtime_ns] for file, stat in found]


def lists_of(extractor: Extractor) -> list[Any]:
    """Each label's list of names as a hash; [] without assistance."""
    lookup = getattr(extractor.entities, "lookup", {})
    return [[label, matcher.fingerprint] for label, matcher in sorted(lookup.items())]


def read_partials(partials: Iterable[Path]) -> Iterator[Document]:
    for partial in partials:
        with partial.open(encoding="utf-8", newline="\n") as file:
            next(file)
            for line in file:
                row = json.loads(line)
                yield spans_document(row, row["entities"], str(partial))


def print_skipped(skipped: Sequence[str], file: IO[str]) -> None:
    """List skipped documents."""
    for error in skipped:
        print(f"left out: {error}", file=file)
