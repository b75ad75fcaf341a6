"""The verbs that improve lists and corpora: grow, noise, outliers, aim, prompts search."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpusmith.cli.corpus import PREVIEWED
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
    from corpusmith.quality.growth.growth import Growth
    from corpusmith.quality.prompt_search import PromptCandidate

EXAMPLES = 6  # names that a line of `grow` shows
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


def grow(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="Path of a recipe of your own, as `new` writes it."),
    ],
    requests: Annotated[int, typer.Option(help="Number of requests to the teacher.")] = 60,
    apply: Annotated[
        bool, typer.Option("--apply", help="Add what NAME.grown.tsv has with use=yes.")
    ] = False,
    base_url: BaseUrl = None,
    model: TeacherModel = None,
    ledger: LedgerPath = None,
    concurrency: Annotated[int, typer.Option(help="Maximum requests in flight.")] = 64,
    prices: Prices = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print some prompts, requests, tokens and cost; send nothing.")
    ] = False,
) -> None:
    """Ask the teacher for more names for a recipe's list, and check them.

    Writes NAME.grown.tsv: frequent names, short and everyday forms, what looks like a name and
    isn't; for relation types also statements. Read it, edit its column `use`, and repeat the
    command with --apply. Without an endpoint, proposes names of the recorded sentences that ship.
    """
    from corpusmith.cli.display import LiveProgress, estimate_lines
    from corpusmith.corpus.generate import price_of
    from corpusmith.quality.growth import growth, lists
    from corpusmith.quality.growth.requests import growth_requests
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import AskLimits

    growing = lists.growing(recipe, model)
    if apply:
        typer.echo(applied_lines(recipe, growth.apply_growth(growing)))
        return
    price = price_of(growing.recipe, prices)
    limits = AskLimits(concurrency=concurrency, price=price, max_cost=max_cost)
    path = ledger or Path("runs") / growing.recipe.name / "growth.sqlite"
    with Ledger(path) as opened:
        if dry_run:
            planned = growth.growth_estimate(growing, requests, opened, limits)
            for request in growth_requests(growing, min(requests, PREVIEWED)):
                prompt = request.payload["messages"][-1]["content"]
                typer.echo(f"[{request.kind}] {prompt}")
            typer.echo(estimate_lines(growing.recipe, planned))
            return
        with LiveProgress() as show:
            found = growth.propose(
                growing, requests, opened, base_url=base_url, limits=limits, on_progress=show
            )
    typer.echo(growth_lines(recipe, path, found))


def growth_lines(recipe: str, ledger: Path, growth: "Growth") -> str:
    """What was proposed, by decision and reason with examples, and the next command."""
    from corpusmith.cli.display import money

    if growth.asked is None:
        lines = [
            "no endpoint is set (--base-url or OPENAI_BASE_URL): nothing was asked; names are "
            "those of recorded sentences"
        ]
    else:
        done = growth.asked
        failed = ", ".join(f"{count} {reason}" for reason, count in done.reasons)
        lines = [
            f"{ledger}: {done.before + done.answered} answered, {done.failed} failed"
            f"{f' ({failed})' if failed else ''}; cost {money(done.cost)}"
        ]
    used = sum(row.use for row in growth.rows)
    lines.append(
        f"{growth.file}: {len(growth.rows)} proposals, {used} with use=yes; "
        f"{growth.junk} parts of replies are no name"
    )
    for use, why, names in growth.summary():
        decision = "yes" if use else "no"
        lines.append(f"  {len(names):>5} {decision:<3} {why}: {', '.join(names[:EXAMPLES])}")
    quoted = shlex.quote(recipe)
    lines.append(f"next: edit the column `use`, then corpusmith grow {quoted} --apply")
    return "\n".join(lines)


def applied_lines(recipe: str, growth: "Growth") -> str:
    """What was added, the files that changed, and the next command."""
    if not growth.rows:
        return f"{growth.file}: nothing new with use=yes; no file was changed"
    lines = [
        f"added {len(names)} {why}: {', '.join(names[:EXAMPLES])}"
        for _, why, names in growth.summary()
    ]
    lines += [f"changed {path}" for path in growth.changed]
    return "\n".join([*lines, f"next: corpusmith generate {shlex.quote(recipe)} --dry-run"])


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
