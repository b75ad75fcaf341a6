"""The evidence of a recipe, reproduced from its answers without an LLM: report.json, a page, and pictures.

corpusmith report demo-disease --out runs/demo-disease/report
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpusmith.cards import figures, report_figures
from corpusmith.cards import report as page
from corpusmith.corpus.build import benchmarks_at_hand
from corpusmith.errors import UserError
from corpusmith.evidence import sentences as report_text
from corpusmith.evidence import students as report_students
from corpusmith.evidence.student_runs import Measured
from corpusmith.evidence.students import Plans, Students
from corpusmith.evidence.training_sets import Sources
from corpusmith.files import write_json
from corpusmith.hub import card_facts as facts
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import TrainingConfig, task_settings

TEXT = ("acceptance", "form", "unlabelled", "map", "memorisation")  # sections that train nothing
TRAINED = ("curve", "ablation", "baselines")
SECTIONS = (*TEXT, *TRAINED)
FILE = "report.json"
PROVENANCE = ("recipe", "title", "task", "fingerprint", "content_hash", "transcript_sha256", "corpusmith_version", "seed",
              "teacher", "splits")  # fmt: skip
Say = Callable[[str], None]


@dataclass
class Evidence:
    """What report.json holds so far. Each section is written as soon as it is known."""

    out: Path
    document: dict[str, Any]

    @classmethod
    def of(cls, out: Path, built: Mapping[str, Any]) -> "Evidence":
        """The facts of a build, and the sections that an earlier call wrote of the very same rows."""
        document = {key: built[key] for key in PROVENANCE if key in built} | {"sections": {}}
        if (out / FILE).exists():
            earlier = json.loads((out / FILE).read_text(encoding="utf-8"))
            if earlier.get("content_hash") == built["content_hash"]:
                document["sections"] = earlier["sections"]
        out.mkdir(parents=True, exist_ok=True)
        return cls(out, document)

    def keep(self, name: str, section: dict[str, Any], picture: bytes | None = None) -> None:
        self.document["sections"][name] = section
        (self.out / f"{name}.png").unlink(missing_ok=True)
        if picture is not None:
            (self.out / f"{name}.png").write_bytes(picture)
        write_json(self.document, self.out / FILE)


def report(
    recipe: str,
    out: Path,
    *,
    ledger: Path | None = None,
    benchmarks: Path | None = None,
    only: Sequence[str] = SECTIONS,
    seeds: Sequence[int] = (1, 2, 3),
    split: str = "dev",
    encoder: str = "embedded",
    settings: Mapping[str, Any] | None = None,
    changes: Sequence[str] = (),
    systems: Sequence[str] = report_students.SYSTEMS,
    beside: Sequence[str] = (),
    first: int = 100,
    zero_shot: Path | None = None,
    dry_run: bool = False,
    say: Say = print,
) -> dict[str, Any]:
    """Write `report.json`, `README.md` and pictures into `out`; returns what report.json holds.

    Sections that are not asked for stay as an earlier call wrote them, as long as the corpus is still the same. What
    needs real text is left out where none of the recipe's benchmarks is at hand.

    Args:
        ledger: where answers are; None takes the transcripts that ship with the recipe.
        benchmarks: folder of `{set}/{split}.jsonl`; None takes $CORPUSMITH_BENCHMARKS.
        only: names of sections.
        seeds: of the students; each is trained once with each.
        split: of the benchmark that students are measured on, the first of the recipe's benchmarks that has it.
        settings: of training, over those that `corpusmith run` uses for the task.
        changes: ids of ablations (`corpusmith.evidence.ablations`); none means all, or none where a recipe stands `beside`.
        systems: what the students of the baselines learn from: synthetic, gold, gold+synthetic.
        beside: other recipes, shipped or paths, as further lines of the ablation: what changes the prompts.
        first: accepted sentences at the first point of the learning curve.
        zero_shot: a predictions file for the split, of all rows or a part; None takes the one that ships, if any.
        dry_run: train nothing and say what would be trained.

    Raises UserError when there is nothing to build from, a library that a section needs is not installed, or `zero_shot`
    predicts no row of the split.
    """
    if unknown := sorted(set(only) - set(SECTIONS)):
        raise UserError(f"no section {', '.join(unknown)}: choose among {', '.join(SECTIONS)}")
    parsed, root = load_recipe(recipe), benchmarks_at_hand(benchmarks)
    with (
        tempfile.TemporaryDirectory(prefix="corpusmith-report-") as scratch,
        cache_below(Path(scratch)),
    ):
        work = Path(scratch)
        say(f"{parsed.name}: building the corpus")
        sources = Sources(ledger, root, out / "runs", encoder, dry_run)
        built = sources.corpus(recipe, work / "corpus")
        evidence = Evidence.of(out, built)
        corpus = facts.corpus(parsed.name, built, ())
        if not dry_run:
            text_sections(evidence, parsed, built, work, root, only, encoder, say)
        measured = benchmark_of(parsed, root, split)
        if set(only) & set(TRAINED) and measured is None:
            say(
                f"  {', '.join(TRAINED)} are left out: no {split} split of the recipe's benchmarks is at hand"
            )
        elif set(only) & set(TRAINED):
            config = TrainingConfig.from_dict(
                {**task_settings(parsed.task), **(settings or {}), "tracker": "none"}
            )
            name, folder = measured  # type: ignore[misc]  # None was sorted out above
            students = Students(
                parsed,
                work / "corpus",
                sources,
                work,
                Measured.read(name, folder, split),
                config,
                tuple(seeds),
                say,
            )
            plans = report_students.plan(students, only, first, changes, systems, beside, zero_shot)
            if dry_run:
                report_students.dry_run(students, plans)
            else:
                trained_sections(evidence, students, plans)
    if not dry_run:
        drawn = tuple(
            path.name
            for path in sorted(out.glob("*.png"))
            if path.stem in evidence.document["sections"]
        )
        told = page.ReportFacts(corpus, evidence.document["sections"], drawn, recipe)
        (out / "README.md").write_text(page.render(told), encoding="utf-8")
    return evidence.document


def text_sections(
    evidence: Evidence,
    recipe: Recipe,
    built: Mapping[str, Any],
    work: Path,
    root: Path | None,
    only: Sequence[str],
    encoder: str,
    say: Say,
) -> None:
    """What is read off the corpus without training."""
    pictures = figures.dataset_figures(facts.corpus(recipe.name, built, ()))
    if "acceptance" in only:
        evidence.keep("acceptance", report_text.acceptance(built), pictures.get("acceptance.png"))
    if "form" in only:
        evidence.keep("form", report_text.form(built), pictures.get("form.png"))
    shards = sorted((work / "corpus" / "data" / recipe.name).glob("*.parquet"))
    if "unlabelled" in only and recipe.task == "ner":
        train = [shard for shard in shards if shard.name.startswith("train")]
        evidence.keep("unlabelled", report_text.unlabelled(recipe, train))
    if not {"map", "memorisation"} & set(only):
        return
    real = report_text.real_sentences(recipe, root)
    if not real:
        say("  map and memorisation are left out: none of the recipe's benchmarks is at hand")
        return
    written = report_text.written_sentences(shards)
    embed = embedder(encoder)
    named = {"encoder": facts.encoder_title(encoder)}
    if "map" in only:
        say("  embedding sentences for the map")
        section, points = report_text.sentence_map(written, real, embed)
        evidence.keep("map", {**named, **section}, report_figures.sentence_map(*points))
    if "memorisation" in only:
        say("  looking for the nearest benchmark sentences")
        evidence.keep(
            "memorisation", {**named, **report_text.memorisation(built, written, real, embed)}
        )


def trained_sections(evidence: Evidence, students: Students, plans: Plans) -> None:
    """What students tell; the weights of each are thrown away once it was measured, its counts stay below `runs`."""
    task = students.recipe.task
    report_students.train(students, plans)
    if plans.curve:
        section = report_students.curve(students, plans)
        evidence.keep("curve", section, report_figures.curve(section, task))
    if plans.ablation:
        section = report_students.ablation(students, plans)
        evidence.keep(
            "ablation",
            section,
            report_figures.ablation(section, task) if len(section["rows"]) > 1 else None,
        )
    if plans.baselines is not None:
        evidence.keep("baselines", report_students.baselines(students, plans))


def benchmark_of(recipe: Recipe, root: Path | None, split: str) -> tuple[str, Path] | None:
    """(name, folder) of the first of the recipe's benchmarks that has the split at hand."""
    found = [
        (name, root / name)
        for name in recipe.benchmarks
        if root and (root / name / f"{split}.jsonl").exists()
    ]
    return (Path(found[0][0]).name, found[0][1]) if found else None


def embedder(encoder: str) -> Callable:
    """The function from sentences to vectors."""
    try:
        import sklearn  # noqa: F401  # before sentences are embedded for nothing

        from corpusmith.quality.embeddings import sentence_embedder
    except ImportError as error:
        raise UserError(
            f"the map needs {error.name}: pip install 'corpusmith[train,report]'"
        ) from None
    return sentence_embedder(encoder)


@contextmanager
def cache_below(folder: Path) -> Iterator[None]:
    """What `datasets` caches of sentences, real ones among them, goes with `folder`."""
    import datasets.config

    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = folder / "cache"
    try:
        yield
    finally:
        datasets.config.HF_DATASETS_CACHE = before
