"""The verbs that make and measure models: train, search, export, evaluate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpusmith.cli.options import (
    ColumnNames,
    ConfigFile,
    DatasetSource,
    EncoderName,
    Encoding,
    JsonPath,
)
from corpusmith.errors import UserError

if TYPE_CHECKING:
    from corpusmith.training.config import TrainingConfig


def train(
    dataset: DatasetSource,
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
    encoder: EncoderName = "embedded",
    epochs: Annotated[int | None, typer.Option(min=1, help="Number of epochs.")] = None,
    config: ConfigFile = None,
    seeds: Annotated[
        str,
        typer.Option(help="Seeds, separated by commas: keep the best model, report all."),
    ] = "",
    num_processes: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = 1,
) -> None:
    """Fine-tune an encoder on a corpus. The same command resumes a killed run.

    Epochs, learning rate, early stopping and the weight of O follow from the size of the corpus,
    unless --config or --epochs set them.
    """
    from corpusmith.cli.display import training_line
    from corpusmith.training.launch import train_in_processes, train_seeds

    chosen = training_config(config, epochs)
    numbers = parse_seeds(seeds)
    if num_processes > 1:
        report = train_in_processes(dataset, encoder, out, chosen, numbers, num_processes)
    else:
        report = train_seeds(
            dataset, encoder, out, chosen, numbers, lambda row: typer.echo(training_line(row))
        )
    best = report["best"]
    typer.echo(
        f"{out}: {best['metric']} {best['value']:.1f} on validation at epoch {best['epoch']:g}, "
        f"{report['seconds']:.0f} s"
    )
    if "seeds" in report:
        several = report["seeds"]
        typer.echo(
            f"{len(several['values'])} seeds: mean {several['mean']:.1f}, "
            f"deviation {several['stdev']:.1f}"
        )


def search(
    dataset: DatasetSource,
    out: Annotated[
        Path,
        typer.Option(help="The model folder to write; search.json lists the trials."),
    ],
    encoder: EncoderName = "embedded",
    trials: Annotated[
        int, typer.Option(min=1, help="Number of trials, of --first-epochs each.")
    ] = 20,
    finalists: Annotated[
        int, typer.Option(min=1, help="Number of best trials to train in full.")
    ] = 3,
    first_epochs: Annotated[int, typer.Option(min=1, help="Epochs of the first phase.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of the second phase.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML of the settings that are not searched.")
    ] = None,
    json_file: JsonPath = None,
) -> None:
    """Search hyper-parameters on the validation split and keep the best model.

    The same command resumes a killed search.
    """
    from corpusmith.cli.display import search_lines
    from corpusmith.training.search import SearchPlan
    from corpusmith.training.search import search as run_search

    plan = SearchPlan(trials, finalists, first_epochs)
    found = run_search(dataset, encoder, out, training_config(config, epochs), plan)
    write_figures(json_file, found)
    typer.echo(search_lines(found))


def export(
    model: Annotated[str, typer.Argument(help="A model folder that `train` wrote.")],
    benchmark: Annotated[
        str | None, typer.Option(help="Measure the loss of int8 on this benchmark.")
    ] = None,
    split: Annotated[str, typer.Option(help="The split to measure on.")] = "validation",
    json_file: JsonPath = None,
) -> None:
    """Write the ONNX files of a model, float32 and int8, for ONNX Runtime and browsers."""
    from corpusmith.cli.display import int8_loss
    from corpusmith.training.export import export as write_onnx

    figures = write_onnx(model, benchmark, split)
    write_figures(json_file, figures)
    sizes = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in figures["bytes"].items())
    typer.echo(f"{model}: {sizes}; {int8_loss(figures)}")


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A model folder, a Hub id, or a file of predictions.")
    ],
    benchmark: Annotated[
        str,
        typer.Argument(help="A file or folder in a format of docs/formats.md, or a Hub dataset."),
    ],
    split: Annotated[str, typer.Option(help="The split to measure on.")] = "test",
    training: Annotated[
        str | None,
        typer.Option(help="The training dataset, to score seen and unseen mentions separately."),
    ] = None,
    types: Annotated[
        str,
        typer.Option(help="Map the benchmark's types, as THEIRS=OURS,… Other types aren't scored."),
    ] = "",
    against: Annotated[
        str | None,
        typer.Option(help="Another model or predictions file, for a significance test."),
    ] = None,
    columns: ColumnNames = "",
    encoding: Encoding = None,
    assist: Annotated[
        str | None,
        typer.Option(help="Assist the model by a list: its corpus folder, or LABEL=FILE."),
    ] = None,
    json_file: JsonPath = None,
) -> None:
    """Evaluate a model or a predictions file, with intervals and an error table."""
    from corpusmith.cli.display import evaluation_lines
    from corpusmith.evaluation.assisted import predictor_of
    from corpusmith.evaluation.evaluate import compare
    from corpusmith.evaluation.evaluate import evaluate as measure
    from corpusmith.evaluation.loading import Options
    from corpusmith.extraction.readers.read import Reading

    renamed = parse_types(types)
    options = Options(Reading(encoding=encoding, columns=parse_columns(columns)))
    with predictor_of(model, assist, benchmark, split, options) as predictor:
        figures = measure(
            predictor, benchmark, split, training=training, types=renamed, options=options
        )
        if against:
            figures["against"] = compare(
                predictor, against, benchmark, split, types=renamed, options=options
            )
    figures["model"] = model
    write_figures(json_file, figures)
    typer.echo(evaluation_lines(figures))


def training_config(file: Path | None, epochs: int | None) -> "TrainingConfig":
    """Read settings from a YAML file; `epochs` overrides the file's. Raises UserError at bad
    input."""
    from corpusmith.training.config import TrainingConfig, read_training_settings

    settings = read_training_settings(file)
    return TrainingConfig.from_dict({**settings, **({"epochs": epochs} if epochs else {})})


def parse_seeds(text: str) -> list[int]:
    """`1,2,3` as numbers. Raises UserError at anything else."""
    try:
        return [int(seed) for seed in text.split(",") if seed]
    except ValueError as error:
        raise UserError(f"--seeds {text}: give whole numbers, by commas, such as 1,2,3") from error


def parse_types(text: str) -> dict[str, str] | None:
    """`A=B,C=B` as a mapping; None of an empty text. Raises UserError at anything else."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    if any(not (theirs and ours) for theirs, _, ours in pairs):
        raise UserError(
            f"--types {text}: give THEIRS=OURS, by commas, "
            "such as SpecificDisease=Disease,Modifier=Disease"
        )
    return {theirs: ours for theirs, _, ours in pairs} or None


def parse_columns(text: str) -> dict[str, str]:
    """`word=1,tag=3` as a mapping. Raises UserError at anything else."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    if any(not (ours and theirs) for ours, _, theirs in pairs):
        raise UserError(
            f"--columns {text}: give WHAT=COLUMN, by commas, such as text=Note,id=Case or "
            "word=1,tag=3"
        )
    return {ours: theirs for ours, _, theirs in pairs}


def write_figures(path: Path | None, figures: dict[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(
            json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        partial.replace(path)
