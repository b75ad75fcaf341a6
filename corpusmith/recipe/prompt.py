"""Templates that an LLM wrote: plain text with slots such as `{topic}`, turned into Jinja here and
nowhere else.

No part of such a text is read as Jinja: braces outside known slots are refused, and Jinja needs
braces.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.text_files import TextFile

SLOT = re.compile(r"\{\s*([A-Za-z_]+)\s*\}")
PHRASES = """{{ '"' ~ phrases | join('" and "') ~ '"' }}"""
APPENDED = {  # required parts of the request, appended if the template lacks them
    "statement": "{% if statement %} {{ statement }}{% endif %}",
    "detail": "{% if detail %} {{ detail }}{% endif %}",
    "avoid": "{% if avoid %} Do not name any {{ avoid }}.{% endif %}",
}
SHORTEST, LONGEST = 6, 90  # words
CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
INTRODUCED = re.compile(
    r"^(sure|certainly|here (is|are|'s)|instruction|template|prompt|example|variation)\b"
    r"[^.{]{0,60}:\s*",
    re.I,
)
FENCE = re.compile(r"```\w*\n?|`")


class TemplateFault(ValueError):
    """The reason why a text is not a template, from a few fixed phrases, so they can be counted."""


def read_template(answer: str, slots: frozenset[str]) -> str:
    """The template in an LLM's answer, on one line. Raises TemplateFault.

    `slots` are the names that the recipe can fill; `phrases` is always one, and must be used.
    """
    text = " ".join(FENCE.sub("", answer).split())
    text = INTRODUCED.sub("", text).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    text = re.sub(r"[\"'“”]?\{\s*phrases\s*\}[\"'“”]?", "{phrases}", text)
    if CONTROL.search(text):
        raise TemplateFault("control character")
    if not SHORTEST <= len(text.split()) <= LONGEST:
        raise TemplateFault("too short or too long")
    named = SLOT.findall(text)
    if unknown := sorted(set(named) - slots):
        raise TemplateFault(f"unknown slot {unknown[0][:30]}")
    if set("{}") & set(SLOT.sub("", text)):
        raise TemplateFault("a brace that is no slot")
    if named.count("phrases") != 1:
        raise TemplateFault("does not name {phrases} once")
    return SLOT.sub(lambda slot: "{" + slot[1] + "}", text)


def to_jinja(template: str, base: str) -> str:
    """A prompt file: the system text of `base`, then `template` for requests with names and the
    user text of `base` for others. `template` comes from `read_template`. Raises ValueError if the
    file has anything but text and slots.
    """
    system, _, user = base.partition("\n---\n")
    named = set(SLOT.findall(template))
    asked = SLOT.sub(
        lambda slot: PHRASES if slot[1] == "phrases" else "{{ " + slot[1] + " }}", template
    )
    check_template(asked)
    asked += "".join(text for slot, text in APPENDED.items() if slot not in named)
    body = f"{{% if phrases -%}}\n{asked}\n{{%- else -%}}\n{user.strip()}\n{{%- endif %}}\n"
    return f"{system}\n---\n{body}"


def check_template(body: str) -> None:
    """Raise ValueError unless Jinja reads `body` as text, slots, and the one spelling of
    `phrases`."""
    allowed = (nodes.TemplateData, nodes.Output, nodes.Name)
    for node in Environment().parse(body.replace(PHRASES, "{{ phrases }}")).iter_child_nodes():
        for part in (node, *node.find_all(nodes.Node)):
            if not isinstance(part, allowed):
                raise ValueError(f"a template may hold text and slots, not {type(part).__name__}")


def sandbox() -> ImmutableSandboxedEnvironment:
    """The environment that renders prompt files: a template can read its variables only."""
    from jinja2 import ChainableUndefined

    return ImmutableSandboxedEnvironment(undefined=ChainableUndefined, keep_trailing_newline=False)


PROMPTS = shipped("builders", "prompts")


def prompt_path(prompt: str) -> Path:
    """`ner.v1` is a shipped template; anything that ends in .jinja is a path."""
    return Path(prompt) if prompt.endswith(".jinja") else PROMPTS / f"{prompt}.jinja"


def slots(template: str) -> set[str]:
    """The names that a template is filled with."""
    from jinja2 import Environment, TemplateSyntaxError, meta

    try:
        return meta.find_undeclared_variables(Environment().parse(template))
    except TemplateSyntaxError as error:
        raise ValueError(
            f"the prompt template cannot be read: line {error.lineno}: {error.message}"
        ) from None


def prompt_text(prompt: str) -> str:
    """The template's text. Raises UserError if it is not UTF-8."""
    text = TextFile.of(prompt_path(prompt), remedy="save it as UTF-8").text()
    return text.replace("\r\n", "\n")


def prompt_version(prompt: str) -> str:
    """Provenance of a row: `ner.v1@` and eight hex digits of the template's sha256."""
    digest = hashlib.sha256(prompt_text(prompt).encode()).hexdigest()
    return f"{prompt_path(prompt).stem}@{digest[:8]}"


@lru_cache(maxsize=256)
def attribute_values(source: str | tuple[str, ...]) -> tuple[str, ...]:
    """The values of an attribute: as listed, or the lines of shipped files joined by `+`
    (`genetics+general`).
    """
    if isinstance(source, tuple):
        return source
    values: list[str] = []
    for name in source.split("+"):
        path = PROMPTS / "attributes" / f"{name}.txt"
        if not path.exists() or path.parent != PROMPTS / "attributes":  # user files are never sent
            raise UserError(
                f"no attribute list {name!r}: list the values in the recipe, or name a file of "
                f"{path.parent}"
            )
        values += filter(None, path.read_text(encoding="utf-8").splitlines())
    return tuple(values)
