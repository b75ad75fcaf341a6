"""The last stage of `corpusmith run`: adapt a student to local documents, and measure it.

    corpusmith run ncbi-disease --documents notes/

It runs after all releases and without the Hub, and releases nothing.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from corpusmith.corpus.build import benchmarks_at_hand
from corpusmith.errors import UserError
from corpusmith.files import read_json, shipped, write_json
from corpusmith.processes import environment, run_verbs
from corpusmith.quality.second_build import Run
from corpusmith.recipe.schema import Recipe
from corpusmith.training.adapt.documents import files_of
from corpusmith.training.adapt.private import private_files

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def check_documents(documents: Sequence[Path], recipes: Sequence[Recipe]) -> None:
    """Raise UserError before any stage, if the documents cannot be used at the end."""
    if documents and all(recipe.task != "ner" for recipe in recipes):
        raise UserError("--documents adapts entity models, and no recipe here is for entities")
    for path in documents:
        next(files_of(path))


def adapt_student(
    recipe: Recipe, run: Run, documents: Sequence[Path], say: Callable[[str], None]
) -> None:
    """Adapt the student of a recipe to documents, in `run.folder/adapted`.

    Adapts again if the student or a file of the documents has changed; otherwise a finished model
    is kept, and a killed adaptation resumes.
    """
    out, stamp = run.folder / "adapted", run.folder / "adapted_on.json"
    corpus, env = run.folder / "dataset", environment(**OFFLINE)
    learned = {
        "student": read_json(run.folder / "trained_on.json"),
        "documents": state_of(documents),
    }
    if read_json(stamp) != learned:
        shutil.rmtree(out, ignore_errors=True)
        write_json(learned, stamp)
    say(f"  adapted   {out}: readable by you alone, and not released")
    lines: list[tuple[object, ...]] = []
    with private_files():
        if read_json(out / "training.json") is None:
            given = [word for path in documents for word in ("--documents", path)]
            options = ("--corpus", corpus, "--out", out)
            lines.append(("adapt", run.folder / "model", *given, *options))
        for folder, split in benchmarks_of(recipe, run.benchmarks):
            for name, assist in (("", ()), ("assisted-", ("--assist", corpus))):
                report = out / "evaluation" / f"{name}{folder.name}-{split}.json"
                if not report.exists():
                    measured = ("--split", split, *assist, "--json", report)
                    lines.append(("evaluate", out, folder, *measured))
        run_verbs(lines, env=env)


def state_of(documents: Sequence[Path]) -> str:
    """A hash of the settings, and of the names, sizes and times of all files in any order."""
    settings = shipped("training", "settings", "adapt.yaml").read_bytes()
    total = int.from_bytes(hashlib.sha256(settings).digest(), "big")
    for path in documents:
        for file in files_of(path):
            state = file.stat()
            known = f"{file}\0{state.st_size}\0{state.st_mtime_ns}".encode("utf-8", "surrogatepass")
            total += int.from_bytes(hashlib.sha256(known).digest(), "big")
    return f"{total % 2**256:064x}"


def benchmarks_of(recipe: Recipe, folder: Path | None) -> Iterator[tuple[Path, str]]:
    """(benchmark, split) of each benchmark of the recipe at hand: test, or else dev."""
    root = benchmarks_at_hand(folder)
    for name in recipe.benchmarks if root else ():
        benchmark = Path(str(root), name)
        splits = [split for split in ("test", "dev") if (benchmark / f"{split}.jsonl").exists()]
        if splits:
            yield benchmark, splits[0]
