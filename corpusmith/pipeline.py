"""Run all stages: corpora, students, cards and a Space on a Hub, and a loading test.

    corpusmith run demo-disease demo-gene-disease --hub local

Each stage writes files below the run's folder and skips existing ones. So the same command resumes
a killed run, and a finished run releases nothing new.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from corpusmith.adaptation import adapt_student, benchmarks_of, check_documents
from corpusmith.corpus.build import missing_splits
from corpusmith.errors import UserError
from corpusmith.evaluation.untrained.predictions import baseline_predictions, untrained_systems
from corpusmith.files import read_json, write_json
from corpusmith.hub.collection import collect
from corpusmith.hub.folders.space import stage_space
from corpusmith.hub.loopback import PORT, hub_at, namespace_at, serving_port
from corpusmith.hub.proof import prove
from corpusmith.hub.publish import About, publish
from corpusmith.hub.release import Release
from corpusmith.hub.repo import HubTarget
from corpusmith.processes import environment, run_verbs
from corpusmith.quality.second_build import Run, build_twice
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import rule, task_settings

REPOSITORY = {"ner": "corpusmith-ner", "relations": "corpusmith-re"}
Say = Callable[[str], None]


@dataclass
class Released:
    """The releases and evaluations of a run so far."""

    target: HubTarget
    namespace: str
    datasets: dict[str, Release] = field(default_factory=dict)  # by recipe
    models: dict[str, Release] = field(default_factory=dict)  # by recipe
    space: Release | None = None
    evaluations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return str(self.target.endpoint)


def run_all(
    recipes: Sequence[str],
    run: Run,
    hub: str = "local",
    public: bool = False,
    say: Say = print,
    documents: Sequence[Path] = (),
) -> Released:
    """Run all stages for each recipe, and release one Space for all of them.

    Args:
        hub: a URL, or "local" for a Hub on this machine below `run.folder`.
        public: show what is released to everybody.
        documents: local documents. At the end, each entity model is adapted to them, in
            `run.folder/RECIPE/adapted`. Nothing that was learned from them is released.

    Raises:
        UserError: a stage failed. The results of earlier stages are kept for the next call.
    """
    parsed = [load_recipe(name) for name in recipes]
    check_documents(documents, parsed)
    with hub_at(hub, run.folder / "hub") as endpoint:
        target = HubTarget(endpoint, private=not public)
        done = Released(target, namespace_at(endpoint, hub))
        for name, recipe in zip(recipes, parsed, strict=True):
            say(f"\n{recipe.name}: {recipe.title}")
            one = replace(run, folder=run.folder / recipe.name)
            facts = build_twice(name, one.folder / "dataset", one)
            if problem := missing_splits(facts):
                raise UserError(problem)
            release_corpus(recipe, one, facts, done, say)
            train_and_measure(recipe, one, facts, done)
            release_student(recipe, one, facts, done, say)
        done.space = release_space(parsed, run.folder / "space", done)
        say(release_line("space", done.space))
        releases = [*done.datasets.values(), *done.models.values(), done.space]
        say(f"  together  {collect(done.namespace, releases, target=target)}")
        pairs = [(r, done.datasets[r.name], done.models[r.name]) for r in parsed]
        prove(endpoint, pairs, run.folder, say)
        for recipe in parsed if documents else ():
            if recipe.task == "ner":
                one = replace(run, folder=run.folder / recipe.name)
                adapt_student(recipe, one, documents, say)
        say(what_next(done, hub, run.folder))
    return done


def release_corpus(
    recipe: Recipe, run: Run, facts: Mapping[str, Any], done: Released, say: Say
) -> None:
    """Publish the dataset folder of a recipe."""
    counts = facts["counts"]
    say(
        f"  corpus    {counts['accepted']} rows accepted, {counts['rejected']} rejected "
        f"of {counts['requests']} requests"
    )
    done.datasets[recipe.name] = publish(
        "dataset",
        run.folder / "dataset",
        f"{done.namespace}/{REPOSITORY[recipe.task]}",
        about=About(pretty_name=f"corpusmith {recipe.task}"),
        target=done.target,
    )
    say(release_line("dataset", done.datasets[recipe.name]))


def train_and_measure(recipe: Recipe, run: Run, facts: Mapping[str, Any], done: Released) -> None:
    """Train a student on the released corpus, export it, and evaluate it.

    Trains again if the rows, the encoder or the settings have changed.
    """
    dataset = done.datasets[recipe.name]
    source = f"{dataset.repo_id}:{recipe.name}@{dataset.version}"
    model, env = run.folder / "model", environment(HF_ENDPOINT=done.endpoint)
    settings = {**task_settings(recipe.task), **run.settings}
    trained_on = {
        "rows": facts["content_hash"],
        "labels": facts["labels"],
        "encoder": run.encoder,
        "settings": settings,
        "rule": rule(recipe.task),
    }
    if read_json(run.folder / "trained_on.json") != trained_on:
        (run.folder / "trained_on.json").unlink(missing_ok=True)
        shutil.rmtree(model / "evaluation", ignore_errors=True)
        config = run.folder / "training.json"
        write_json(settings, config)
        options = ("--encoder", run.encoder, "--out", model, "--config", config)
        held_out = ("--benchmark", source, "--split", "validation")
        export = ("export", model, *held_out, "--json", model / "export.json")
        run_verbs([("train", source, *options), export], env=env)
        write_json(trained_on, run.folder / "trained_on.json")
    reports: list[Path] = []
    missing: list[tuple[object, ...]] = []
    for predictor, benchmark, split in measurements(recipe, run, source):
        name = evaluation_name(predictor, model) + evaluation_name(benchmark, source)
        reports.append(model / "evaluation" / f"{name}-{split}.json")
        if not reports[-1].exists():
            seen = ("--training", source) if recipe.task == "ner" and benchmark != source else ()
            options = (predictor, benchmark, "--split", split, *seen, "--json", reports[-1])
            missing.append(("evaluate", *options))
    run_verbs(missing, env=env)
    done.evaluations += [json.loads(report.read_text(encoding="utf-8")) for report in reports]


def release_student(
    recipe: Recipe, run: Run, facts: Mapping[str, Any], done: Released, say: Say
) -> None:
    """Publish the student of a recipe, with the baselines of the corpus's report, if any."""
    model = run.folder / "model"
    keep_report(run.folder / "report" / "report.json", model, facts["content_hash"])
    done.models[recipe.name] = publish(
        "model",
        model,
        f"{done.namespace}/corpusmith-{recipe.name}-{encoder_name(run.encoder)}",
        about=About(
            license="apache-2.0",
            dataset=versioned(done.datasets[recipe.name]),
            space=f"{done.namespace}/corpusmith",
        ),
        target=done.target,
    )
    say(release_line("model", done.models[recipe.name]))


