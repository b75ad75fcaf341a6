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
    from corpusmith.api.corpus import baseline, build, generate, load_recipe, new_recipe, recipes
    from corpusmith.api.doctor import doctor
    from corpusmith.api.documents import export_corpus, extract
    from corpusmith.api.folder import Folder
    from corpusmith.api.quality import aim, noise, outliers, report
    from corpusmith.api.release import diff, publish, repin, run
    from corpusmith.api.student import adapt, evaluate, export, review, search, train
    from corpusmith.errors import UserError
    from corpusmith.extraction.extract import Extractor
    from corpusmith.inference import EntityExtractor, RelationClassifier
    from corpusmith.teacher.limits import AskLimits

__version__ = "0.1.0"
__all__ = [
    "AskLimits",
    "EntityExtractor",
    "Extractor",
    "Folder",
    "RelationClassifier",
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
    "api.corpus": ("baseline", "build", "generate", "load_recipe", "new_recipe", "recipes"),
    "api.doctor": ("doctor",),
    "api.documents": ("export_corpus", "extract"),
    "api.folder": ("Folder",),
    "api.quality": ("aim", "noise", "outliers", "report"),
    "api.release": ("diff", "publish", "repin", "run"),
    "api.student": ("adapt", "evaluate", "export", "review", "search", "train"),
    "errors": ("UserError",),
    "extraction.extract": ("Extractor",),
    "inference": ("EntityExtractor", "RelationClassifier"),
    "teacher.limits": ("AskLimits",),
}
MODULE_OF = {name: module for module, names in HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in MODULE_OF:
        raise AttributeError(f"module 'corpusmith' has no attribute {name!r}")
    return getattr(import_module(f"corpusmith.{MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULE_OF})
