"""Arguments and options that several verbs share, each defined once."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpusmith.errors import UserError

if TYPE_CHECKING:
    from corpusmith.cluster import Cluster

RecipeName = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="Name of a shipped recipe, or path of a YAML file."),
]
DatasetSource = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="A dataset folder, or a Hub id `id[:config][@revision]`."
    ),
]
LedgerPath = Annotated[
    Path | None,
    typer.Option("--ledger", help="The SQLite file with the teacher's answers."),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="OpenAI-compatible endpoint; default $OPENAI_BASE_URL.")
]
TeacherModel = Annotated[
    str | None, typer.Option(help="Model to ask for, in place of the recipe's.")
]
NumberOfRequests = Annotated[
    int | None, typer.Option(min=1, help="Number of requests, in place of the recipe's.")
]
Prices = Annotated[Path | None, typer.Option(help="TOML table of prices per million tokens.")]
MaxCost = Annotated[
    float | None, typer.Option(help="Stop before the cost exceeds this; resumable.")
]
EncoderName = Annotated[
    str, typer.Option(help="`embedded` (MiniLM), a folder, or a Hub id that AutoModel loads.")
]
ConfigFile = Annotated[
    Path | None, typer.Option(help="YAML file of training settings; see docs/training.md.")
]
HubAddress = Annotated[str | None, typer.Option(help="Address of a Hub; default $HF_ENDPOINT.")]
Public = Annotated[
    bool, typer.Option("--public", help="Make it visible to everybody; asks for confirmation.")
]
JsonPath = Annotated[
    Path | None, typer.Option("--json", help="Write all printed figures to this file.")
]
ColumnNames = Annotated[
    str,
    typer.Option(
        "--columns",
        help="Columns, as text=Note,id=Case; for CoNLL by number, as word=1,tag=3.",
    ),
]
Encoding = Annotated[
    str | None, typer.Option(help="Encoding of files that are not UTF-8, such as cp1252.")
]

# Work spread over tasks, with corpusmith[scale].
Executor = Annotated[
    str | None,
    typer.Option(help="local, ray or slurm: spread the work over tasks (corpusmith[scale])."),
]
Tasks = Annotated[int | None, typer.Option(min=1, help="Number of tasks, with --executor.")]
Workers = Annotated[int, typer.Option(min=1, help="Concurrent tasks, with --executor.")]
Memory = Annotated[
    int, typer.Option(min=1, help="Memory per task in GB, with --executor ray or slurm.")
]
Sbatch = Annotated[
    list[str] | None,
    typer.Option(help="With --executor slurm: an sbatch option, as partition=cpu; repeatable."),
]
Setup = Annotated[
    str | None,
    typer.Option(help="With --executor slurm: shell command that sets up `corpusmith` in a job."),
]


def cluster_of(
    executor: str, workers: int, memory_gb: int, sbatch: list[str] | None, setup: str | None
) -> "Cluster":
    """The cluster of the options. Raises UserError if it doesn't exist or can't be used here."""
    if executor not in ("local", "ray", "slurm"):
        raise UserError(f"no executor {executor!r}: local, ray or slurm")
    if executor != "slurm" and (sbatch or setup):
        raise UserError(f"--sbatch and --setup are for --executor slurm, not {executor}")
    if wrong := [option for option in sbatch or () if "=" not in option]:
        raise UserError(f"--sbatch {wrong[0]}: give NAME=VALUE, such as partition=cpu")
    for module, package in (
        ("datatrove", "corpusmith[scale]"),
        *([("ray", "ray")] if executor == "ray" else ()),
    ):
        if find_spec(module) is None:
            raise UserError(f"--executor {executor} needs {module}: pip install '{package}'")
    from corpusmith.cluster import Cluster

    given = {"setup": setup} if setup else {}
    options = dict(option.lstrip("-").split("=", 1) for option in sbatch or ())
    return Cluster(executor, workers, memory_gb, options, **given)  # type: ignore[arg-type]
