"""The verbs that work on local documents. Nothing they read leaves this machine."""

from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.model import write_figures
from corpusmith.cli.options import JsonPath
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
        typer.Option(help="The corpus folder of the model: gives the list and synthetic rows."),
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
        typer.echo("Most frequent mentions that the list lacks (shown here only; please judge):")
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
    sentences: Annotated[int, typer.Option(min=1, help="How many sentences to lay out.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 42,
) -> None:
    """Lay out a random sample of sentences for a person to correct in Label Studio."""
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
