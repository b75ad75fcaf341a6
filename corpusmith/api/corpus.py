"""Make a corpus: recipes, grow, generate, build, and the baselines that need no student."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.api.folder import Folder, PathName, parsed, path_or_none, recipe_file

if TYPE_CHECKING:
    from corpusmith.corpus.generate import Estimate
    from corpusmith.quality.growth.growth import Growth
    from corpusmith.recipe.schema import Recipe
    from corpusmith.teacher.limits import AskLimits
    from corpusmith.teacher.progress import Progress


def recipes() -> list[str]:
    """Names of the recipes that ship with corpusmith.

    >>> "demo-disease" in cs.recipes()
    True
    """
    from corpusmith.recipe.load import shipped_recipes

    return shipped_recipes()


def load_recipe(name_or_path: PathName) -> "Recipe":
    """Read and check a recipe.

    `generate`, `build`, `baseline` and `report` take a `Recipe` in place of its name. To change
    one, use `model_copy`.

    >>> recipe = cs.load_recipe("demo-disease")
    >>> recipe.labels, recipe.rows
    ({'Disease': 'disease'}, 600)
    >>> smaller = recipe.model_copy(update={"rows": 100})

    Raises:
        UserError: the file is missing or is no valid recipe.
    """
    from corpusmith.recipe.load import load_recipe as load

    return load(str(name_or_path))


def new_recipe(
    name: str,
    words: PathName,
    about: str = "",
    domain: str = "PubMed abstracts",
    folder: PathName = ".",
    model: str = "gpt-4o-mini",
) -> Path:
    """Write `{name}.yaml`, a recipe for an entity type, and beside it the word list, prepared for
    running text.

    >>> path = cs.new_recipe("medical-device", words="words.txt", about="devices, not drugs")
    >>> cs.load_recipe(path).labels
    {'MedicalDevice': 'words'}

    Args:
        name: the entity type, such as medical-device.
        words: a text file with one name a line; further names of the same thing follow a `|`.
        about: what counts as a mention and what doesn't: "organs and cells; not molecules".
        domain: the kind of text to imitate, such as "discharge summaries".
        folder: where the recipe is written.
        model: name of the LLM at the endpoint.

    Raises:
        UserError: the list is missing or too short, or the recipe exists.
    """
    from corpusmith.recipe.new.entities import new_recipe as new

    return new(name, Path(words), about, domain, Path(folder), model)


def grow(
    recipe: PathName,
    *,
    requests: int = 60,
    apply: bool = False,
    dry_run: bool = False,
    ledger: PathName | None = None,
    **asking: Any,
) -> "Growth | Estimate":
    """Ask an LLM for more names for a recipe's list, and check them.

    Writes `NAME.grown.tsv` beside the recipe. A person edits its column `use`; `apply=True` adds
    the names that have yes there. Without an endpoint nothing is sent: names come from recorded
    answers.
    Call it again after an interruption: an answered request is not sent, or paid for, twice.

    >>> growth = cs.grow("medical-device.yaml")
    >>> growth.file.name
    'medical-device.grown.tsv'
    >>> cs.grow("medical-device.yaml", apply=True).changed
    []

    Args:
        recipe: path of a recipe of your own, such as `new_recipe` writes.
        requests: the number of requests. A larger number keeps the earlier requests and adds more.
        apply: add the names; nothing is sent. A second time changes nothing.
        dry_run: send nothing and return the estimate of requests, tokens and cost.
        ledger: SQLite file; default `runs/{recipe}/growth.sqlite`.
        asking: `base_url`, `limits` and `on_progress`, as for `generate`; and `model`, in place of
            the recipe's.

    Raises:
        UserError: the recipe ships with corpusmith, the table exists already, or a line of it
            can't be read.
    """
    from corpusmith.quality.growth import growth
    from corpusmith.quality.growth.lists import growing
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import DEFAULT_LIMITS

    own = growing(str(recipe), asking.pop("model", None))
    if apply:
        return growth.apply_growth(own)
    limits = asking.pop("limits", None) or DEFAULT_LIMITS
    with Ledger(Path(ledger or Path("runs") / own.recipe.name / "growth.sqlite")) as opened:
        if dry_run:
            return growth.growth_estimate(own, requests, opened, limits)
        return growth.propose(own, requests, opened, limits=limits, **asking)


def generate(
    recipe: "Recipe | PathName",
    ledger: PathName | None = None,
    *,
    base_url: str | None = None,
    limits: "AskLimits | None" = None,
    dry_run: bool = False,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> "Progress | Estimate":
    """Send the requests of a recipe to an LLM, the teacher. The ledger keeps each answer.

    Call it again after an interruption: an answered request is not sent, or paid for, twice.

    >>> planned = cs.generate("demo-disease", ledger="ledger.sqlite", dry_run=True)
    >>> planned.requests
    600

    Args:
        ledger: SQLite file; default `runs/{recipe}/ledger.sqlite`.
        base_url: an OpenAI-compatible endpoint; default $OPENAI_BASE_URL.
        limits: concurrency, requests and tokens a minute, prices and budget.
        dry_run: send nothing and return the estimate of requests, tokens and cost.

    Raises:
        UserError: the endpoint can't be used.
    """
    from corpusmith.corpus import generate as asking
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import DEFAULT_LIMITS

    plan, limits = parsed(recipe), limits or DEFAULT_LIMITS
    with Ledger(Path(ledger or Path("runs") / plan.name / "ledger.sqlite")) as opened:
        if dry_run:
            return asking.estimate(plan, opened, price=limits.price)
        return asking.generate(
            plan, opened, base_url=base_url, limits=limits, on_progress=on_progress
        )


def build(
    recipe: "Recipe | PathName",
    out: PathName,
    *,
    ledger: PathName | None = None,
    benchmarks: PathName | None = None,
    noise: PathName | None = None,
    outliers: PathName | None = None,
) -> Folder:
    """Verify and filter the answers, and write the corpus as Parquet with features and splits.

    >>> corpus = cs.build("demo-disease", out="corpus")
    >>> corpus.facts["counts"]["answered"]
    600

    Args:
        out: the dataset folder to write.
        ledger: the answers; default the transcript that ships with the recipe.
        benchmarks: folder of `{set}/{split}.jsonl`, default $CORPUSMITH_BENCHMARKS; rows that share
            an n-gram with one are left out. Without a folder, only overlaps recorded for shipped
            answers are.
        noise: what `noise` wrote; rows that it flags as label noise are rejected.
        outliers: what `outliers` wrote; rows far from the others are rejected.

    Raises:
        UserError: no answer became a row.
    """
    from corpusmith.corpus.build import build as write
    from corpusmith.corpus.build import missing_splits
    from corpusmith.quality.second_build import vetoes_of

    vetoes = vetoes_of(parsed(recipe), path_or_none(noise), path_or_none(outliers))
    answers, root = path_or_none(ledger), path_or_none(benchmarks)
    with recipe_file(recipe) as name:
        facts = write(name, Path(out), answers, root, vetoes)
    if problem := missing_splits(facts):
        warnings.warn(problem, stacklevel=2)
    return Folder(Path(out), facts)


def baseline(
    system: str,
    recipe: "Recipe | PathName",
    benchmark: PathName,
    out: PathName,
    split: str = "test",
    **asking: Any,
) -> Path:
    """Predict with an untrained baseline, and write the predictions for `evaluate`.

    >>> found = cs.baseline("dictionary", "demo-disease", "benchmark", out="found.jsonl")
    >>> cs.evaluate(found, "benchmark")["strict_f1"]
    100.0

    Args:
        system: "dictionary" looks up the recipe's lexicons. For relations, "always-related"
            answers with the most requested type, and "cue-words" with the type whose cue word is
            nearest to the pair (docs/relations.md). "zero-shot" sends the text of the benchmark to
            the recipe's teacher.
        benchmark: a folder with `{split}.jsonl`.
        asking: for zero-shot: `i_may_send_this_text=True`, and if needed `ledger`, `base_url`
            and `sample`, the number of rows to ask about.

    Raises:
        UserError: there is no such system, or the text may not be sent.
    """
    plan, folder, file = parsed(recipe), Path(benchmark), Path(out)
    if system != "zero-shot":
        from corpusmith.evaluation.untrained.predictions import baseline_predictions

        return baseline_predictions(plan, folder, split, file, system)
    from corpusmith.quality.zero_shot import RowSample, ZeroShotTeacher, zero_shot_predictions
    from corpusmith.teacher.ledger import Ledger

    rows = RowSample(folder, split, asking.pop("sample", None))
    ledger = Path(asking.pop("ledger", None) or Path("runs") / plan.name / "zero-shot.sqlite")
    with Ledger(ledger) as opened:
        teacher = ZeroShotTeacher(plan.teacher.model, **asking)
        zero_shot_predictions(rows, file, opened, teacher, plan.relation)
    return file
