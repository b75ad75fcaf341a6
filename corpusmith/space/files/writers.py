"""Write annotated texts as JSON Lines, CSV, BRAT standoff and spaCy's JSON."""

import csv
import json
import re
import zipfile
from bisect import bisect_right
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from corpusmith.space.markup import segments
from corpusmith.space.schema import Annotated

# The start of a cell that a spreadsheet computes, also behind white space and zero-width
# characters. A tab or a line end alone may start a formula.
FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060\ufeff]*[-=+@＝＋－＠]")

WORD_OR_SPACE = re.compile(r"\w+|[^\w\s]|\s+")


def write_all(documents: Sequence[Annotated], folder: Path) -> list[Path]:
    """Write one file for each format to `folder`, under fixed names."""
    writers = {
        "mentions.jsonl": write_jsonl,
        "mentions.csv": write_csv,
        "mentions-brat.zip": write_brat,
        "mentions-spacy.json": write_spacy,
    }
    for name, write in writers.items():
        write(documents, folder / name)
    return [folder / name for name in writers]


def write_jsonl(documents: Sequence[Annotated], path: Path) -> None:
    """Write one text on each line: `{"id", "text", "mentions"}`."""
    with path.open("w", encoding="utf-8") as lines:
        for document in documents:
            lines.write(json.dumps(document, ensure_ascii=False) + "\n")


def write_csv(documents: Sequence[Annotated], path: Path) -> None:
    """Write a row for each mention, for spreadsheets: with a byte order mark, without formulas."""
    columns = ["id", "start", "end", "label", "text", "score", "concept_id"]
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(columns)
        for document in documents:
            for mention in document["mentions"]:
                writer.writerow(
                    [
                        neutralise(cell)
                        for cell in ({**mention, "id": document["id"]}[c] for c in columns)
                    ]
                )


def neutralise(cell: object) -> object:
    """Put an apostrophe before a cell that a spreadsheet would compute (CWE-1236)."""
    return "'" + cell if isinstance(cell, str) and FORMULA.match(cell) else cell


def write_brat(documents: Sequence[Annotated], path: Path) -> None:
    """Write a .txt and an .ann for each text (https://brat.nlplab.org/standoff.html).

    A span that crosses a line end becomes fragments.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, document in enumerate(documents, 1):
            archive.writestr(f"{number:06}.txt", document["text"])
            archive.writestr(f"{number:06}.ann", "".join(brat_lines(document)))


def brat_lines(document: Annotated) -> list[str]:
    lines = []
    for number, mention in enumerate(document["mentions"], 1):
        pieces = list(re.finditer(r"[^\r\n]+", mention["text"]))
        at = mention["start"]
        fragments = [f"{at + piece.start()} {at + piece.end()}" for piece in pieces]
        text = " ".join(piece[0] for piece in pieces)
        lines.append(f"T{number}\t{mention['label']} {';'.join(fragments)}\t{text}\n")
        if mention["concept_id"]:
            lines.append(f"#{number}\tAnnotatorNotes T{number}\t{mention['concept_id']}\n")
    return lines


def write_spacy(documents: Sequence[Annotated], path: Path) -> None:
    """Write spaCy's JSON (https://spacy.io/api/data-formats#json-input) for `spacy convert`."""
    rows = [
        {
            "id": number,
            "paragraphs": [
                {
                    "raw": document["text"],
                    "sentences": [
                        {"tokens": tokens, "brackets": []} for tokens in spacy_sentences(document)
                    ],
                }
            ],
        }
        for number, document in enumerate(documents)
    ]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def spacy_sentences(document: Annotated) -> list[list[dict]]:
    """Tokens by sentence, with BILUO tags.

    One space belongs to the token before it, more white space is a token of its own, so that the
    tokens spell the text.
    """
    from corpusmith.inference import Entity, sentences

    text, mentions = document["text"], document["mentions"]
    entities = [Entity(m["start"], m["end"], m["label"], m["text"], m["score"]) for m in mentions]
    begins = [start for start, _ in sentences(text, entities)]
    found: list[list[dict]] = [[] for _ in begins]
    at, last, number = 0, None, count()
    for part, label in segments(text, mentions):
        inside: list[dict] = []
        for piece in WORD_OR_SPACE.findall(part):
            if last is not None and piece[0] == " " and not last["space"]:
                last["space"], at, piece = True, at + 1, piece[1:]
            if piece:
                last = {"id": next(number), "orth": piece, "space": False, "ner": "O"}
                found[bisect_right(begins, at) - 1].append(last)
                inside.append(last)
                at += len(piece)
        for position, token in enumerate(inside if label else ()):
            first, final = position == 0, position == len(inside) - 1
            token["ner"] = (
                f"{'U' if first and final else 'B' if first else 'L' if final else 'I'}-{label}"
            )
    return [tokens for tokens in found if tokens]
