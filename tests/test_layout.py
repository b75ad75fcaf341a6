"""Import rules between the parts of the package, and limits on folder and function size."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "corpusmith"
MOST_FILES = 13  # in a folder: twelve modules and __init__.py
MOST_PARAMETERS = 6
MOST_LINES = 300
# The public functions, their verbs, what renders or shows a thing, and parts that are copied out.
LAYERS = {"api", "cli", "cards", "space", "inference"}
SAME_THING = {  # in each of their modules
    "agreed_tasks",  # the number of tasks that a folder of either kind was begun with
    "form",  # statistics of rows, and the section of a report that holds them
    "generate",  # the requests of a recipe, by way of the requests of any plan
    "mention_of",  # an annotation of each format
    "parse",  # hub.versions.parse, teacher.structured.parse
    "retry_after",  # of a Hub, and of a teacher
}
KEPT_FROM_FORMATTER = re.compile(r"#\s*fmt:\s*(skip|off)")
PARTS = {
    *("lexicon", "recipe", "teacher", "corpus", "quality", "training", "evaluation"),
    *("evidence", "cards", "hub", "extraction", "space", "cli"),
}
LATER = {"training", "evaluation", "evidence", "cards", "hub", "extraction", "space", "cli"}
NEVER_IMPORTS = {
    "lexicon": PARTS - {"lexicon"},
    "recipe": PARTS - {"lexicon", "recipe"},
    "teacher": PARTS - {"lexicon", "recipe", "teacher"},
    "corpus": LATER,
    "training": {"teacher", "evidence", "cards", "hub", "space", "cli"},
    "evaluation": {"teacher", "evidence", "cards", "hub", "space", "cli"},
    "cards": PARTS - {"cards"},
    "space": PARTS - {"space"},
    "extraction": {"teacher", "corpus", "training", "evidence", "cards", "hub", "cli"},
    "hub/local": PARTS - {"hub"},
}
ALONE = {"inference": {"inference"}, "hub/local": {"hub.local"}, "space": {"space", "inference"}}


@lru_cache
def imports(path: Path) -> frozenset[str]:
    """Modules of the package that a file imports at any level, without the package name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    inside = {name.removeprefix("corpusmith.") for name in found if name.startswith("corpusmith.")}
    return frozenset(name for name in inside if file_of(name))


def file_of(module: str) -> Path | None:
    path = PACKAGE / module.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def files(part: str) -> list[Path]:
    path = PACKAGE / part
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("part", NEVER_IMPORTS)
def test_part_imports_only_lower_parts(part: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files(part)
        for name in imports(path)
        if name.split(".")[0] in NEVER_IMPORTS[part]
    ]
    assert not wrong


@pytest.mark.parametrize("part", ALONE)
def test_liftable_part_imports_nothing_else_of_the_package(part: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files(part)
        for name in imports(path)
        if not any(name == own or name.startswith(f"{own}.") for own in ALONE[part])
        and name not in {"hub"}  # the parent package of hub.local
    ]
    assert not wrong


def test_every_imported_module_of_the_package_exists() -> None:
    wrong = []
    for path in sorted(PACKAGE.parent.rglob("*.py")):
        if {".venv", "runs"} & set(path.relative_to(PACKAGE.parent).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("corpusmith.") and not file_of(module[11:]):
                wrong.append(f"{path.relative_to(PACKAGE.parent)} imports {module}")
    assert not wrong


def test_no_import_cycle() -> None:
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        if path in above:
            circle = [str(p.relative_to(PACKAGE)) for p in (*above[above.index(path) :], path)]
            pytest.fail(" imports ".join(circle))
        if path in done:
            return
        for name in imports(path):
            imported = file_of(name)
            if imported and imported != path and imported.name != "__init__.py":
                visit(imported, (*above, path))
        done.add(path)

    for path in sorted(PACKAGE.rglob("*.py")):
        visit(path, ())


def test_folders_hold_few_files() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    counts = {
        str(folder.relative_to(PACKAGE)): len(list(folder.glob("*.py"))) for folder in folders
    }
    assert not {name: count for name, count in counts.items() if count > MOST_FILES}


def test_files_are_short_and_formatted() -> None:
    """Under 300 lines, and none kept from the formatter."""
    repo, wrong = PACKAGE.parent, []
    for path in sorted(repo.rglob("*.py")):
        if {".venv", "runs"} & set(path.relative_to(repo).parts):
            continue
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) >= MOST_LINES or KEPT_FROM_FORMATTER.search(text):
            wrong.append(str(path.relative_to(repo)))
    assert not wrong


def test_a_name_has_one_meaning() -> None:
    """No two modules define the same public name, but for layers that repeat it on purpose."""
    homes: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in LAYERS or path.is_relative_to(
            PACKAGE / "hub/local"
        ):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                homes.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    twice = {name: files for name, files in homes.items() if len(files) > 1}
    in_metrics = [name for name, files in twice.items() if "metric_modules" in str(files)]
    assert not twice.keys() - SAME_THING - set(in_metrics), twice


def test_functions_take_at_most_six_parameters() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "cli"):  # an option of the command line is a parameter
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                count = sum(argument.arg not in ("self", "cls") for argument in taken)
                if count > MOST_PARAMETERS:
                    wrong.append(f"{path.relative_to(PACKAGE)}: {node.name} takes {count}")
    assert not wrong
