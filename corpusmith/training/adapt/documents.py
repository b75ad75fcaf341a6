"""Open a user's documents and sample sentences from them. No other module opens a document.

The text stays in memory: nothing here or after it writes a sentence to a file.
"""

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.inference import WORDS, sentences
from corpusmith.training.adapt.settings import AdaptSettings

SUFFIXES = {".txt", ".text", ".md", ".jsonl"}


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
    for document in read_documents(paths):
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
            "give text files, JSON Lines with `text` or `tokens`, or folders of them"
        )
    chosen = [words for _, words in sorted(kept)]
    return Sample(chosen, documents, sentences_read, words_read)


def read_documents(paths: Sequence[Path]) -> Iterator[Iterable[tuple[str, ...]]]:
    """The sentences of each document."""
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist: name a file or a folder of documents")
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        readable = [file for file in files if file.is_file() and file.suffix in SUFFIXES]
        if not readable:
            raise UserError(f"{path} holds no file that ends in {', '.join(sorted(SUFFIXES))}")
        for file in readable:
            yield from read_file(file)


def read_file(file: Path) -> Iterator[Iterable[tuple[str, ...]]]:
    """A text file is one document; a line of JSON Lines is one."""
    try:
        if file.suffix != ".jsonl":
            yield split(file.read_text(encoding="utf-8"))
            return
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield read_line(line, f"{file}, line {number}")
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 ({error.reason}): convert it first") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None


def read_line(line: str, where: str) -> Iterable[tuple[str, ...]]:
    """`{"tokens": [...]}` is one sentence, `{"text": "..."}` a document."""
    try:
        row = json.loads(line)
    except ValueError:
        raise UserError(f"{where} is not JSON: write one object a line") from None
    if isinstance(row, dict) and isinstance(row.get("tokens"), list):
        return [tuple(map(str, row["tokens"]))]
    if isinstance(row, dict) and isinstance(row.get("text"), str):
        return split(row["text"])
    raise UserError(f"{where} has neither `tokens` nor `text`: write one of them")


def split(text: str) -> Iterator[tuple[str, ...]]:
    """The sentences of a text, as words."""
    for start, end in sentences(text, ()):
        words = tuple(word for word, _ in WORDS.pre_tokenize_str(text[start:end]))
        if words:
            yield words
