"""The verbs that make corpora better: noise."""

from pathlib import Path
from typing import Annotated

import typer


def noise(
    dataset: Annotated[str, typer.Argument(help="A dataset folder that `build` wrote, or a Hub id.")],
    out: Annotated[Path, typer.Option(help="The predictions to write (JSONL), for `build --noise`.")],
    folds: Annotated[int, typer.Option(help="Students to train, each judging the rows it never saw.")] = 3,
    encoder: Annotated[str, typer.Option(help="`embedded`, a folder, or a Hub id that AutoModel loads.")] = "embedded",
    config: Annotated[Path | None, typer.Option(help="YAML of training settings; see docs/training.md.")] = None,
) -> None:
    """Judge each row by a student that was not trained on it; a killed run goes on by the same command."""
    from publisher.cli_model import training_config
    from publisher.noise import out_of_fold

    done = out_of_fold(dataset, folds, encoder, training_config(config, None), out)
    scores = ", ".join(f"{score:.1f}" for score in done["scores"])
    typer.echo(f"{out}: {done['rows']} rows judged; validation {scores}; next: corpusmith build RECIPE --noise {out}")
