"""Open a user's documents and sample sentences from them. No other module opens a document.

The text stays in memory: nothing here or after it writes a sentence to a file.
"""

import hashlib
import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document
from corpusmith.extraction.readers.read import SUFFIXES, read_documents
from corpusmith.inference import WORDS, sentences
from corpusmith.training.adapt.settings import AdaptSettings

PARQUET = ".parquet"
KNOWN = {*SUFFIXES, PARQUET}


@dataclass(frozen=True)
class Sample:
    """Sentences as words, and how much text they were drawn from. All counts are published."""

    sentences: list[tuple[str, ...]]
    documents: int
    sentences_read: int
    words_read: int

    def counts(self) -> dict[str, int]:
        """Numbers only, for the model's training.json and card."""
        return {
            "documents": self.documents,
            "sentences_read": self.sentences_read,
            "words_read": self.words_read,
            "sentences_used": len(self.sentences),
            "words_used": sum(map(len, self.sentences)),
        }


def sample_sentences(paths: Sequence[Path], settings: AdaptSettings) -> Sample:
    """Draw `settings.sentences` distinct sentences from files and folders.

    The draw depends on the seed and the sentences alone, not on the order of the files. Memory
    does not grow with the number of documents.

    Raises:
        UserError: when a path does not exist, a file cannot be read, or no sentence is left.
    """
    documents = sentences_read = words_read = 0
    kept: list[tuple[int, tuple[str, ...]]] = []  # a heap: the largest key is the first to go
    seen: set[int] = set()
    for document in read_sentences(paths):
        documents += 1
        for words in document:
            sentences_read += 1
            words_read += len(words)
            if not settings.shortest <= len(words) <= settings.longest:
                continue
            text = f"{settings.seed}\0{' '.join(words)}".encode("utf-8", "replace")
            key = -int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
            if key in seen or (len(kept) == settings.sentences and key < kept[0][0]):
                continue
            seen.add(key)
            if len(kept) < settings.sentences:
                heapq.heappush(kept, (key, words))
            else:
                seen.discard(heapq.heappushpop(kept, (key, words))[0])
    if not kept:
        raise UserError(
            f"the documents hold no sentence of {settings.shortest} to {settings.longest} words: "
            "give documents in a format of docs/formats.md, or folders of them"
        )
    chosen = [words for _, words in sorted(kept)]
    return Sample(chosen, documents, sentences_read, words_read)


def read_sentences(paths: Sequence[Path]) -> Iterator[Iterable[tuple[str, ...]]]:
    """The sentences of each document."""
    for path in paths:
        for file in files_of(path):
            for document in file_documents(file):
                yield [document.tokens] if document.tokens else sentence_words(document.text)


def file_documents(file: Path) -> Iterator[Document]:
    """The documents of a file; of a Parquet file, its column `tokens` or `text`."""
    if file.suffix.lower() != PARQUET:
        yield from read_documents(file)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        columns = [name for name in ("tokens", "text") if name in table.schema_arrow.names]
        if not columns:
            raise UserError(f"{file} has neither a column tokens nor text")
        for batch in table.iter_batches(batch_size=1000, columns=columns[:1]):
            for value in filter(None, batch.column(0).to_pylist()):
                words = () if isinstance(value, str) else tuple(value)
                yield Document(None, " ".join(words) or value, tokens=words or None)
    except pa.ArrowException as error:
        raise UserError(f"{file} can't be read as Parquet: {error}") from error


def files_of(path: Path) -> Iterator[Path]:
    """The file itself, or all files of known formats in a folder and its subfolders, in any order.

    The names of a folder's files are not held in memory.

    Raises:
        UserError: the path does not exist, or the folder holds no such file.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist: name a file or a folder of documents")
    if not path.is_dir():
        yield path
        return
    empty = True
    for file in walk(path):
        if file.suffix.lower() in KNOWN:
            empty = False
            yield file
    if empty:
        raise UserError(f"{path} holds no file that ends in {', '.join(sorted(KNOWN))}")


def walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry.path))
            elif entry.is_file():
                yield Path(entry.path)


def sentence_words(text: str) -> Iterator[tuple[str, ...]]:
    """The sentences of a text, as words."""
    for start, end in sentences(text, ()):
        words = tuple(word for word, _ in WORDS.pre_tokenize_str(text[start:end]))
        if words:
            yield words
