"""WebAnno and INCEpTION TSV 3: a line a token, with character offsets in UTF-16 units."""

import re
from collections.abc import Iterator

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, checked
from corpusmith.text_files import TextFile

LAYER = re.compile(r"#T_SP=([^|]*)(?:\|(.*))?")
TOKEN = re.compile(r"\d+-\d+(?:\.\d+)?")
VALUE = re.compile(r"(.*?)(?:\[(\d+)\])?")
BAR = re.compile(r"(?<!\\)\|")  # a bar in a label is written \|
FEATURES = ("value", "label", "entity", "identifier")


def read_webanno(file: TextFile) -> Iterator[Document]:
    """The document of a file: one, with the labels of its one span layer.

    Raises:
        UserError: when it has several span layers or features, or a token is not the text at its
            offsets.
    """
    lines = list(file.lines())
    features = feature_columns([line for line in lines if line.startswith("#T_")], file.name)
    value = next(
        (n for name in FEATURES for n, given in enumerate(features) if given == name), None
    )
    if value is None and len(features) != 1:
        raise UserError(
            f"{file.name}: the span features are {', '.join(features) or 'none'}; export one "
            "layer with one feature"
        )
    text = ""
    open_: dict[tuple[str, str], list[tuple[int, int]]] = {}
    tokens: list[tuple[int, int, str, str]] = []
    for number, line in enumerate(lines, 1):
        cells = line.split("\t")
        if not TOKEN.fullmatch(cells[0]):
            continue
        where = f"{file.name}, line {number}"
        span = re.fullmatch(r"(\d+)-(\d+)", cells[1]) if len(cells) > 3 else None
        if not span:
            raise UserError(
                f"{where}: no token of WebAnno TSV; write its number, offsets, text and label"
            )
        tokens.append((int(span[1]), int(span[2]), cells[2], where))
        if "." in cells[0]:
            raise UserError(f"{where}: an annotation inside a word; annotate whole words")
        for n, label in enumerate(BAR.split(cells[3 + (value or 0)])):
            found = VALUE.fullmatch(label)
            if found and found[1] not in ("", "_"):
                key = (unescaped(found[1]), found[2] or f"{number}.{n}")
                open_.setdefault(key, []).append((int(span[1]), int(span[2])))
    text = document_text(lines, tokens)
    mentions = []
    for (label, _), pieces in open_.items():
        start, end = min(pieces)[0], max(pieces)[1]
        units = text.encode("utf-16-le")
        stated = units[2 * start : 2 * end].decode("utf-16-le", "replace")
        mentions.append(Mention(start, end, "_" if label == "*" else label, stated))
    yield checked(Document(None, text, tuple(mentions), where=file.name))


def feature_columns(headers: list[str], name: str) -> list[str]:
    """The features of the span layer, in the order of their columns."""
    layers = [found for line in headers if (found := LAYER.fullmatch(line.strip()))]
    if len(layers) != 1 or len(headers) != 1:
        raise UserError(f"{name}: {len(headers)} layers; export one span layer alone")
    return (layers[0][2] or "").split("|")


def document_text(lines: list[str], tokens: list[tuple[int, int, str, str]]) -> str:
    """The tokens at their offsets. Gaps are filled from matching #Text lines, or else by spaces."""
    units = bytearray()
    for start, end, word, where in tokens:
        spelled = unescaped(word).encode("utf-16-le")
        if 2 * start < len(units) or len(spelled) != 2 * (end - start):
            raise UserError(f"{where}: the word {word!r} does not fill the offsets {start}-{end}")
        units += b" \0" * (start - len(units) // 2) + spelled
    joined = units.decode("utf-16-le")
    shown = "\n".join(unescaped(line[6:]) for line in lines if line.startswith("#Text="))
    same = shown[: len(joined)].split() == joined.split()
    return shown if same and len(shown) >= len(joined) else joined


def unescaped(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r"}.get(found[1], found[1]), text
    )
