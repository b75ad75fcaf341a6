"""The verb `review`: a person corrects sentences, which then measure or train a model."""

from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.model import write_figures
from corpusmith.cli.options import JsonPath
from corpusmith.errors import UserError


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
