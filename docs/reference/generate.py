"""Write the pages of docs/reference from the code, or check that they are up to date.

    python docs/reference/generate.py           # after a change of a verb, a key or a setting
    python docs/reference/generate.py --check   # exit status 1 if a page is stale

recipe.md comes from corpusmith/recipe/{schema,settings}.py, where the comment at a field is its
description; commands.md from the command line; training.md from
corpusmith/training/config.py; python.md from the public functions.
"""

import argparse
import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

import corpusmith as cs
from corpusmith.cli.main import app
from corpusmith.recipe import schema
from corpusmith.training.config import TrainingConfig

FOLDER = Path(__file__).parent
NOTE = "<!-- Written by docs/reference/generate.py: change the code, then run it. -->\n\n"


def cell(text: object) -> str:
    """Text in one cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def code(text: object) -> str:
    return f"`{cell(text)}`" if str(text) else ""


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def comments(source: str) -> dict[int, tuple[str, bool]]:
    """The comment on each line, and whether it has the line to itself."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            found[token.start[0]] = (token.string.lstrip("# "), alone)
    return found


def described_fields(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """(key, type, default, description) of each field of a model of the recipe."""
    source = textwrap.dedent(inspect.getsource(model))
    notes = comments(source)
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        if node.target.id not in model.model_fields:
            continue
        last = node.end_lineno or node.lineno
        said = [notes[line][0] for line in range(node.lineno, last + 1) if line in notes]
        if not said:  # else the lines of comment above the field
            above = node.lineno - 1
            while above in notes and notes[above][1]:
                said.insert(0, notes[above][0])
                above -= 1
        field = model.model_fields[node.target.id]
        default = "required" if field.is_required() else code(plain(field.default))
        yield node.target.id, annotation(node.annotation), default, " ".join(said)


def annotation(node: ast.expr) -> str:
    """The type as YAML has it: without the machinery of the check."""
    text = re.sub(r"Annotated\[(\w+), Field\(.*?\)\]", r"\1", ast.unparse(node))
    text = re.sub(r"tuple\[(.+?), \.\.\.\]", r"list of \1", text)
    return re.sub(r"dict\[(.+), (\w+)\]", r"mapping of \1 to \2", text)


def plain(value: Any) -> str:
    if isinstance(value, BaseModel):
        return ""  # a section of its own
    if value is None or value == "" or value in ((), {}):
        return {None: "null"}.get(value, "") if value is None else "empty"
    return str(list(value) if isinstance(value, tuple) else value)


def recipe_page() -> str:
    models = [schema.Recipe] + [
        model
        for _, model in inspect.getmembers(schema, inspect.isclass)
        if issubclass(model, schema.Strict) and model not in (schema.Strict, schema.Recipe)
    ]
    parts = [
        "# Every key of a recipe\n\nA recipe is a YAML file. An unknown key is an error that names "
        "the line. [How to write a recipe](../recipes.md) explains the keys by example.\n"
    ]
    for model in models:
        rows = [
            (code(key), code(kind), default, cell(said))
            for key, kind, default, said in described_fields(model)
        ]
        intro = inspect.cleandoc(model.__doc__ or "")
        parts.append(f"## {model.__name__}\n\n{intro}\n")
        parts.append(table(("key", "type", "default", "meaning"), rows))
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """(words, command) of each verb, and of each verb of a sub-command."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            for inner, one in command.commands.items():
                yield f"{name} {inner}", one
        else:
            yield name, command


def option_row(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        name, default = parameter.metavar or parameter.name.upper(), ""
    else:
        name = ", ".join(parameter.opts)
        default = "required" if parameter.required else code(shown_default(parameter.default))
    return code(name), default, cell(parameter.help or "")


def shown_default(value: Any) -> str:
    return "" if value is None or value is False or value == "" or callable(value) else str(value)


def commands_page() -> str:
    parts = [
        "# Every verb\n\n`corpusmith --help` shows the verbs in groups. "
        "`corpusmith --verbose VERB` shows the traceback of an error. An error that you can fix is "
        "one message and exit status 2; Ctrl-C is 130, and the same command continues.\n"
    ]
    group = None
    for words, command in commands():
        panel = getattr(command, "rich_help_panel", None)
        if isinstance(panel, str) and panel != group:
            group = panel
            parts.append(f"## {panel}\n")
        said = inspect.cleandoc(command.help or "")
        shown = [one for one in command.params if not getattr(one, "hidden", False)]
        rows = [option_row(one) for one in shown if one.name != "help"]
        parts.append(f"### corpusmith {words}\n\n{said}\n")
        if rows:
            parts.append(table(("argument", "default", "meaning"), rows))
    return "\n".join(parts)


def training_page() -> str:
    text = inspect.cleandoc(TrainingConfig.__doc__ or "")
    intro, _, listed = text.partition("Args:")
    said: dict[str, str] = {}
    for entry in re.split(r"\n    (?=\w)", listed):
        names, _, meaning = entry.strip().partition(":")
        said |= {name.strip(): meaning for name in names.split(",")}
    rows = [
        (
            code(one.name),
            code(
                one.type if isinstance(one.type, str) else getattr(one.type, "__name__", one.type)
            ),
            code(one.default) if one.default is not MISSING else "",
            cell(said.get(one.name, "")),
        )
        for one in fields(TrainingConfig)
    ]
    return (
        "# Every training setting\n\nFields of `--config FILE` (YAML) and of `config=` in Python. "
        "A field that is null is derived from the corpus by training/settings/rule.yaml; the files "
        f"beside it fix fields for a task.\n\n{intro.strip()}\n\n"
        + table(("setting", "type", "default", "meaning"), rows)
    )


def python_page() -> str:
    parts = [
        "# Every public name\n\n`import corpusmith as cs`. A name is imported when first used. "
        "`PathName` is a `str` or anything with a path, such as the `Folder` of an earlier call.\n"
    ]
    for name in sorted(cs.__all__, key=str.lower):
        thing = getattr(cs, name)
        said = inspect.getdoc(thing) or ""
        signature = str(inspect.signature(thing)) if inspect.isfunction(thing) else ""
        signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
        signature = signature.replace("str | os.PathLike[str]", "PathName")
        signature = re.sub(r"\bcorpusmith(\.\w+)+\.(\w+)", r"\2", signature)
        parts.append(f"## cs.{name}\n\n```python\n{name}{signature}\n```\n\n{indented(said)}\n")
    return "\n".join(parts)


def indented(docstring: str) -> str:
    """A docstring as Markdown: its examples as code, its arguments as a list."""
    lines, inside = [], False
    for line in docstring.splitlines():
        example = line.startswith((">>>", "..."))
        if example and not inside:
            lines.append("```python")
        if inside and not line.strip():
            lines.append("```")
        inside = example or (inside and bool(line.strip()))
        if not inside and re.match(r" {4}[\w, ]+: ", line):
            names, _, rest = line.strip().partition(": ")
            line = f"- `{names}`: {rest}"
        elif not inside and re.match(r"(Args|Returns|Raises|Attributes):$", line):
            line = f"**{line}**\n"
        lines.append(line)
    return "\n".join([*lines, "```"] if inside else lines)


PAGES = {
    "recipe.md": recipe_page,
    "commands.md": commands_page,
    "training.md": training_page,
    "python.md": python_page,
}


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check, stale = parser.parse_args().check, []
    for name, page in PAGES.items():
        path, text = FOLDER / name, NOTE + page().rstrip() + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path))
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit(f"stale: {', '.join(stale)}; run python docs/reference/generate.py")
    print("\n".join(stale) or "nothing changed")


if __name__ == "__main__":
    main()
