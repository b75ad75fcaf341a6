"""Build the dataset folder of a recipe: Parquet with features and splits, rejects, build.json."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from corpusmith.corpus.benchmarks import benchmark_splits, benchmark_texts
from corpusmith.corpus.counts import Counts
from corpusmith.corpus.filters.leakage import leakage_of
from corpusmith.corpus.measure.form import form
from corpusmith.corpus.measure.measures import measure_rows
from corpusmith.corpus.rows import RowWriter, class_names
from corpusmith.corpus.veto import Veto
from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.recipe.fingerprint import content_hash, fingerprint, portable
from corpusmith.recipe.load import load_recipe, recipe_path
from corpusmith.recipe.lookup import LOCAL_RECIPE
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.prompt import prompt_path, prompt_text
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import existing_ledger
from corpusmith.teacher.prices import Price
from corpusmith.teacher.transcript import (
    answered_by_transcript,
    transcript_header,
    transcript_path,
)

SPLITS = ("train", "validation", "test")


def build(
    recipe: str,
    out: Path,
    ledger: Path | None = None,
    benchmarks: Path | None = None,
    vetoes: Sequence[Veto] = (),
) -> dict[str, Any]:
    """Build the corpus of `recipe` into the dataset folder `out`; return the content of build.json.

    Args:
        ledger: the answers; None takes the transcript that ships with the recipe.
        benchmarks: folder of `{set}/{split}.jsonl`; rows that share an n-gram with one are left
            out. None takes $CORPUSMITH_BENCHMARKS.
        vetoes: rows to reject, as `corpusmith.quality` finds them.

    Raises:
        UserError: there is nothing to build from.
    """
    parsed = load_recipe(recipe)
    root = benchmarks_at_hand(benchmarks)
    with tempfile.TemporaryDirectory(prefix="corpusmith-") as scratch:
        work = Path(scratch)
        writer = RowWriter(parsed, work / "rows", vetoes)
        with existing_ledger(ledger or answered_by_transcript(parsed, work)) as opened:
            writer.write(opened, leakage_of(parsed, root))
            models = opened.models()
        if not writer.counts.accepted:
            raise no_rows(recipe, parsed.teacher.model, writer.counts, models)
        rows = {split: writer.work / f"{split}.jsonl" for split in (*SPLITS, "rejected")}
        write_splits(parsed, rows, out, work)
        figures = measured(parsed, rows, out, root)
        facts = facts_of(parsed, writer.plan, writer.counts, figures, root)
    for veto in vetoes:
        rejected = writer.counts.rejected_by_reason[veto.reason]
        facts[veto.name] = {**veto.facts, "rejected": rejected}
    keep_sources(parsed, recipe, out)
    write_json(facts, out / "build.json")
    return facts


def no_rows(recipe: str, model: str, counts: Counts, models: Mapping[str, int]) -> UserError:
    """The error for a corpus without rows, with the cause and the command that helps."""
    if counts.rejected:
        reasons = counts.rejected_by_reason.most_common(3)
        shown = ", ".join(f"{count} {reason}" for reason, count in reasons)
        return UserError(
            f"{recipe}: none of {counts.rejected} answers became a row ({shown}): "
            "change the recipe, its prompt or the model"
        )
    if model in models:
        return UserError(
            f"{recipe}: the ledger holds {models[model]} answers of {model}, but none to a request "
            "of this recipe, which was changed after they were asked for: restore the recipe to "
            f"build from them, or run `corpusmith generate {recipe}` (--dry-run tells the cost)"
        )
    if models:
        held = ", ".join(f"{count} answers of {name}" for name, count in models.items())
        return UserError(
            f"{recipe}: the ledger holds no answer of {model}, but {held}: give --model "
            f"{next(iter(models))} (or, where that is the model, the recipe that was asked)"
        )
    return UserError(
        f"{recipe}: the ledger holds no answer; run `corpusmith generate {recipe}` first"
    )


def missing_splits(facts: Mapping[str, Any]) -> str | None:
    """Names the splits without a row, and the remedy; None if each split has rows."""
    missing = [split for split in SPLITS if split not in facts["splits"]]
    if not missing:
        return None
    return (
        f"{facts['recipe']}: no row fell into the {' and the '.join(missing)} split, so that no "
        "student can be trained and measured. One name in ten belongs to each of validation and "
        "test: raise `rows` in the recipe, give --rows to generate and build, or add names to "
        "the word list"
    )


def benchmarks_at_hand(given: Path | None) -> Path | None:
    """The folder given, else that of $CORPUSMITH_BENCHMARKS, if any."""
    default = os.environ.get("CORPUSMITH_BENCHMARKS")
    return given or (Path(default) if default else None)


def write_splits(recipe: Recipe, rows: dict[str, Path], out: Path, work: Path) -> None:
    """Replace `data/{recipe}/{split}-*.parquet` and the recipe's split of `data/rejected`."""
    from corpusmith.corpus.parquet import (  # `datasets` takes a second to import
        NerBuilder,
        RejectBuilder,
        RelationBuilder,
        RowsBuilder,
        write_shards,
    )

    name = recipe.name
    builder_class: type[RowsBuilder] = NerBuilder if recipe.task == "ner" else RelationBuilder
    classes = tuple(class_names(recipe))
    splits = {
        split: path for split, path in rows.items() if split != "rejected" and path.stat().st_size
    }
    target = out / "data" / name
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if splits:
        builder = builder_class(
            cache_dir=str(work / "cache"), config_name=name, class_names=classes, rows=splits
        )
        shutil.move(write_shards(builder, work / "data"), target)

    rejected = name.replace("-", "_")
    for old in (out / "data" / "rejected").glob(f"{rejected}-*.parquet"):
        old.unlink()
    if rows["rejected"].stat().st_size:
        rejects = RejectBuilder(
            cache_dir=str(work / "cache"), config_name=name, rows={rejected: rows["rejected"]}
        )
        (out / "data" / "rejected").mkdir(parents=True, exist_ok=True)
        for path in write_shards(rejects, work / "rejects").iterdir():
            shutil.move(path, out / "data" / "rejected" / path.name)


