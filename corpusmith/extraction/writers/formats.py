"""Names and suffixes of output formats."""

from collections.abc import Callable
from pathlib import Path
from typing import IO

from corpusmith.errors import UserError
from corpusmith.extraction.graph.network import write_graphml, write_node_link
from corpusmith.extraction.graph.triples import write_triples
from corpusmith.extraction.writers.streamed import (
    Documents,
    write_bioc,
    write_conll,
    write_csv,
    write_html,
    write_jsonl,
    write_label_studio,
    write_pubtator,
)
from corpusmith.extraction.writers.whole import write_brat, write_docbin, write_parquet

STREAMED: dict[str, Callable[[Documents, IO[str]], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "pubtator": write_pubtator,
    "bioc": write_bioc,
    "label-studio": write_label_studio,
    "html": write_html,
    "conll": write_conll,
    "triples": write_triples,
    "graphml": write_graphml,
    "graph": write_node_link,
}
"""Formats of one text file."""

OF_RELATIONS = ("triples", "graphml", "graph")
"""Formats that hold relations alone; they can't be read back as documents."""

WHOLE: dict[str, Callable[[Documents, Path], None]] = {
    "brat": write_brat,
    "docbin": write_docbin,
    "parquet": write_parquet,
}
"""Formats that need a path: a folder, or a file that is not text."""

SUFFIXES = {
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".pubtator": "pubtator",
    ".xml": "bioc",
    ".json": "label-studio",
    ".html": "html",
    ".conll": "conll",
    ".spacy": "docbin",
    ".parquet": "parquet",
    ".graphml": "graphml",
}


def format_of_output(out: Path | None, to: str | None) -> str:
    """The requested format, or else that of the suffix, or else JSON Lines."""
    known = [*STREAMED, *WHOLE]
    if to is not None and to not in known:
        raise UserError(f"no format {to!r}: one of {', '.join(known)}")
    if to is None and out is not None and out.suffix not in SUFFIXES:
        raise UserError(f"--out {out} names no format: add --to with one of {', '.join(known)}")
    return to or (SUFFIXES[out.suffix] if out is not None else "jsonl")
