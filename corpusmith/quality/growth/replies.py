"""Read the names in a teacher's reply, whatever form it has."""

import json
import re
from collections.abc import Iterator

from corpusmith.corpus.checks import PREAMBLE, REFUSAL, tidy
from corpusmith.corpus.filters.language import OTHER_SCRIPT
from corpusmith.quality.growth.wording import thresholds
from corpusmith.recipe.prompt import CONTROL

FENCE = re.compile(r"^\s*```\w*\s*$", re.M)
MARK = re.compile(
    r"^\s*(?:[-*+>–—]+\s+|[•·▪◦‣]\s*|\[[ xX]?\]\s*|(?:\*\*)?\(?\d{1,3}[.):](?:\*\*)?(?!\d)\s*"
    r"|\(?[a-zA-Z]\)\s+)+"  # "a) mouse", but "C. albicans" is a name
)
CELLS = re.compile(r"^\s*\|(?P<cells>.*)\|\s*$")
EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")
EXPLAINED = re.compile(r"\s+[-–—]+\s+|\s*[:=→]\s*|\s*[-=]>\s*|\s+\([^()]*\s[^()]*\).*$|\s+/\s+")
TOLD = re.compile(r",?\s+(?:which|that|such as|e\.g\.|i\.e\.|including|also known as)\b.*$", re.I)
QUOTES = "\"'“”‘’«»„`"
SENTENCE = re.compile(
    r"(?<=\w{4})[.!?]\s+[A-Z]|[!?]$|\b(?:[Yy]ou|[Yy]our|[Pp]lease)\b|\bI(?:'m|'ll|'d)?\s[a-z]{2,}"
    r"|\b(?:is|are|was|were) \w+"
)


def names_in(reply: str) -> tuple[list[str], int]:
    """The names in a reply, each once, and the number of its parts that are no name."""
    text = FENCE.sub("", tidy(reply))
    if REFUSAL.search(text):
        return [], 1
    lines = [line for line in text.splitlines() if line.strip()][: thresholds()["most_lines"]]
    parts = list(json_names(text)) or [
        part for line in lines for part in parts_of_line(line, alone=len(lines) == 1)
    ]
    names = [name_in_part(part) for part in parts]
    kept = dict.fromkeys(filter(None, names))
    return list(kept), names.count("")


def json_names(text: str) -> Iterator[str]:
    """The strings of a JSON list, also of objects with a name and of an object with a list."""
    try:
        content = json.loads(text.strip())
    except ValueError:
        return
    if isinstance(content, dict):
        content = next((v for v in content.values() if isinstance(v, list)), [])
    for item in content if isinstance(content, list) else []:
        item = item.get("name", "") if isinstance(item, dict) else item
        yield item if isinstance(item, str) else ""


def parts_of_line(line: str, alone: bool) -> Iterator[str]:
    """The parts of a line that may be names. A line that holds a list is split at its commas."""
    if table := CELLS.match(line):
        cells = [cell.strip() for cell in table["cells"].split("|")]
        named = [cell for cell in cells if not re.fullmatch(r"[\d.:\s-]*", cell)]
        yield named[0] if named else ""
        return
    if preamble := PREAMBLE.match(line.strip(" *#")):
        line = line.strip(" *#")[preamble.end() :] if preamble[0].endswith(":") else ""
        if not line.strip():
            yield ""
            return
    line = MARK.sub("", line).strip()
    if line.endswith(":") or line.startswith("#"):
        yield ""
        return
    commas = len(re.findall(r"[,;]\s", line))
    if commas >= 2 or (alone and commas):
        yield from re.split(r"\s*[,;]\s+(?:and\s+|or\s+)?", line.rstrip("."))
    else:
        yield line


def name_in_part(part: str) -> str:
    """The name in a part of a reply, without marks, quotes and explanations; empty if it has
    none.
    """
    if CONTROL.search(part) or OTHER_SCRIPT.search(part):
        return ""
    plain = EMPHASIS.sub(r"\2", MARK.sub("", part)).strip()
    if plain[:1] in QUOTES and (quoted := re.match(r"(.)(.+?)[\"'”’»`](?!\w)", plain)):
        plain = quoted[2]
    plain = TOLD.sub("", EXPLAINED.split(plain, maxsplit=1)[0])
    plain = " ".join(plain.strip(f"{QUOTES} .,;*_#").split())
    too_long = len(plain.split()) > thresholds()["most_words"]
    if plain.lower() in thresholds()["not_names"] or too_long or SENTENCE.search(plain):
        return ""
    plain = re.sub(r"^(?:an?|the|such as|including)\s+", "", plain, flags=re.I)
    return plain if any(map(str.isalpha, plain)) else ""
