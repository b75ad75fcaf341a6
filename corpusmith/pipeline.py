"""The whole way as one function: recipes to corpora, students, cards and a Space on a Hub, and the proof that they load.

    corpusmith run demo-disease demo-gene-disease --hub local

Every stage leaves files below `runs/`, and looks at what is there before it works: a run that was stopped anywhere goes
on by the same command, and one that was finished releases nothing.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.evaluation.dictionary import baseline_predictions
from corpusmith.files import read_json, write_json
from corpusmith.hub.collection import collect
from corpusmith.hub.loopback import PORT, hub_at, namespace_at
from corpusmith.hub.proof import prove
from corpusmith.hub.publish import About, publish
from corpusmith.hub.release import Release
from corpusmith.hub.repo import HubTarget
from corpusmith.hub.space_folder import stage_space
from corpusmith.processes import SAFE_PATH, module_command
from corpusmith.quality.second_build import Run as BuildRun
from corpusmith.quality.second_build import build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import task_settings

REPOSITORY = {"ner": "corpusmith-ner", "relations": "corpusmith-re"}
Say = Callable[[str], None]


@dataclass
class Run:
    """What a run made, as far as it came."""

    endpoint: str
    namespace: str
    datasets: dict[str, Release] = field(default_factory=dict)  # by recipe
    models: dict[str, Release] = field(default_factory=dict)
    space: Release | None = None
    evaluations: list[dict[str, Any]] = field(default_factory=list)


def run(
    recipes: Sequence[str],
    *,
    hub: str = "local",
    root: Path = Path("runs"),
    encoder: str = "embedded",
    ledger: Path | None = None,
    benchmarks: Path | None = None,
    public: bool = False,
    say: Say = print,
) -> Run:
    """Take each recipe all the way. `hub` is a URL, or "local" for a Hub of this machine that lives below `root`.

    Raises UserError when a stage cannot be done; what the stages before it made stays and is used by the next call.
    """
    parsed = [load_recipe(name) for name in recipes]
    with hub_at(hub, root / "hub") as endpoint:
        done = Run(endpoint, namespace_at(endpoint, hub))
        for name, recipe in zip(recipes, parsed, strict=True):
            say(f"\n{recipe.name}: {recipe.title}")
            corpus_and_student(done, name, recipe, root, encoder, ledger, benchmarks, public, say)
        folder = stage_space(root / "space", parsed)
        ner, relations = (
            tuple(versioned(done.models[recipe.name]) for recipe in parsed if recipe.task == task)
            for task in ("ner", "relations")
        )
        about = About(
            ner=ner,
            relations=relations,
            datasets=tuple(versioned(done.datasets[r.name]) for r in parsed),
        )
        done.space = publish(
            "space",
            folder,
            f"{done.namespace}/corpusmith",
            about=about,
            target=HubTarget(endpoint, private=not public),
        )
        say(released("space", done.space))
        releases = [*done.datasets.values(), *done.models.values(), done.space]
        say(
            f"  together  {collect(done.namespace, releases, target=HubTarget(endpoint, private=not public))}"
        )
        prove(
            endpoint,
            [(recipe, done.datasets[recipe.name], done.models[recipe.name]) for recipe in parsed],
            root,
            say,
        )
        say(what_next(done, hub, root))
    return done


def corpus_and_student(
    done: Run,
    name: str,
    recipe: Recipe,
    root: Path,
    encoder: str,
    ledger: Path | None,
    benchmarks: Path | None,
    public: bool,
    say: Say,
) -> None:
    """Build and release one corpus; train, measure and release one student."""
    home = root / recipe.name
    facts = build_twice(name, home / "dataset", BuildRun(home, encoder, ledger, benchmarks))
    counts = facts["counts"]
    say(
        f"  corpus    {counts['accepted']} rows accepted, {counts['rejected']} rejected of {counts['requests']} requests"
    )

    dataset = publish(
        "dataset",
        home / "dataset",
        f"{done.namespace}/{REPOSITORY[recipe.task]}",
        about=About(license=facts["license"], pretty_name=f"corpusmith {recipe.task}"),
        target=HubTarget(done.endpoint, private=not public),
    )
    done.datasets[recipe.name] = dataset
    say(released("dataset", dataset))

    source = f"{dataset.repo_id}:{recipe.name}@{dataset.version}"
    environment = environment_of(done.endpoint)
    model = home / "model"
    trained_on = {
        "rows": facts["content_hash"],
        "encoder": encoder,
        "settings": task_settings(recipe.task),
    }
    if read_json(home / "trained_on.json") != trained_on:
        (home / "trained_on.json").unlink(missing_ok=True)
        shutil.rmtree(model / "evaluation", ignore_errors=True)
        write_json(task_settings(recipe.task), home / "training.json")
        settings = ("--config", home / "training.json")
        command("train", source, "--encoder", encoder, "--out", model, *settings, env=environment)
        held_out = ("--benchmark", source, "--split", "validation")
        command("export", model, *held_out, "--json", model / "export.json", env=environment)
        write_json(trained_on, home / "trained_on.json")
    for predictor, benchmark, split in measurements(recipe, source, home, benchmarks):
        report = (
            model
            / "evaluation"
            / f"{benchmark_name(predictor, model)}{benchmark_name(benchmark, source)}-{split}.json"
        )
        if not report.exists():
            seen = ("--training", source) if recipe.task == "ner" and benchmark != source else ()
            command(
                "evaluate",
                predictor,
                benchmark,
                "--split",
                split,
                *seen,
                "--json",
                report,
                env=environment,
            )
        done.evaluations.append(json.loads(report.read_text(encoding="utf-8")))

    keep_report(home / "report" / "report.json", model, facts["content_hash"])
    done.models[recipe.name] = publish(
        "model",
        model,
        f"{done.namespace}/corpusmith-{recipe.name}-{encoder_name(encoder)}",
        about=About(
            license="apache-2.0", dataset=versioned(dataset), space=f"{done.namespace}/corpusmith"
        ),
        target=HubTarget(done.endpoint, private=not public),
    )
    say(released("model", done.models[recipe.name]))


def keep_report(report: Path, model: Path, content_hash: str) -> None:
    """Lay the corpus's report beside the model, whose card prints its baselines; one of other rows is none."""
    found = read_json(report)
    (model / "report.json").unlink(missing_ok=True)
    if found and found.get("content_hash") == content_hash:
        shutil.copy(report, model / "report.json")