def keep_sources(recipe: Recipe, name_or_path: str, out: Path) -> None:
    """Write the resolved recipe and its prompt template.

    recipe.yaml names files without their folders, as it may be published. `LOCAL_RECIPE` has their
    paths on this machine; it is hidden, so no release holds it.
    """
    import yaml

    folder = out / "recipes" / recipe.name
    (folder / "prompts").mkdir(parents=True, exist_ok=True)
    header = f"# {recipe_path(name_or_path).name} as it was resolved for this corpus\n"
    written = yaml.safe_dump(portable(recipe), sort_keys=False, allow_unicode=True, width=120)
    (folder / "recipe.yaml").write_text(header + written, encoding="utf-8")
    write_json(recipe.model_dump(mode="json"), folder / LOCAL_RECIPE)
    shutil.copy(prompt_path(recipe.prompt), folder / "prompts")


def measured(recipe: Recipe, rows: dict[str, Path], out: Path, root: Path | None) -> dict[str, Any]:
    """The facts that take a pass over the rows."""
    rows = {split: rows[split] for split in SPLITS}
    measures = measure_rows(rows, root)
    for split, figures in measures.splits.items():
        files = (out / "data" / recipe.name).glob(f"{split}-*.parquet")
        figures["bytes"] = sum(file.stat().st_size for file in files)
    return {
        **measures.figures(audited=root is not None),
        "content_hash": content_hash({split: [path.open("rb")] for split, path in rows.items()}),
    }


def facts_of(
    recipe: Recipe, plan: Plan, counts: Counts, measured: dict[str, Any], root: Path | None
) -> dict[str, Any]:
    """The content of `build.json`; docs/recipes.md explains each key."""
    text = prompt_text(recipe.prompt)
    facts: dict[str, Any] = {
        "recipe": recipe.name,
        "title": recipe.title,
        "task": recipe.task,
        "language": recipe.language,
        "domain": recipe.domain,
        "license": recipe.license,
        "labels": class_names(recipe),
        "masks_words": "mask" in (recipe.verify.unasked, recipe.verify.missing_seed),
        "near_duplicates": recipe.filters.near_duplicates,
        "borrowed_requests": plan.borrowed_count,
        "lenders": list(recipe.borrow),
        "lending_teachers": lending_teachers(plan),
        "corpusmith_version": version("corpusmith"),
        "seed": recipe.seed,
        "teacher": recipe.teacher.model_dump(
            mode="json", include={"model", "license", "parameters"}
        ),
        "prompts": [
            {
                "name": prompt_path(recipe.prompt).stem,
                "text": text,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
        ],
        "prompt_example": plan.request(0).payload["messages"],
        "lexicons": lexicon_facts(plan),
        "counts": {
            "requests": counts.requests,
            "answered": counts.accepted + counts.rejected,
            "accepted": counts.accepted,
            "rejected": counts.rejected,
            "failed": counts.failed,
            "pending": counts.pending,
            "borrowed_unanswered": counts.borrowed_unanswered,
        },
        "rejected_by_reason": dict(counts.rejected_by_reason.most_common()),
        "filtered_by_reason": dict(counts.filtered_by_reason.most_common()),
        "added_by_augmentation": dict(counts.added_by_augmentation),
        "usage": {
            **{f"{kind}_tokens": 0 for kind in ("prompt", "completion", "cached")},
            **counts.usage,
            "cost": cost_of(recipe, counts.usage),
            "currency": "USD" if recipe.teacher.price else None,
        },
        "fingerprint": fingerprint(recipe, plan.lexicons),
        **measured,
    }
    if transcript_path(recipe).exists():
        facts["transcript_sha256"] = transcript_header(transcript_path(recipe))["sha256"]
    if root is not None:
        sets = {
            name: path
            for name, path in benchmark_splits(root).items()
            if benchmark_set(path) in recipe.benchmarks
        }
        facts["reference_statistics"] = {
            name: form(benchmark_texts(path)) for name, path in sets.items()
        }
    return facts


def lending_teachers(plan: Plan) -> list[dict[str, Any]]:
    """Model and licence of the other teachers whose answers a recipe borrows."""
    own = plan.recipe.teacher.model
    lent = [lender.recipe.teacher for lender in plan.lenders]
    known = dict.fromkeys((one.model, one.license) for one in lent if one.model != own)
    return [{"model": model, "license": license} for model, license in known]


def benchmark_set(path: Path) -> str:
    """`ner/ncbi_disease` of `…/ner/ncbi_disease/dev.jsonl`, as recipes name it."""
    return f"{path.parent.parent.name}/{path.parent.name}"


def lexicon_facts(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": lexicon.name,
            "version": lexicon.version,
            "license": lexicon.license,
            "attribution": lexicon.attribution,
            "concepts": len(lexicon.concepts),
            "names": lexicon.name_count,
        }
        for lexicon in plan.lexicons.values()
    ]


def cost_of(recipe: Recipe, usage: dict[str, int]) -> float | None:
    """The cost in the currency of the price table; None if the price is unknown."""
    if recipe.teacher.price is None:
        return None
    price = Price.from_table(recipe.teacher.price)
    return round(
        price.cost(usage["prompt_tokens"], usage["completion_tokens"], usage["cached_tokens"]), 4
    )