def release_space(recipes: Sequence[Recipe], folder: Path, done: Released) -> Release:
    """Publish a Space for the students and corpora of the run."""
    models = {
        task: tuple(versioned(done.models[r.name]) for r in recipes if r.task == task)
        for task in REPOSITORY
    }
    datasets = tuple(versioned(done.datasets[recipe.name]) for recipe in recipes)
    return publish(
        "space",
        stage_space(folder, recipes),
        f"{done.namespace}/corpusmith",
        about=About(ner=models["ner"], relations=models["relations"], datasets=datasets),
        target=done.target,
    )


def keep_report(report: Path, model: Path, content_hash: str) -> None:
    """Copy the corpus's report beside the model, whose card prints its baselines.

    A report on other rows is not copied.
    """
    found = read_json(report)
    (model / "report.json").unlink(missing_ok=True)
    if found and found.get("content_hash") == content_hash:
        shutil.copy(report, model / "report.json")


def measurements(recipe: Recipe, run: Run, source: str) -> Iterator[tuple[Path, str, str]]:
    """(predictor, benchmark, split): the student on its corpus and benchmarks, and on benchmarks
    also the untrained baselines.
    """
    model = run.folder / "model"
    yield model, source, "test"
    for folder, split in benchmarks_of(recipe, run.benchmarks):
        yield model, str(folder), split
        for system in untrained_systems(recipe):
            file = run.folder / "baselines" / f"{folder.name}-{split}" / f"{system}.jsonl"
            yield baseline_predictions(recipe, folder, split, file, system), str(folder), split


def evaluation_name(where: object, plain: object) -> str:
    """Part of an evaluation's file name: "" for the student, `synthetic` for its own corpus."""
    if where == plain:
        return "synthetic" if isinstance(plain, str) else ""
    path = Path(str(where))
    return f"{path.stem}-" if path.suffix else path.name


def versioned(release: Release) -> str:
    return f"{release.repo_id}@{release.version}"


def encoder_name(encoder: str) -> str:
    """The encoder in a model's repo name: `minilm` for the embedded one, else its last part."""
    return "minilm" if encoder == "embedded" else Path(encoder.partition("@")[0]).name.lower()


def release_line(kind: str, release: Release) -> str:
    shown = "; it was private and is public now" if release.shown else ""
    name = f"  {kind:<9} {release.repo_id} {release.version}"
    if release.state == "unchanged":
        return f"{name} is unchanged: nothing was released{shown}"
    why = f"; {release.reason}" if release.reason else ""
    return f"{name} {release.state}: {len(release.changes)} files, one commit, one tag{why}{shown}"


def what_next(done: Released, hub: str, root: Path) -> str:
    """The commands to try after a run, as they can be typed in this folder."""
    recipe, dataset = next(iter(done.datasets.items()))
    command, python = as_typed("corpusmith"), as_typed("python")
    port = serving_port()
    where = f"--root {root / 'hub'}" + ("" if port == PORT else f" --port {port}")
    serve = f"  {command} hub serve {where}   # then, in another terminal:\n"
    local = hub == "local"
    load = f"load_dataset('{dataset.repo_id}', '{recipe}')"
    space = root / "space"
    requirements = space / "requirements.txt"
    return (
        "\nWhat to type next\n"
        f"{serve if local else ''}"
        f"  export HF_ENDPOINT={f'http://127.0.0.1:{port}' if local else done.endpoint}\n"
        f'  {python} -c "from datasets import load_dataset; print({load})"\n'
        f"  {python} -m pip install -r {requirements} && {python} {space / 'app.py'}\n"
        f"  {command} new my-entity --words words.txt   # a recipe of your own"
    )


def as_typed(program: str) -> str:
    """How to start a program of this environment: by name if it is on the PATH, else by path."""
    own = Path(sys.executable).with_name(program)
    found = shutil.which(program)
    if not own.exists() or (found and Path(found).samefile(own)):
        return program
    near = own.is_relative_to(Path.cwd())
    return str(own.relative_to(Path.cwd()) if near else own)
