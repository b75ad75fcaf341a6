"""The verbs that improve a corpus: noise, outliers, aim, prompts search."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpusmith.cli.options import (
    BaseUrl,
    ConfigFile,
    DatasetSource,
    EncoderName,
    LedgerPath,
    MaxCost,
    Prices,
    RecipeName,
    TeacherModel,
)

if TYPE_CHECKING:
    from corpusmith.quality.prompt_search import PromptCandidate

prompts_app = typer.Typer(help="Search for a better prompt.", no_args_is_help=True)


def noise(
    dataset: DatasetSource,
    out: Annotated[
        Path, typer.Option(help="The predictions to write (JSONL), for `build --noise`.")
    ],
    folds: Annotated[
        int, typer.Option(help="Folds of the cross-validation, one student each.")
    ] = 3,
    encoder: EncoderName = "embedded",
    config: ConfigFile = None,
) -> None:
    """Find label noise by cross-validation: out-of-fold predictions for each row.

    The same command resumes a killed run.
    """
    from corpusmith.cli.model import training_config
    from corpusmith.quality.label_noise import out_of_fold

    done = out_of_fold(dataset, folds, encoder, training_config(config, None), out)
    scores = ", ".join(f"{score:.1f}" for score in done["scores"])
    typer.echo(
        f"{out}: {done['rows']} rows judged; validation {scores}; "
        f"next: corpusmith build RECIPE --noise {out}"
    )


def outliers(
    dataset: DatasetSource,
    out: Annotated[
        Path, typer.Option(help="The distances to write (JSONL), for `build --outliers`.")
    ],
    encoder: EncoderName = "embedded",
) -> None:
    """Find outliers by embeddings, such as refusals, code or another language."""
    from corpusmith.quality.outliers import measure_distances

    rows = measure_distances(dataset, encoder, out)
    typer.echo(f"{out}: {rows} rows judged; next: corpusmith build RECIPE --outliers {out}")


@prompts_app.command("search")
def search_prompts(
    recipe: RecipeName,
    out: Annotated[
        Path | None, typer.Option(help="Where to write; default runs/RECIPE/prompts.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(help="Number of rounds; each starts from the best templates so far.")
    ] = 3,
    templates: Annotated[int, typer.Option(help="Templates that the LLM proposes per round.")] = 4,
    sentences: Annotated[int, typer.Option(help="Sentences per template.")] = 10,
    rank: Annotated[
        bool, typer.Option("--rank", help="Show each round and ask for a ranking.")
    ] = False,
    base_url: BaseUrl = None,
    model: TeacherModel = None,
    ledger: LedgerPath = None,
    prices: Prices = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print the number of requests; send nothing.")
    ] = False,
) -> None:
    """Let the teacher propose prompts, test each, and write the best to a prompt file."""
    from corpusmith.corpus import generate as asking
    from corpusmith.corpus.build import benchmarks_at_hand
    from corpusmith.quality.prompt_search import PromptSearch, keep
    from corpusmith.teacher.ledger import Ledger

    parsed = asking.resized(recipe, None, model)
    home = Path("runs") / parsed.name
    folder = out or home / "prompts"
    with Ledger(ledger or home / "prompt-search.sqlite") as opened:
        search = PromptSearch(
            parsed,
            opened,
            rounds,
            templates,
            sentences,
            base_url,
            asking.price_of(parsed, prices),
            max_cost,
            benchmarks_at_hand(None),
            ask_for_ranking if rank else None,
        )
        if dry_run:
            typer.echo(
                f"{parsed.name}: at most {search.most_requests} requests to "
                f"{parsed.teacher.model}; nothing was sent"
            )
            return
        typer.echo(f"slots {', '.join(sorted(search.slots))}; form compared with {search.source}")
        order = search.run(folder / "candidates", typer.echo)
        prompt, record = keep(search, order, folder)
    for entry in search.refused:
        typer.echo(f"{entry['id']:<5} refused: {entry['reason']}")
    if order[0].template is None:
        typer.echo(
            "no template is better than the recipe's own; the best new one was written all the same"
        )
    typer.echo(
        f"{prompt}: use it as `prompt: {prompt}` in a recipe; all templates and sentences: {record}"
    )


def ask_for_ranking(order: "Sequence[PromptCandidate]") -> list[str]:
    """Show every candidate with three of its sentences, and ask for a ranking by id."""
    from corpusmith.corpus.checks import CONTROL

    for candidate in order:
        typer.echo(f"\n{candidate.id}: {candidate.template or '(the prompt of the recipe)'}")
        for sentence in candidate.sentences[:3]:
            answer = CONTROL.sub("?", " ".join((sentence["answer"] or "").split()))
            reason = f" (rejected: {sentence['reason']})" if sentence["reason"] else ""
            typer.echo(f"    {answer}{reason}")
    known = {candidate.id for candidate in order}
    while True:
        chosen = typer.prompt(
            "Which are best? Their ids, the best first", default=order[0].id
        ).split()
        if set(chosen) <= known:
            return chosen
        typer.echo(f"the ids are {', '.join(sorted(known))}")


def aim(
    recipe: RecipeName,
    out: Annotated[
        Path, typer.Option(help="The recipe of the next round to write, such as NAME.round2.yaml.")
    ],
    predictions: Annotated[
        Path | None, typer.Option(help="Predictions written by `noise`.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A student, to predict the validation and test splits.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Training dataset of --model; default runs/RECIPE/dataset.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Number of requests in the next round.")] = 500,
) -> None:
    """Write a recipe with more requests where the first student is uncertain.

    No real label is used.
    """
    from corpusmith.quality.second_round import aim as aim_at
    from corpusmith.quality.second_round import most_doubted

    found = aim_at(recipe, out, rows, predicted=predictions, model=model, dataset=dataset)
    typer.echo(
        f"mean uncertainty {found.mean:.2f} over {found.overall.rows} rows; "
        "most uncertain groups, with their number of rows:"
    )
    for line in most_doubted(found):
        typer.echo(f"  {line}")
    typer.echo(
        f"{out}; next, with the ledger of the first round: "
        f"corpusmith generate {out} --ledger LEDGER --dry-run"
    )
