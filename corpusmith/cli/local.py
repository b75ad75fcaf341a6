"""The verbs that work on local documents. Nothing they read leaves this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.model import parse_columns, write_figures
from corpusmith.cli.options import ColumnNames, Encoding, JsonPath
from corpusmith.errors import UserError


def adapt(
    model: Annotated[str, typer.Argument(help="The folder of an entity model.")],
    documents: Annotated[
        list[Path],
        typer.Option(help="A file or folder of documents without labels. Repeat for more."),
    ],
    out: Annotated[Path, typer.Option(help="The model folder to write, readable by you alone.")],
    corpus: Annotated[
        str | None,
        typer.Option(help="The corpus folder of the model, for its list and synthetic rows."),
    ] = None,
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", help="A list of names for a label, as LABEL=FILE. Repeat for more."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML of settings; see docs/adapt.md.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of sampling and training.")] = None,
    names: Annotated[
        Path | None, typer.Option(help="Write the new names with counts here, for you alone.")
    ] = None,
    json_file: JsonPath = None,
) -> None:
    """Adapt an entity model to documents without labels. The same command resumes a killed run."""
    from corpusmith.cli.display import adapted_lines
    from corpusmith.training.adapt.adapt import adapt as learn
    from corpusmith.training.adapt.adapt import known_of
    from corpusmith.training.adapt.settings import adapt_settings

    settings = adapt_settings(config, seed=seed)
    known = known_of(corpus, parse_lists(lists or []))
    adapted = learn(model, documents, out, known, settings, typer.echo)
    write_figures(json_file, adapted.facts)
    for line in adapted_lines(adapted.facts):
        typer.echo(line)
    shown = adapted.new_names[:20]
    if shown:
        typer.echo("Most frequent mentions that the list lacks (shown here only; please check):")
    for name, label, count in shown:
        typer.echo(f"  {count:>5}  {label}  {name}")
    if names:
        names.touch(mode=0o600)
        lines = [f"{count}\t{label}\t{name}" for name, label, count in adapted.new_names]
        names.write_text("\n".join(lines) + "\n", encoding="utf-8")


def review(
    model: Annotated[str, typer.Argument(help="The folder or Hub id of an entity model.")],
    documents: Annotated[
        list[Path], typer.Option(help="A file or folder of documents. Repeat for more.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write, readable by you alone.")],
    sentences: Annotated[int, typer.Option(min=1, help="Number of sentences to sample.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 42,
) -> None:
    """Sample sentences for manual correction in Label Studio."""
    from corpusmith.training.adapt.documents import sample_sentences
    from corpusmith.training.adapt.review import write_review
    from corpusmith.training.adapt.settings import adapt_settings

    sample = sample_sentences(documents, adapt_settings(sentences=sentences, seed=seed))
    count = write_review(model, sample, out)
    typer.echo(f"{out / 'tasks.json'}: {count} sentences with the model's mentions")
    typer.echo(f"In Label Studio: paste {out / 'labels.xml'} as the interface, import the tasks,")
    typer.echo(f"correct, export JSON, then: corpusmith evaluate {model} EXPORT.json")


def parse_lists(given: list[str]) -> dict[str, str]:
    """`["Disease=words.txt"]` as a mapping. Raises UserError at anything else."""
    pairs = [text.partition("=") for text in given]
    if wrong := [label for label, _, source in pairs if not (label and source)]:
        raise UserError(f"--list {wrong[0]}: give LABEL=FILE, such as Disease=words.txt")
    return {label: source for label, _, source in pairs}


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
        str | None, typer.Option(help="A relation model, to classify pairs of entities too.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out entities with a lower score.")
    ] = 0.0,
    lexicon: Annotated[
        list[str] | None,
        typer.Option(
            help="A list of names that assists the model and gives concept ids, as LABEL=FILE, or "
            "FILE if the model has one label. Repeat for more labels."
        ),
    ] = None,
    negation: Annotated[
        bool, typer.Option("--negation", help="Mark negated mentions, by NegEx (English).")
    ] = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--from", help="Format of the input, if its name doesn't show it, such as lines."
        ),
    ] = None,
    columns: ColumnNames = "",
    encoding: Encoding = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip documents that can't be read, and list them.")
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
    extractor = Extractor.from_pretrained(
        model, relations, threshold, annotate, lexicon or (), threads=threads
    )
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