def environment_of(endpoint: str) -> dict[str, str]:
    """What a stage in a process of its own is to know: the Hub, and that nobody watches its progress bars."""
    return {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}


def measurements(
    recipe: Recipe, source: str, home: Path, benchmarks: Path | None
) -> Iterator[tuple[Path, str, str]]:
    """(what predicts, what it is measured on, split): the student everywhere, the baseline beside it on real text."""
    yield home / "model", source, "test"
    if benchmarks is None:
        return
    for name in recipe.benchmarks:
        folder = benchmarks / name
        split = next(
            (split for split in ("test", "dev") if (folder / f"{split}.jsonl").exists()), None
        )
        if split:
            baseline = "dictionary" if recipe.task == "ner" else "always-related"
            predictions = baseline_predictions(
                recipe, folder, split, home / "baselines" / f"{baseline}.jsonl"
            )
            yield home / "model", str(folder), split
            yield predictions, str(folder), split


def command(*arguments: object, env: Mapping[str, str]) -> None:
    """Run a verb of the command line in a process of its own, as torch and the Hub's address are chosen at its start."""
    line = ["corpusmith", *map(str, arguments)]
    finished = subprocess.run(
        module_command("corpusmith", *line[1:]), env={**env, **SAFE_PATH}, check=False
    )
    if finished.returncode:
        raise UserError(
            f"`{' '.join(line)}` failed with status {finished.returncode}; its message stands above"
        )


def benchmark_name(where: object, plain: object) -> str:
    """Part of a report's file name: nothing for the student itself, `synthetic` for its own corpus, else the folder's."""
    if where == plain:
        return "synthetic" if isinstance(plain, str) else ""
    path = Path(str(where))
    return f"{path.stem}-" if path.suffix else path.name


def versioned(release: Release) -> str:
    return f"{release.repo_id}@{release.version}"


def encoder_name(encoder: str) -> str:
    """What a model's repo is called after: `minilm` for the embedded encoder, else the last part of its id."""
    return "minilm" if encoder == "embedded" else Path(encoder.partition("@")[0]).name.lower()


def released(kind: str, release: Release) -> str:
    shown = "; was private, is visible to everybody now" if release.shown else ""
    if release.state == "unchanged":
        return f"  {kind:<9} {release.repo_id} {release.version} stands unchanged: nothing was released{shown}"
    files = f"{len(release.changes)} files, one commit, one tag"
    return f"  {kind:<9} {release.repo_id} {release.version} {release.state}: {files}{shown}"


def what_next(done: Run, hub: str, root: Path) -> str:
    recipe, dataset = next(iter(done.datasets.items()))
    served = (
        ""
        if hub != "local"
        else f"  corpusmith hub serve --root {root / 'hub'}          # then, in another terminal:\n"
    )
    return (
        "\nWhat to type next\n"
        f"{served}"
        f"  export HF_ENDPOINT={done.endpoint if hub != 'local' else f'http://127.0.0.1:{PORT}'}\n"
        f"  python -c \"from datasets import load_dataset; print(load_dataset('{dataset.repo_id}', '{recipe}'))\"\n"
        f"  pip install -r {root / 'space' / 'requirements.txt'} && python {root / 'space' / 'app.py'}\n"
        "  corpusmith new my-entity --words words.txt   # a recipe of your own"
    )
