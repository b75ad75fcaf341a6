"""The public API: lazy imports, the verbs of the command line, and tested docstring examples."""

import doctest
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import corpusmith as cs
from corpusmith.api.doctor import EXTRAS
from corpusmith.cli.main import app
from corpusmith.hub.publish import About, publish
from corpusmith.hub.repo import HubTarget
from tests.answered import answer_all
from tests.fixtures.hub import Loopback, write_model

# In the order in which the examples use each other's files.
EXAMPLES = (
    *("recipes", "load_recipe", "new_recipe", "grow", "generate", "build", "baseline", "train"),
    *("export", "evaluate", "adapt", "extract", "export_corpus", "review", "outliers", "aim"),
    *("publish", "diff", "repin", "doctor", "report"),
)
SLOW_EXAMPLES = ("noise", "search", "run")  # they train several students
OTHER_NAME = {"new": "new_recipe", "export-corpus": "export_corpus"}


def python(program: str) -> str:
    line = [sys.executable, "-c", program]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def test_import_loads_no_library_and_takes_under_a_third_of_a_second() -> None:
    program = (
        "import sys, time; before = set(sys.modules); start = time.process_time();"
        "import corpusmith; seconds = time.process_time() - start;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(seconds < 0.3, sorted(new - set(sys.stdlib_module_names)))"
    )
    assert python(program) == "True ['corpusmith']"


def test_package_imports_without_its_other_modules(tmp_path: Path) -> None:
    """The Space holds a copy of `corpusmith/__init__.py` beside `inference/` and `space/`."""
    house = Path(cs.__file__).parent
    shutil.copytree(house / "inference", tmp_path / "corpusmith" / "inference")
    shutil.copy(house / "__init__.py", tmp_path / "corpusmith")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import corpusmith as cs;"
        "print(cs.__file__, cs.EntityExtractor.__name__)"
    )
    assert python(program) == f"{tmp_path}/corpusmith/__init__.py EntityExtractor"


def test_every_public_name_exists_and_is_documented() -> None:
    assert sorted(cs.__all__) == sorted(cs.MODULE_OF) and set(cs.__all__) <= set(dir(cs))
    for name in cs.__all__:
        assert inspect.getdoc(getattr(cs, name)), f"{name} has no docstring"


def test_every_public_name_has_annotated_parameters() -> None:
    for name in cs.__all__:
        function = getattr(cs, name)
        if inspect.isfunction(function):
            for parameter in inspect.signature(function).parameters.values():
                assert parameter.annotation is not parameter.empty, f"{name}: {parameter.name}"


def types_in(hint: Any) -> Iterator[Any]:
    """The classes that an annotation is made of."""
    parts = hint if isinstance(hint, list) else get_args(hint)
    if not parts:
        yield hint
    for part in parts:
        yield from types_in(part)


def test_every_type_in_a_signature_is_public() -> None:
    """A caller can make what a function takes, and name what it returns."""
    public = {name: getattr(cs, name) for name in cs.__all__}
    for name, function in public.items():
        if not inspect.isfunction(function):
            continue
        hints = get_type_hints(function, localns=public)
        for found in (kind for hint in hints.values() for kind in types_in(hint)):
            module = getattr(found, "__module__", "builtins").partition(".")[0]
            assert module in sys.stdlib_module_names or found in public.values(), f"{name}: {found}"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cs.nonsense  # noqa: B018


def test_every_verb_is_a_function() -> None:
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert not {OTHER_NAME.get(verb, verb) for verb in verbs} - set(cs.__all__)


def test_parameters_have_the_names_of_the_options() -> None:
    commands = {c.name or c.callback.__name__: c.callback for c in app.registered_commands}
    different = {  # parameters that bundle options, or are named for Python
        "generate": {"limits", "on_progress"},
        "grow": {"asking"},
        "baseline": {"asking"},
        "build": {"benchmarks"},
        "extract": {"options"},
        "new_recipe": {"folder"},
        "publish": {"folder", "about"},
        "run": {"benchmarks"},
        "report": {"options"},
    }
    for verb, command in commands.items():
        name = OTHER_NAME.get(verb, verb)
        parameters = set(inspect.signature(getattr(cs, name)).parameters)
        options = set(inspect.signature(command).parameters)
        assert parameters - options <= different.get(name, set()), name


def test_doctor_checks_packages_of_each_extra_that_a_verb_needs() -> None:
    required = metadata("corpusmith").get_all("Requires-Dist") or []
    for extra in ("train", "space", "documents", "scale", "report"):
        marked = [line for line in required if f"extra == '{extra}'" in line]
        packages = {re.split(r"[\[<>=; ]", line)[0] for line in marked}
        assert set(EXTRAS[extra]) <= packages, extra


@pytest.fixture(scope="module")
def examples_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Iterator[tuple[Path, str]]:
    """The files that the examples use, and a Hub."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(tiny_encoder, folder / "tiny-encoder")
    (folder / "words.txt").write_text("\n".join(f"device {i}" for i in range(20)))
    notes = [f"Patient {i} has cystic fibrosis and no sign of gout." for i in range(30)]
    (folder / "notes.txt").write_text("\n\n".join(notes))
    row = {"id": "1", "tokens": ["Men", "with", "cystic", "fibrosis", "."]}
    (folder / "benchmark").mkdir()
    (folder / "benchmark" / "test.jsonl").write_text(
        json.dumps(row | {"ner_tags": ["O", "O", "B-Disease", "I-Disease", "O"]}) + "\n"
    )
    server = Loopback(folder / "hub")
    target = HubTarget(server.url)
    for weights in (b"first", b"second"):
        model = write_model(folder / "released", weights)
        publish("model", model, "local/student", target=target)
    (folder / "space").mkdir()
    (folder / "space" / "app.py").write_text("pass\n")
    (folder / "space" / "README.md").write_text("---\ntitle: Demo\nsdk: gradio\n---\n")
    about = About(ner=["local/student@v0.1.0"])
    publish("space", folder / "space", "local/demo", about=about, target=target)
    yield folder, server.url
    server.stop()


def test_examples_of_docstrings_run(
    examples_folder: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", "none")  # no account
    run_examples(EXAMPLES, examples_folder, monkeypatch)


@pytest.mark.slow
def test_slow_examples_of_docstrings_run(
    examples_folder: tuple[Path, str], ner_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = examples_folder
    text = ner_recipe.read_text(encoding="utf-8")
    (folder / "devices.yaml").write_text(text.replace("tiny-disease", "devices"), "utf-8")
    answer_all(folder / "devices.yaml", folder / "devices.sqlite")
    monkeypatch.setenv("PYTHONPATH", str(Path(cs.__file__).parents[1]))
    run_examples(("build", *SLOW_EXAMPLES), examples_folder, monkeypatch)


def run_examples(
    names: Sequence[str], examples_folder: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = examples_folder
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CORPUSMITH_BENCHMARKS", "")
    printed: list[str] = []
    for name in names:
        module = import_module(f"corpusmith.{cs.MODULE_OF[name]}")
        globs = {"cs": cs, "hub": hub}
        finder = doctest.DocTestFinder(recurse=False)
        (found,) = finder.find(getattr(cs, name), name, module, globs=globs)
        assert found.examples
        doctest.DocTestRunner().run(found, out=printed.append)
    assert not printed, "".join(printed)


def test_every_function_has_a_tested_example() -> None:
    functions = {name for name in cs.__all__ if inspect.isfunction(getattr(cs, name))}
    assert functions == {*EXAMPLES, *SLOW_EXAMPLES}
