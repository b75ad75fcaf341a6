"""The verbs for a user's documents: extract from them, and export a corpus for other trainers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.model import parse_columns
from corpusmith.cli.options import ColumnNames, Encoding
from corpusmith.errors import UserError


def extract(
    model: Annotated[str, typer.Argument(help="An entity model: a folder, or a Hub id.")],
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Files, folders, globs, URLs of fsspec, or - for stdin."
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            help="jsonl, csv, brat, pubtator, bioc, docbin, label-studio, html, parquet or conll; "
            "default by the suffix of --out."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file (for BRAT the folder) to write; default stdout.")
    ] = None,
    relations: Annotated[
        str | None, typer.Option(help="A relation model: judge the pairs of entities too.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out entities scored lower.")
    ] = 0.0,
    negation: Annotated[
        bool, typer.Option("--negation", help="Mark negated mentions, by NegEx (English).")
    ] = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--from", help="Format of the input where its name does not say it, such as lines."
        ),
    ] = None,
    columns: ColumnNames = "",
    encoding: Encoding = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="List documents that can't be read, and go on.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use.")] = None,
) -> None:
    """Extract entities from documents on this machine. The same command resumes a killed run."""
    from corpusmith.extraction.extract import Extractor
    from corpusmith.extraction.negation import Negation
    from corpusmith.extraction.readers.read import Reading
    from corpusmith.extraction.run import Output, extract_files, print_skipped

    output = Output.of(out, to)
    reading = Reading(format_, encoding, parse_columns(columns))
    annotate = [Negation()] if negation else []
    extractor = Extractor.from_pretrained(model, relations, threshold, annotate, threads=threads)
    done = extract_files(extractor, paths, output, reading, skip_bad)
    print_skipped(done.skipped, sys.stderr)
    typer.echo(
        f"{out or 'stdout'}: {done.mentions} mentions in {done.documents} documents"
        + (f"; {len(done.skipped)} left out" if done.skipped else ""),
        err=out is None,
    )


def export_corpus(
    dataset: Annotated[
        str, typer.Argument(help="A dataset folder, a Hub id, or a benchmark in any format.")
    ],
    to: Annotated[str, typer.Option(help="spacy, gliner, conll, brat, label-studio or flair.")],
    out: Annotated[Path, typer.Option(help="The folder to write, with a file or folder a split.")],
    splits: Annotated[str, typer.Option(help="Splits, by commas.")] = "train,validation,test",
) -> None:
    """Write a corpus in the format that another trainer reads."""
    from corpusmith.extraction.export_corpus import export_corpus as write

    chosen = [split for split in splits.split(",") if split]
    if not chosen:
        raise UserError("--splits names none: give train,validation,test or some of them")
    for path, rows in write(dataset, to, out, chosen).items():
        typer.echo(f"{path}: {rows} rows")
