"""Read text files strictly: encoding, line ends and JSON, with errors that name file and line."""

import codecs
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from corpusmith.errors import UserError

BYTE_ORDER_MARKS = (  # the longer marks first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
REMEDY = "save it as UTF-8, or name its encoding, such as --encoding cp1252"
T = TypeVar("T")
D = TypeVar("D")
CHUNK = 1 << 20  # bytes read at once where only the encoding is looked for


@dataclass(frozen=True)
class TextFile:
    """A named source of bytes. `encoding` is for content that is neither UTF-8 nor marked as UTF-16
    or UTF-32. `remedy` is what to do about another encoding.
    """

    name: str
    opened: Callable[[], BinaryIO]
    encoding: str | None = None
    remedy: str = REMEDY

    @classmethod
    def of(cls, path: Path, encoding: str | None = None, remedy: str = REMEDY) -> "TextFile":
        return cls(str(path), lambda: path.open("rb"), encoding, remedy)

    def text(self) -> str:
        """The whole content, line ends as they are and no byte order mark.

        Raises:
            UserError: when it is not in the encoding.
        """
        with self.open_bytes() as stream:
            return decode(stream.read(), self.name, self.encoding, self.remedy)

    def lines(self, ends: bool = False) -> Iterator[str]:
        """One line after the other, without its line end: \\n, \\r\\n, or \\r where a file has no
        other.

        Reads piece by piece, so that a file of any size fits into memory. With `ends`, each line
        keeps its line end, as cells of a CSV file may hold some.
        """
        encoding = self.encoding_in_use()
        with self.open_bytes() as stream:
            stream = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
            head = stream.peek(4096)[:4096] if hasattr(stream, "peek") else b""
            refuse_binary(head, encoding, self.name)
            text = io.TextIOWrapper(stream, encoding=encoding, newline="\n")
            number = 0
            try:
                for number, line in enumerate(text, 1):
                    if "\r" in line and number == 1 and not line.endswith("\n"):
                        yield from line.splitlines(keepends=True) if ends else split_lines(line)
                    else:
                        yield line if ends else line.removesuffix("\n").removesuffix("\r")
            except UnicodeDecodeError as error:
                raise self.not_decoded(encoding, f"after line {number}") from error

    def open_bytes(self) -> BinaryIO:
        try:
            return self.opened()
        except OSError as error:
            raise UserError(f"cannot read {self.name}: {error.strerror or error}") from error

    def encoding_in_use(self) -> str:
        """The encoding of the byte order mark, else UTF-8, else `self.encoding`."""
        with self.open_bytes() as stream:
            head = stream.read(4)
            marked = marked_encoding(head)
            if marked or not self.encoding:
                return marked or "utf-8"
            decoder = codecs.getincrementaldecoder("utf-8")()
            try:
                decoder.decode(head)
                while chunk := stream.read(CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return known_encoding(self.encoding)
        return "utf-8"

    def not_decoded(self, encoding: str, where: str) -> UserError:
        """Name the line when the content can be read again."""
        try:
            with self.open_bytes() as stream:
                decode(stream.read(), self.name, self.encoding, self.remedy)
        except UserError as error:
            return error
        return UserError(f"{self.name}, {where}: not {encoding}; {self.remedy}")


def marked_encoding(content: bytes) -> str | None:
    """The encoding that a byte order mark stands for."""
    return next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), None)


def known_encoding(name: str) -> str:
    """The name of an encoding. Raises UserError when Python knows none for text by it."""
    try:
        "a".encode(name)
    except (LookupError, ValueError) as error:
        raise UserError(f"no encoding {name!r}: give one such as cp1252") from error
    return name


def decode(content: bytes, name: str, encoding: str | None = None, remedy: str = REMEDY) -> str:
    """Text of a file's bytes; `encoding` applies when they are not UTF-8 and carry no byte order
    mark.

    Raises:
        UserError: when the bytes are not in the encoding; it names the line.
    """
    marked = marked_encoding(content)
    for tried in [marked] if marked else ["utf-8", encoding] if encoding else ["utf-8"]:
        try:
            known_encoding(str(tried))
            text = content.decode(str(tried))
            refuse_binary(content[:4096], str(tried), name)
            return text.removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            failed = error
    line = content[: failed.start].count(b"\n") + 1
    raise UserError(f"{name}, line {line}: not {failed.encoding.upper()}; {remedy}") from failed


def refuse_binary(head: bytes, encoding: str, name: str) -> None:
    if b"\0" in head and not encoding.startswith(("utf-16", "utf-32")):
        raise UserError(
            f"{name} holds zero bytes: it is binary, or UTF-16 without its mark; save it as UTF-8"
        )


