"""Markdown that untrusted text cannot break.

Cards print sentences, prompts and names that an LLM or a stranger wrote. A template escapes each
value that it prints, unless the value is `Markdown`. To print a missing fact is an error.
"""

import json
import re
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import jinja2
from huggingface_hub import CardData

from corpusmith.errors import UserError
from corpusmith.files import shipped

INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
SPECIAL = re.compile(r"[\\`*\[\]#|~$@]|(?<![^\W_])_|_(?![^\W_])|://|www\.")
LINE_START = re.compile(r"^(?:[-+=]|\d+(?=[.)](?:\s|$)))")
LITERAL = re.compile(r"[\w .,:/@+=-]+")


class Markdown(str):
    """Text that is Markdown already: printed as it is."""

    __slots__ = ()


def plain(text: str, limit: int = 600) -> str:
    """One line without control or direction characters, cut at `limit` characters."""
    line = " ".join(INVISIBLE.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escape(value: str, limit: int = 600) -> Markdown:
    """Inline Markdown that shows exactly this text: no markup, HTML, link, mention or formula."""
    if isinstance(value, Markdown):
        return value
    text = plain(value, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = SPECIAL.sub(
        lambda match: (
            f"\\{match[0]}" if len(match[0]) == 1 else match[0][:-1] + "\\" + match[0][-1]
        ),
        text,
    )
    return Markdown(
        LINE_START.sub(
            lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", text
        )
    )


def code(value: str) -> Markdown:
    """A code span for names, ids and numbers. Text that could end the span is escaped instead."""
    return Markdown(f"`{value}`") if LITERAL.fullmatch(value) else escape(value)


def fence(text: str, language: str = "") -> Markdown:
    """A fenced block of `text`, with a fence longer than any run of backticks in it."""
    lines = "\n".join(INVISIBLE.sub(" ", line) for line in text.splitlines())
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", lines)), 3)
    return Markdown(f"{marks}{language}\n{lines}\n{marks}")


def literal(value: str) -> Markdown:
    """A name for use inside a code block or a link of the template.

    Raises:
        UserError: it holds anything but word characters and ``.,:/@+=-``.
    """
    if not LITERAL.fullmatch(value):
        raise UserError(
            f"{plain(value, 80)!r} can't be used in a card: it may contain only letters, digits "
            "and . , : / @ + = -"
        )
    return Markdown(value)


def number(value: float, digits: int = 0) -> Markdown:
    """A count with thousands separated, or a figure with `digits` decimals."""
    return Markdown(f"{value:,.{digits}f}")


def percent(share: float, digits: int = 1) -> Markdown:
    """A share of 1 as a percentage."""
    return Markdown(f"{100 * share:.{digits}f}%")


def between(ci95: Sequence[float], digits: int = 1, factor: float = 1.0) -> Markdown:
    """The bounds of an interval."""
    return Markdown(f"{number(factor * ci95[0], digits)} to {number(factor * ci95[1], digits)}")


def table(head: list[str], rows: list[list[Any]], text_columns: int = 1) -> Markdown:
    """A table; columns after the first `text_columns` are right-aligned. None prints a dash."""
    rule = [Markdown("---" if column < text_columns else "---:") for column in range(len(head))]
    lines = [[escape(name) for name in head], rule]
    lines += [[Markdown("–") if cell is None else _printed(cell) for cell in row] for row in rows]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def figure_title(path: str) -> Markdown:
    """A picture's alternative text from its file name."""
    return literal(path.split("/")[-1].removesuffix(".png").replace("-", " "))


def homepage() -> str | None:
    """The address of corpusmith that its package states, if there is one."""
    try:
        stated = metadata("corpusmith").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    urls = dict(line.split(", ", 1) for line in stated if ", " in line)
    return urls.get("Homepage") or urls.get("Repository")


def citation(
    repo_id: str, kind: str, version: str, versions: Sequence[tuple[str, str, str]]
) -> dict[str, Markdown]:
    """The fields of a BibTeX entry for a repo; `kind` is "" or "datasets/"."""
    name = literal(repo_id)
    fields = {
        "key": Markdown(re.sub(r"\W+", "-", repo_id).strip("-")),
        "title": Markdown(name.replace("_", "\\_")),
        "version": literal(version),
        "url": Markdown(f"https://huggingface.co/{kind}{name}"),
    }
    if versions:
        fields["year"] = literal(versions[0][1][:4])
    return fields


def _printed(value: Any) -> Markdown:
    if value is None:
        raise ValueError("a card tried to print a fact that is missing")
    return (
        number(value)
        if isinstance(value, int)
        else escape(value if isinstance(value, str) else str(value))
    )


def _finalize(value: Any) -> Any:
    return value if isinstance(value, jinja2.Undefined) else _printed(value)


def template_environment() -> jinja2.Environment:
    """The templates of this folder, with strict names and escaping by default."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("cards")),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for make in (code, fence, literal, number, percent, figure_title):
        templates.filters[make.__name__] = make
    templates.filters["json"] = partial(json.dumps, indent=1, ensure_ascii=False, default=str)
    return templates


def render(template: str, front: CardData, **facts: Any) -> str:
    """A README: YAML front matter, then the template."""
    front_matter = CardData(**_plain(front.to_dict())).to_yaml()
    body = template_environment().get_template(template).render(**facts)
    return f"---\n{front_matter}\n---\n\n{without_blank_runs(body)}"


def without_blank_runs(page: str) -> str:
    """A page without runs of blank lines."""
    return re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"


def _plain(value: Any) -> Any:
    """Strings on one line each, so that none of them can close the front matter."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
