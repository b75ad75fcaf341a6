"""Checks of an answer's form, whatever it was asked for: one sentence of running text."""

import re

from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.schema import Verification

PREAMBLE = re.compile(
    r"(sure|certainly|here (is|are|'s)|okay|the (following )?sentence|sentence|title|note)\b"
    r"[^.]{0,60}:",
    re.I,
)
LIST = re.compile(r"^\s*([-*•]|\d+[.)]\s)|\n\s*([-*•]|\d+[.)])\s", re.M)
QUOTED = re.compile(r"^[\"'“‘«`].*[\"'”’»`]\.?$", re.S)
MARKUP = re.compile(r"[<>{}`|]|\*\*|__|(?i:https?://)|\\[A-Za-z]")
DEFINITION = re.compile(
    r"\b(is|are) (an? |the )?([\w-]+ ){0,5}"
    r"(disease|disorder|condition|syndrome|infection|illness|drug|medication|compound)s?"
    r"( \w+)? (that|which|characteri[sz]ed|caused|used|affecting)\b",
    re.I,
)
SENTENCE_END = re.compile(r"[.!?][\"')\]]* +[A-Z]")
ABBREVIATED = re.compile(r"\b(vs|approx|e\.g|i\.e|al|Fig|Dr|No|St|spp?|var|ca)\.\s+[A-Z]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd\u202a-\u202e\u2066-\u2069]")
SPACING = re.compile(r"[ \t\xa0]{2,}|[\t\xa0]")
UNFINISHED = re.compile(r"[,;:(\[–-]$|\b(and|or|the|of|in|with|to|a|by)$", re.I)
LONGEST_WORD = 40  # characters a word, on average; a longer answer is not even split into words


def tidy(answer: str) -> str:
    """The answer without outer white space, and with one space where there were several."""
    return SPACING.sub(" ", answer.strip())


def first_sentence(text: str) -> str:
    """The text up to the second sentence. A full stop after an abbreviation ends no sentence."""
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATED.search(text, max(0, end.start() - 8), end.end()):
            return text[: end.end() - 1].rstrip()
    return text


def fault_of(text: str, rules: Verification) -> str | None:
    """The reason to reject an answer for its form; None where there is none."""
    if not text:
        return "empty"
    if len(text) > LONGEST_WORD * rules.max_words:
        return "too long"
    words = len(locate_words(text).words)
    if words > rules.max_words:
        return "too long"
    if CONTROL.search(text):
        return "control character"
    if LIST.search(text):
        return "list"
    if "\n" in text:
        return "more than one line"
    if QUOTED.match(text):
        return "quoted"
    if PREAMBLE.match(text):
        return "preamble"
    if MARKUP.search(text):
        return "markup"
    if words < rules.min_words:
        return "too short"
    if UNFINISHED.search(text):
        return "truncated"
    if not rules.first_sentence and first_sentence(text) != text:
        return "several sentences"
    if rules.definitions == "reject" and DEFINITION.search(text):
        return "definition"
    return None
