"""The verbs of evidence for a recipe: report, and the baselines that it shows."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from corpusmith.cli.options import BaseUrl, EncoderName, LedgerPath, RecipeName
from corpusmith.errors import UserError
from corpusmith.processes import silence_libraries


def report(
    recipe: RecipeName,
    out: Annotated[
        Path, typer.Option(help="The folder to write: report.json, README.md, pictures, runs.")
    ],
    only: Annotated[
        str, typer.Option(help="Sections to run, separated by commas; the others stay.")
    ] = "",
    seeds: Annotated[
        str, typer.Option(help="Seeds of the students, separated by commas.")
    ] = "1,2,3",
    split: Annotated[str, typer.Option(help="Benchmark split to evaluate on.")] = "dev",
    changes: Annotated[str, typer.Option(help="Ablations to run, separated by commas.")] = "",
    systems: Annotated[
        str,
        typer.Option(help="Baselines to train, by commas: synthetic, gold, gold+synthetic."),
    ] = "",
    beside: Annotated[
        str,
        typer.Option(help="Other recipes to add to the ablations, by commas: names or paths."),
    ] = "",
    epochs: Annotated[
        int | None, typer.Option(help="Number of epochs, in place of the run's.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML of training settings that override the run's.")
    ] = None,
    zero_shot: Annotated[
        Path | None, typer.Option(help="Zero-shot predictions of an LLM for the split (JSONL).")
    ] = None,
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            help="Predictions of the split, as adapted=FILE or assisted=FILE. Repeat, once a seed."
        ),
    ] = None,
    ledger: LedgerPath = None,
    encoder: EncoderName = "embedded",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the students to train, and train none.")
    ] = False,
) -> None:
    """Write the evidence of a recipe: acceptance, form, learning curve, ablation, baselines."""
    silence_libraries()
    try:
        from corpusmith.evidence.plans import SECTIONS, SYSTEMS, Choices
        from corpusmith.evidence.report import report as gather
        from corpusmith.quality.second_build import Run
        from corpusmith.training.config import read_training_settings
    except ImportError as error:
        raise UserError(
            f"a report needs {error.name}: pip install 'corpusmith[train,report]'"
        ) from None

    settings = read_training_settings(config)
    settings |= {"epochs": epochs} if epochs else {}
    choices = Choices(
        only=listed(only) or SECTIONS,
        seeds=numbers(seeds),
        split=split,
        changes=listed(changes),
        systems=listed(systems) or SYSTEMS,
        beside=listed(beside),
        zero_shot=zero_shot,
        predictions=predicted_files(predictions or []),
        dry_run=dry_run,
    )
    run = Run(out, encoder, ledger, settings=settings)
    gather(recipe, run, choices, say=lambda line: print(line, flush=True))
    if not dry_run:
        typer.echo(f"{out / 'README.md'}")


def baseline(
    system: Annotated[
        str, typer.Argument(help="dictionary (relations: always-related, cue-words) or zero-shot.")
    ],
    recipe: RecipeName,
    benchmark: Annotated[Path, typer.Argument(help="A benchmark folder with {split}.jsonl files.")],
    out: Annotated[Path, typer.Option(help="The predictions to write (JSONL), for `evaluate`.")],
    split: Annotated[str, typer.Option(help="The split to predict.")] = "test",
    base_url: BaseUrl = None,
    ledger: LedgerPath = None,
    i_may_send_this_text: Annotated[
        bool,
        typer.Option(
            "--i-may-send-this-text", help="zero-shot: consent to send the text to the endpoint."
        ),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="zero-shot: number of rows to sample, for `report --zero-shot`."),
    ] = None,
) -> None:
    """Predict without a student, by the recipe's lexicons or statements, or its teacher.

    zero-shot sends the text of the benchmark to the teacher.
    """
    from corpusmith.recipe.load import load_recipe

    parsed = load_recipe(recipe)
    if system != "zero-shot":
        from corpusmith.evaluation.untrained.predictions import baseline_predictions

        baseline_predictions(parsed, benchmark, split, out, system)
        following = ["corpusmith", "evaluate", str(out), str(benchmark), "--split", split]
        typer.echo(f"{out}: next: {shlex.join(following)}")
        return
    from corpusmith.quality.zero_shot import RowSample, ZeroShotTeacher, zero_shot_predictions
    from corpusmith.teacher.ledger import Ledger

    with Ledger(ledger or Path("runs") / parsed.name / "zero-shot.sqlite") as opened:
        teacher = ZeroShotTeacher(parsed.teacher.model, base_url, i_may_send_this_text)
        rows = RowSample(benchmark, split, sample)
        done = zero_shot_predictions(rows, out, opened, teacher, parsed.relation)
    typer.echo(
        f"{out}: {done['rows']} rows; {done['unusable']} of {done['requests']} answers unusable"
    )


def predicted_files(given: list[str]) -> tuple[tuple[str, Path], ...]:
    """`["adapted=a.jsonl"]` as pairs. Raises UserError at anything else."""
    pairs = [text.partition("=") for text in given]
    if wrong := [system for system, _, file in pairs if not (system and file)]:
        raise UserError(f"--predictions {wrong[0]}: give SYSTEM=FILE, such as adapted=dev.jsonl")
    return tuple((system, Path(file)) for system, _, file in pairs)


def listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def numbers(text: str) -> tuple[int, ...]:
    """Seeds from `1,2,3`. Raises UserError where one is no number, or where there is none."""
    found = listed(text)
    if not found or not all(part.isdigit() for part in found):
        raise UserError(f"--seeds {text}: give whole numbers by commas, such as 1,2,3")
    return tuple(dict.fromkeys(map(int, found)))
