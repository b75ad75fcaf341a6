"""Reproduce the evidence of a recipe from its recorded answers, without an LLM.

    corpusmith report demo-disease --out runs/demo-disease/report

Writes a page (README.md), pictures, and report.json with every figure.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.cards import figures, report_figures
from corpusmith.cards import report as page
from corpusmith.corpus.build import benchmarks_at_hand
from corpusmith.errors import UserError
from corpusmith.evidence import plans as planning
from corpusmith.evidence import sections, sentences
from corpusmith.evidence.plans import TRAINED, Choices, Plans
from corpusmith.evidence.student_runs import Measured
from corpusmith.evidence.students import Students
from corpusmith.evidence.training_sets import Sources
from corpusmith.files import write_json
from corpusmith.hub import card_facts
from corpusmith.hub.folders.model import encoder_title
from corpusmith.quality.second_build import Run
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.training.config import TrainingConfig, task_settings

FILE = "report.json"
PROVENANCE = (
    *("recipe", "title", "task", "fingerprint", "content_hash", "transcript_sha256"),
    *("corpusmith_version", "seed", "teacher", "splits"),
)
DEFAULT_CHOICES = Choices()
Say = Callable[[str], None]


@dataclass
class Evidence:
    """The content of report.json so far. Each section is written as soon as it is ready."""

    out: Path
    document: dict[str, Any]

    @classmethod
    def of(cls, out: Path, built: Mapping[str, Any]) -> "Evidence":
        """The facts of a build, and the sections that an earlier call wrote for the same rows."""
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

    def write_page(self, recipe: str, corpus: Any) -> None:
        """Write README.md over all sections."""
        pictures = sorted(self.out.glob("*.png"))
        drawn = tuple(path.name for path in pictures if path.stem in self.document["sections"])
        facts = page.ReportFacts(corpus, self.document["sections"], drawn, recipe)
        (self.out / "README.md").write_text(page.render(facts), encoding="utf-8")


def report(
    recipe: str, run: Run, choices: Choices = DEFAULT_CHOICES, say: Say = print
) -> dict[str, Any]:
    """Write `report.json`, `README.md` and pictures into `run.folder`; returns report.json.

    Other sections keep what an earlier call wrote, if the corpus is the same. Sections that need
    real text are left out if no benchmark is available. The results
    of students are kept in `run.folder/runs`, so a killed report continues.

    Raises:
        UserError: there is nothing to build from, a section needs a library that is not installed,
            or `choices.zero_shot` predicts no row of the split.
    """
    parsed, root = load_recipe(recipe), benchmarks_at_hand(run.benchmarks)
    with (
        tempfile.TemporaryDirectory(prefix="corpusmith-report-") as scratch,
        cache_below(Path(scratch)),
    ):
        work = Path(scratch)
        say(f"{parsed.name}: building the corpus")
        sources = Sources(
            replace(run, folder=run.folder / "runs", benchmarks=root), choices.dry_run
        )
        built = sources.corpus(recipe, work / "corpus")
        evidence = Evidence.of(run.folder, built)
        if not choices.dry_run:
            text = TextSections(evidence, parsed, built, work / "corpus", run.encoder)
            text.write(choices.only, root, say)
        if set(choices.only) & set(TRAINED):
            measured = measured_split(parsed, root, choices.split)
            if measured is None:
                say(
                    f"  {', '.join(TRAINED)} are left out: "
                    f"no {choices.split} split of the recipe's benchmarks is available"
                )
            else:
                settings = {**task_settings(parsed.task), **run.settings, "tracker": "none"}
                config = TrainingConfig.from_dict(settings)
                given = (work / "corpus", sources, work, measured, config, choices.seeds, say)
                students = Students(parsed, *given)
                plans = planning.plan(students, choices)
                if choices.dry_run:
                    planning.list_students(students, plans)
                else:
                    trained_sections(evidence, students, plans)
    if not choices.dry_run:
        evidence.write_page(recipe, card_facts.corpus(parsed.name, built, ()))
    return evidence.document


@dataclass(frozen=True)
class TextSections:
    """The sections on the corpus itself, which need no training."""

    evidence: Evidence
    recipe: Recipe
    built: Mapping[str, Any]
    corpus: Path
    encoder: str

    def write(self, only: tuple[str, ...], root: Path | None, say: Say) -> None:
        keep, built = self.evidence.keep, self.built
        pictures = figures.dataset_figures(card_facts.corpus(self.recipe.name, built, ()))
        if "acceptance" in only:
            keep("acceptance", sentences.acceptance(built), pictures.get("acceptance.png"))
        if "form" in only:
            keep("form", sentences.form(built), pictures.get("form.png"))
        if "unlabelled" in only and self.recipe.task == "ner":
            keep("unlabelled", sentences.unlabelled(self.recipe, self.shards("train-*")))
        if {"map", "memorisation"} & set(only):
            self._compare_with_real_text(only, root, say)

    def shards(self, pattern: str = "*") -> list[Path]:
        return sorted((self.corpus / "data" / self.recipe.name).glob(f"{pattern}.parquet"))

    def _compare_with_real_text(self, only: tuple[str, ...], root: Path | None, say: Say) -> None:
        real = sentences.real_sentences(self.recipe, root)
        if not real:
            say("  map and memorisation are left out: none of the recipe's benchmarks is available")
            return
        written = sentences.written_sentences(self.shards())
        embed = embedder(self.encoder)
        about = {"encoder": encoder_title(self.encoder)}
        if "map" in only:
            say("  embedding sentences for the map")
            section, points = sentences.sentence_map(written, real, embed)
            self.evidence.keep(
                "map", {**about, **section}, report_figures.draw_sentence_map(*points)
            )
        if "memorisation" in only:
            say("  looking for the nearest benchmark sentences")
            section = sentences.memorisation(self.built, written, real, embed)
            self.evidence.keep("memorisation", {**about, **section})


def trained_sections(evidence: Evidence, students: Students, plans: Plans) -> None:
    """Train the students and write the sections that need them."""
    task = students.recipe.task
    planning.train_students(students, plans)
    if plans.curve:
        section = sections.curve(students, plans)
        evidence.keep("curve", section, report_figures.draw_curve(section, task))
    if plans.ablation:
        section = sections.ablation(students, plans)
        several = len(section["rows"]) > 1
        picture = report_figures.draw_ablations(section, task) if several else None
        evidence.keep("ablation", section, picture)
    if plans.baselines is not None:
        evidence.keep("baselines", sections.baselines(students, plans))


def measured_split(recipe: Recipe, root: Path | None, split: str) -> Measured | None:
    """The split, from the first of the recipe's benchmarks that has it."""
    for name in recipe.benchmarks if root else ():
        folder = Path(str(root), name)
        if (folder / f"{split}.jsonl").exists():
            return Measured.read(folder.name, folder, split)
    return None


def embedder(encoder: str) -> Callable:
    """The function from sentences to vectors. Raises UserError where a library is missing."""
    try:
        import sklearn  # noqa: F401  # needed later: fail before sentences are embedded

        from corpusmith.quality.embeddings import sentence_embedder
    except ImportError as error:
        raise UserError(
            f"the map needs {error.name}: pip install 'corpusmith[train,report]'"
        ) from None
    return sentence_embedder(encoder)


@contextmanager
def cache_below(folder: Path) -> Iterator[None]:
    """Let `datasets` cache in `folder` and delete it: the cache holds benchmark sentences."""
    import datasets.config

    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = folder / "cache"
    try:
        yield
    finally:
        datasets.config.HF_DATASETS_CACHE = before
