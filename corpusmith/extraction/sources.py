"""The documents to extract from: files, folders, globs, URLs and stdin."""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.readers.read import Reading, read_stream
from corpusmith.text_files import Bad, TextFile

STDIN = "-"


@dataclass(frozen=True)
class TextSource:
    """A named text file; `path` where it is on this machine, `stem` what its documents are "
    "called."""

    file: TextFile
    stem: str
    path: Path | None = None


def sources(patterns: Sequence[str], reading: Reading) -> list[TextSource]:
    """The files that paths, folders, globs, URLs and `-` (stdin) name, each once, in order.

    Of a folder, files of known formats are taken. `.ann` files are read with their text files.
    Sources whose stems are equal get longer ones.

    Raises:
        UserError: when a pattern names nothing.
    """
    found: dict[str, TextSource] = {}
    for pattern in patterns:
        for source in sources_of(pattern, reading):
            found.setdefault(source.file.name, source)
    return with_suffixes(with_folders(list(found.values())))


def with_folders(listed: Sequence[TextSource]) -> list[TextSource]:
    """Sources of one stem get their paths below their common folder as stems."""
    stems: dict[str, str] = {}  # by the name of the file
    for stem, alike in by_stem(listed).items():
        places = [place_of(source).with_suffix("") for source in alike]
        common = os.path.commonpath([place.parent for place in places])
        for source, place in zip(alike, places, strict=True):
            below = place.relative_to(common).as_posix()
            stems[source.file.name] = below if len(below) > len(stem) else stem
    return [replace(source, stem=stems[source.file.name]) for source in listed]


def with_suffixes(listed: Sequence[TextSource]) -> list[TextSource]:
    """Sources of one stem get their suffixes, such as x.txt beside x.json."""
    alike = by_stem(listed)
    return [
        replace(source, stem=source.stem + place_of(source).suffix)
        if len(alike[source.stem]) > 1
        else source
        for source in listed
    ]


def by_stem(listed: Sequence[TextSource]) -> dict[str, list[TextSource]]:
    alike: dict[str, list[TextSource]] = {}
    for source in listed:
        alike.setdefault(source.stem, []).append(source)
    return alike


def place_of(source: TextSource) -> Path:
    """The absolute path of a file; of a URL the same, with its protocol as the first folder."""
    return (
        source.path.absolute() if source.path else Path("/", source.file.name.replace("://", "/"))
    )


def sources_of(pattern: str, reading: Reading) -> list[TextSource]:
    if pattern == STDIN:
        return [TextSource(TextFile("stdin", spooled(sys.stdin.buffer), reading.encoding), "stdin")]
    if "://" in pattern:
        return urls(pattern, reading)
    path = Path(pattern)
    if path.is_dir():
        files = sorted(
            file
            for file in path.rglob("*")
            if is_readable(file) and not is_hidden(file.relative_to(path))
        )
        if not files:
            raise UserError(f"{path} holds no file: name a folder with documents")
        return [local(file, file.relative_to(path), reading) for file in files]
    if path.is_file():
        return [local(path, Path(path.name), reading)]
    matched = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
    files = [file for file in matched if is_readable(file)]
    if not files:
        raise UserError(f"no file at {pattern}: name files, folders, globs, URLs or - for stdin")
    return [local(file, Path(file.name), reading) for file in files]


def spooled(stream: BinaryIO) -> Callable[[], BinaryIO]:
    """A function that opens a stream repeatedly, from a copy in an unnamed temporary file."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the source is)
    shutil.copyfileobj(stream, spool)

    def opened() -> BinaryIO:
        spool.seek(0)
        return os.fdopen(os.dup(spool.fileno()), "rb")

    return opened


def is_readable(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".") and file.suffix != ".ann"


def is_hidden(file: Path) -> bool:
    """Whether the file or a folder above it is hidden, such as .ipynb_checkpoints."""
    return any(part.startswith(".") for part in file.parts)


def local(file: Path, name: Path, reading: Reading) -> TextSource:
    return TextSource(TextFile.of(file, reading.encoding), name.with_suffix("").as_posix(), file)


def urls(pattern: str, reading: Reading) -> list[TextSource]:
    """Files at a URL of fsspec, such as s3://bucket/*.jsonl; its protocol's package must be "
    "there."""
    import fsspec

    try:
        opened = fsspec.open_files(pattern, "rb", compression="infer")
    except (ImportError, ValueError, OSError) as error:
        raise UserError(f"cannot open {pattern}: {error}") from error
    if not opened:
        raise UserError(f"no file at {pattern}")
    return [
        TextSource(TextFile(file.full_name, file.open, reading.encoding), Path(file.path).stem)
        for file in opened
    ]


def documents_in(
    source: TextSource, reading: Reading, bad: Callable[[UserError], None] | None = None
) -> Iterator[Document]:
    """The documents of a source, each with an id.

    A document without an id gets the name of its file, with its number where files hold several.

    Args:
        bad: called with the error of each unreadable document, which is skipped. Without it, the
            first error is raised. After an error that ends the reading, the message says that the
            rest of the file is left out.
    """
    number = 0

    def counted(error: UserError) -> None:
        nonlocal number
        number += 1  # the documents after it keep their numbers
        if bad:
            bad(error)

    try:
        for document in read_stream(source.file, reading, source.path, counted if bad else None):
            number += 1
            whole = document.where == source.file.name
            unnamed = source.stem if whole else f"{source.stem}-{number}"
            yield replace(document, id=document.id or unnamed)
    except UserError as error:
        if bad is None:
            raise
        part = "rest of the" if number else "whole"
        bad(UserError(f"{error}; the {part} file is left out"))


def every_document(
    listed: Sequence[TextSource], reading: Reading, bad: Bad | None = None
) -> Iterator[Document]:
    """The documents of all sources.

    An id that an earlier source has too gets the name of its source before it.
    """
    earlier: set[str] = set()
    for source in listed:
        own: set[str] = set()
        for document in documents_in(source, reading, bad):
            if document.id in earlier:
                document = replace(document, id=f"{source.stem}-{document.id}")
            if len(listed) > 1:
                own.add(str(document.id))
            yield document
        earlier |= own
