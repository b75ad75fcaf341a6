"""Synthetic biomedical corpora written by an LLM, and the encoders that learn from them.

    import corpusmith as cs

    corpus = cs.build("demo-disease", out="corpus")
    student = cs.train(corpus, out="student")
    print(cs.evaluate(student, corpus, split="test")["strict_f1"])

Verbs of the command line are functions of the same name (`new` is `new_recipe`). A name is imported
when it is first used, so `import corpusmith` loads no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpusmith.api.corpus import (
        baseline,
        build,
        generate,
        grow,
        load_recipe,
        new_recipe,
        recipes,
    )
    from corpusmith.api.doctor import Finding, doctor
    from corpusmith.api.documents import export_corpus, extract
    from corpusmith.api.folder import Folder
    from corpusmith.api.quality import aim, noise, outliers, report
    from corpusmith.api.release import diff, publish, repin, run
    from corpusmith.api.student import adapt, evaluate, export, review, search, train
    from corpusmith.corpus.generate import Estimate
    from corpusmith.errors import UserError
    from corpusmith.extraction.extract import Extractor
    from corpusmith.hub.card import About
    from corpusmith.hub.release import Release
    from corpusmith.inference import EntityExtractor, RelationClassifier
    from corpusmith.pipeline import Released
    from corpusmith.quality.growth.growth import Growth
    from corpusmith.quality.uncertainty import Uncertainty
    from corpusmith.recipe.schema import Recipe
    from corpusmith.teacher.limits import AskLimits
    from corpusmith.teacher.progress import Progress
    from corpusmith.training.config import TrainingConfig

__version__ = "0.1.0"
__all__ = [
    "About",
    "AskLimits",
    "EntityExtractor",
    "Estimate",
    "Extractor",
    "Finding",
    "Folder",
    "Growth",
    "Progress",
    "Recipe",
    "RelationClassifier",
    "Release",
    "Released",
    "TrainingConfig",
    "Uncertainty",
    "UserError",
    "adapt",
    "aim",
    "baseline",
    "build",
    "diff",
    "doctor",
    "evaluate",
    "export",
    "export_corpus",
    "extract",
    "generate",
    "grow",
    "load_recipe",
    "new_recipe",
    "noise",
    "outliers",
    "publish",
    "recipes",
    "repin",
    "report",
    "review",
    "run",
    "search",
    "train",
]
HOMES = {  # module: the public names in it
    "api.corpus": ("baseline", "build", "generate", "grow", "load_recipe", "new_recipe", "recipes"),
    "api.doctor": ("Finding", "doctor"),
    "api.documents": ("export_corpus", "extract"),
    "api.folder": ("Folder",),
    "api.quality": ("aim", "noise", "outliers", "report"),
    "api.release": ("diff", "publish", "repin", "run"),
    "api.student": ("adapt", "evaluate", "export", "review", "search", "train"),
    "corpus.generate": ("Estimate",),
    "errors": ("UserError",),
    "extraction.extract": ("Extractor",),
    "hub.card": ("About",),
    "hub.release": ("Release",),
    "inference": ("EntityExtractor", "RelationClassifier"),
    "pipeline": ("Released",),
    "quality.growth.growth": ("Growth",),
    "quality.uncertainty": ("Uncertainty",),
    "recipe.schema": ("Recipe",),
    "teacher.limits": ("AskLimits",),
    "teacher.progress": ("Progress",),
    "training.config": ("TrainingConfig",),
}
MODULE_OF = {name: module for module, names in HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in MODULE_OF:
        raise AttributeError(f"module 'corpusmith' has no attribute {name!r}")
    return getattr(import_module(f"corpusmith.{MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULE_OF})
