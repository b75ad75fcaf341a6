"""The verbs that make and measure models: train, export, evaluate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

JsonPath = Annotated[Path | None, typer.Option("--json", help="Write every figure that is printed to this file.")]


def train(
    dataset: Annotated[str, typer.Argument(help="A dataset folder, or a Hub id `id[:config][@revision]`.")],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
    encoder: Annotated[str, typer.Option(help="`embedded`, a folder, or a Hub id that AutoModel loads.")] = "embedded",
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of training settings; see docs/training.md.")] = None,
    seeds: Annotated[
        str, typer.Option(help="Several seeds, by commas: the best model is kept, all are reported.")
    ] = "",
    num_processes: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
) -> None:
    """Fine-tune an encoder on a corpus; a killed run goes on by the same command."""
    import yaml

    from publisher.display import training_line
    from training.config import TrainingConfig
    from training.launch import launch

    settings = yaml.safe_load(config.read_text(encoding="utf-8")) if config else {}
    chosen = TrainingConfig.from_dict({**settings, **({"epochs": epochs} if epochs else {})})
    numbers = [int(seed) for seed in seeds.split(",") if seed]
    report = launch(dataset, encoder, out, chosen, numbers, num_processes, lambda row: typer.echo(training_line(row)))
    best = report["best"]
    typer.echo(
        f"{out}: {best['metric']} {best['value']:.1f} on validation at epoch {best['epoch']:g}, {report['seconds']:.0f} s"
    )


def export(
    model: Annotated[str, typer.Argument(help="A model folder that `train` wrote.")],
    benchmark: Annotated[str | None, typer.Option(help="Measure what int8 costs, on this benchmark.")] = None,
    split: Annotated[str, typer.Option(help="The split to measure on.")] = "validation",
    json_file: JsonPath = None,
) -> None:
    """Write the ONNX files of a model, float32 and int8, where browsers and ONNX Runtime look for them."""
    from training.export import export as write_onnx

    figures = write_onnx(model, benchmark, split)
    write_figures(json_file, figures)
    sizes = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in figures["bytes"].items())
    lost = f"; int8 loses {figures['lost']:.2f} F1" if "lost" in figures else ""
    typer.echo(f"{model}: {sizes}{lost}")


def evaluate(
    model: Annotated[str, typer.Argument(help="A model folder, a Hub id, or a file of predictions (JSONL).")],
    benchmark: Annotated[str, typer.Argument(help="A benchmark folder, a dataset folder, or a Hub id.")],
    split: Annotated[str, typer.Option(help="The split to measure on.")] = "test",
    json_file: JsonPath = None,
) -> None:
    """Measure a model, or anybody's predictions, with intervals and an error table."""
    from publisher.display import evaluation_lines
    from training.evaluate import evaluate as measure

    figures = measure(model, benchmark, split)
    write_figures(json_file, figures)
    typer.echo(evaluation_lines(figures))


def write_figures(path: Path | None, figures: dict[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
