"""The verbs that work on local documents. Nothing they read leaves this machine."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.model import parse_columns, write_figures
from corpusmith.cli.options import (
    ColumnNames,
    Encoding,
    Executor,
    JsonPath,
    Memory,
    Sbatch,
    Setup,
    Tasks,
    Workers,
    cluster_of,
)
from corpusmith.errors import UserError


def adapt(
    model: Annotated[str, typer.Argument(help="The folder of an entity model.")],
    documents: Annotated[
        list[str],
        typer.Option(
            help="A file or folder of documents without labels, or hf://datasets/ID@REVISION. "
            "Repeat for more."
        ),
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
    public_text: Annotated[
        str | None,
        typer.Option(
            help="The licence of hf:// documents, if the model may be published because of it."
        ),
    ] = None,
    json_file: JsonPath = None,
) -> None:
    """Adapt an entity model to documents without labels. The same command resumes a killed run."""
    from corpusmith.cli.display import adapted_lines
    from corpusmith.training.adapt.adapt import adapt as learn
    from corpusmith.training.adapt.adapt import known_of
    from corpusmith.training.adapt.private import create_private
    from corpusmith.training.adapt.settings import adapt_settings

    settings = adapt_settings(config, seed=seed)
    known = replace(known_of(corpus, parse_lists(lists or [])), licence=public_text)
    if names:  # before the work: a faulty path is no reason to lose it
        create_private(names)
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
        lines = [f"{count}\t{label}\t{name}" for name, label, count in adapted.new_names]
        names.write_text("\n".join(lines) + "\n", encoding="utf-8")


def review(
    model: Annotated[str, typer.Argument(help="The folder or Hub id of an entity model.")],
    out: Annotated[Path, typer.Option(help="The folder of the review, readable by you alone.")],
    documents: Annotated[
        list[Path] | None, typer.Option(help="A file or folder of documents. Repeat for more.")
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, help="Number of sentences to sample.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 42,
    label_studio: Annotated[
        bool, typer.Option("--label-studio", help="Write the tasks for Label Studio, and stop.")
    ] = False,
    read: Annotated[
        Path | None,
        typer.Option(help="Corrected sentences, such as an export of Label Studio: no page."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 0,
    train: Annotated[
        Path | None, typer.Option(help="Also train on the corrected sentences: the new model.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(help="With --train: a corpus folder, whose rows are mixed in.")
    ] = None,
    json_file: JsonPath = None,
) -> None:
    """Correct a random sample of sentences in the browser, and measure the model on them.

    The page answers on this machine only. The same command continues a review.
    """
    from corpusmith.training.adapt.documents import sample_sentences
    from corpusmith.training.adapt.settings import adapt_settings
    from corpusmith.training.data import load_corpus
    from corpusmith.training.review.learn import measure, train_on
    from corpusmith.training.review.sentences import CORRECTED, SENTENCES, Review, write_review
    from corpusmith.training.review.server import serve

    if documents and not read and not (out / SENTENCES).exists():
        settings = adapt_settings(sentences=sentences, seed=seed)
        count = write_review(model, sample_sentences(documents, settings), out)
        typer.echo(f"{out}: {count} sentences with the model's mentions")
    if label_studio:
        typer.echo(f"In Label Studio: paste {out / 'labels.xml'} as the interface, import")
        typer.echo(f"{out / 'tasks.json'}, correct, export JSON, then:")
        typer.echo(f"corpusmith review {model} --out {out} --read EXPORT.json")
        return
    corrected = read or out / CORRECTED
    if not read:
        serve(Review.of(out), typer.echo, port)
    if not corrected.exists():
        raise UserError(f"{corrected} does not exist: no sentence is corrected yet")
    figures = measure(model, corrected)
    write_figures(json_file, figures)
    low, high = figures["ci95"]
    typer.echo(
        f"{figures['sentences']} sentences corrected by a person, {figures['mentions']} mentions "
        f"(a tiny gold set): strict F1 {figures['strict_f1']:.1f} ({low:.1f} to {high:.1f}), "
        f"P {figures['precision']:.1f}, R {figures['recall']:.1f}"
    )
    if train:
        used = train_on(model, corrected, train, load_corpus(corpus) if corpus else None)
        typer.echo(
            f"{train}: trained on {used['sentences']} corrected sentences, and not measured: "
            "review other sentences for that, with another --seed and --out"
        )


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
            "of the relations alone triples (CSV), graphml or graph (node-link JSON); default by "
            "the suffix of --out."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file (for BRAT the folder) to write; default stdout.")
    ] = None,
    relations: Annotated[
        str | None, typer.Option(help="A relation model, to classify pairs of entities too.")
    ] = None,
    neighbours: Annotated[
        bool,
        typer.Option(
            "--neighbours", help="Also classify pairs of two sentences that follow each other."
        ),
    ] = False,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out entities with a lower score.")
    ] = 0.0,
    context: Annotated[
        bool,
        typer.Option(
            "--context",
            help="Add attributes to mentions of English text: negated, possible, hypothetical, "
            "historical, other_person.",
        ),
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
    threads: Annotated[
        int | None, typer.Option(min=1, help="Cores to use; with --executor one a task.")
    ] = None,
    assist: Annotated[
        list[str] | None,
        typer.Option(
            help="A list of names for a label, as LABEL=FILE, or the model's corpus folder: joins "
            "list and model by estimated precision. Repeat for more."
        ),
    ] = None,
    executor: Executor = None,
    tasks: Tasks = None,
    workers: Workers = 1,
    memory_gb: Memory = 2,
    sbatch: Sbatch = None,
    setup: Setup = None,
) -> None:
    """Extract entities from documents on this machine. The same command resumes a killed run."""
    from corpusmith.extraction.extract import ExtractorSettings
    from corpusmith.extraction.readers.read import Reading
    from corpusmith.extraction.run import Inputs, Output, extract_files, print_skipped
    from corpusmith.extraction.writers.formats import OF_RELATIONS

    output = Output.of(out, to)
    if relations is None and (neighbours or output.to in OF_RELATIONS):
        what = "--neighbours" if neighbours else f"--to {output.to}"
        raise UserError(f"{what} is for relations: give a relation model with --relations")
    inputs = Inputs(paths, Reading(format_, encoding, parse_columns(columns)), skip_bad)
    settings = ExtractorSettings(
        model, relations, threshold, neighbours, context, tuple(assist or ())
    )
    if executor is None:
        done = extract_files(settings.load(threads), inputs, output)
    else:
        spread = cluster_of(executor, workers, memory_gb, sbatch, setup)
        from corpusmith.extraction.scale.tasks import extract_at_scale

        done = extract_at_scale(settings, inputs, output, spread, tasks)
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
    written = write(dataset, to, out, chosen)
    for path, rows in written.rows.items():
        typer.echo(f"{path}: {rows} rows")
    for warning in written.warnings:
        typer.echo(f"warning: {warning}", err=True)