def split_lines(text: str) -> list[str]:
    """Lines of \\n, \\r\\n, or \\r where there is no \\n. `str.splitlines` also cuts at U+2028 and
    form feeds.
    """
    if "\n" not in text and "\r" in text:
        return text.split("\r")
    return [line.removesuffix("\r") for line in text.split("\n")]


Bad = Callable[[UserError], None]
"""Takes the error of one row, so that the others can be read."""


def each_readable(items: Iterable[T], make: Callable[[T], D], bad: Bad | None) -> Iterator[D]:
    """`make` of each item; `bad` takes their errors. Without it the first is raised."""
    for item in items:
        try:
            made = make(item)
        except UserError as error:
            if bad is None:
                raise
            bad(error)
            continue
        yield made


def json_rows(file: TextFile, bad: Bad | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs of a place (`dev.jsonl, line 3`) and a JSON object.

    Reads JSON Lines as a stream; also an array of objects, and objects spread over several lines.

    Raises:
        UserError: when something is not JSON, or not an object.
    """
    lines = enumerate(file.lines(), 1)
    filled = ((number, line) for number, line in lines if line.strip())
    first = list(islice(filled, 1 if bad is None else 2))
    if not first:
        return
    if is_spread(*(line for _, line in first)):
        number, begun = first[0][0], "\n" * (first[-1][0] - first[0][0])
        text = "\n".join([begun.join(line for _, line in first), *(line for _, line in lines)])
        yield from spread_objects(text, file.name, number, bad)
        return
    placed = ((f"{file.name}, line {number}", line) for number, line in chain(first, filled))
    yield from each_readable(placed, json_line, bad)


def is_spread(first: str, second: str | None = None) -> bool:
    """Whether the first line begins an array, or a value over several lines.

    It is a broken line of JSON Lines where the second is an object by itself.
    """
    try:
        return isinstance(strict_json(first), list)
    except ValueError:
        pass
    if second is None or first.lstrip().startswith("["):
        return True
    try:
        return not isinstance(strict_json(second), dict)
    except ValueError:
        return True


def json_line(placed: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    where, line = placed
    try:
        value = strict_json(line)
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error}); write one JSON object a line") from error
    return where, json_object(value, where)


def spread_objects(
    text: str, name: str, line: int, bad: Bad | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of an array, or of values one after the other."""
    decoder = json.JSONDecoder(parse_constant=refuse_constant)
    at = row = 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise UserError(f"{name}: JSON nested too deeply") from error
        except ValueError as error:
            number = line + text[: getattr(error, "pos", at)].count("\n")
            raise UserError(
                f"{name}, line {number}: not JSON ({error}); write one JSON object a line"
            ) from error
        items = value if isinstance(value, list) else [value]
        placed = [(f"{name}, row {row + n}", item) for n, item in enumerate(items, 1)]
        row += len(items)
        yield from each_readable(placed, lambda one: (one[0], json_object(one[1], one[0])), bad)
        while at < len(text) and text[at].isspace():
            at += 1


def strict_json(text: str) -> Any:
    """A JSON value. NaN and Infinity raise ValueError, as JSON has neither."""
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def json_object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{where}: not a JSON object but {type(value).__name__}; write {{…}}")
    return without_lone_surrogates(value)


def without_lone_surrogates(value: Any) -> Any:
    """Replace lone surrogates by U+FFFD: UTF-8 can't encode them. Offsets stay as they are."""
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: without_lone_surrogates(item) for key, item in value.items()}
    return value


def checked_row(row: dict[str, Any], where: str) -> dict[str, Any]:
    """A row with its `tokens` or its `text` checked; `text` is added to a row that has tokens only.

    Everything that reads benchmarks calls this: evaluation, baselines, decontamination and form.

    Raises:
        UserError: when it has neither, or they are not text.
    """
    tokens, text = row.get("tokens"), row.get("text")
    if tokens is None and not isinstance(text, str):
        raise UserError(f"{where}: no tokens and no text; write {ROWS}")
    if tokens is not None:
        words = tokens if isinstance(tokens, list) else [0]
        if wrong := [word for word in words if not isinstance(word, str)]:
            found = wrong[0] if words is tokens else tokens
            raise UserError(f"{where}: tokens must be a list of words, not {found!r:.60}")
    return row if isinstance(text, str) else {**row, "text": " ".join(tokens or ())}


ROWS = '{"id", "tokens", "ner_tags"} or {"id", "text", "label"}'
