"""Check the form of an answer: it must be one sentence of running text."""

import re
from functools import lru_cache

from corpusmith.corpus.filters.language import in_other_language, in_other_script
from corpusmith.corpus.filters.ngrams import comparable_words, word_ngrams
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.prompt import prompt_text
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe

THINKING = re.compile(r"^.*</(think|thinking|thought|reasoning)>", re.I | re.S)
PREAMBLE = re.compile(
    r"(sure|certainly|(here|below)( is| are|'s)|okay|(the )?(following )?(sentence|answer)"
    r"|title|note)\b"
    r"[^.]{0,60}:"
    r"|(sure|certainly|of course|absolutely|okay|no problem)[,.!]"
    r"|(I'd|I would|I'll|I will|I am|I'm) (be )?(happy|glad|pleased) to\b"
    r"|(here|below)( is|'s) (a|an|one|the|your) ([\w-]+ ){0,3}(sentence|example)\b"
    r"|(output|response|example|text|answer) ?:"
    r"|[^.:]{0,60}\b(here is|here's|as requested|your request|got it|alright)\b[^.:]{0,80}"
    r"(:| [–—-] )"
    r"|this is (a|the) sentence\b",
    re.I,
)
REFUSAL = re.compile(
    r"\b(I'm|I am) (very )?(sorry|unable to|afraid)\b"
    r"|\b(I'm|I am|we are|we're) (unable|not able) to (write|process|help|assist|provide|create)\b"
    r"|^(I apologi[sz]e|sorry|my apologies)\b|\bI (must|have to) decline\b"
    r"|\bI (can't|cannot|can not|won't|will not)\b.{0,30}"
    r"\b(write|help|assist|provide|create|generate|fulfil|comply|do (that|this))\b"
    r"|\bI don't have (enough|sufficient) information\b|\b(write|provide) (a|the|this) sentence\b"
    r"|\bas an? (AI|(large )?language model)\b",
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
JINJA = re.compile(r"{[{%#].*?[}%#]}", re.S)
LONGEST_WORD = 40  # characters a word, on average; a longer answer is not even split into words
ECHO_NGRAM = 4  # words
# Share of an answer's words that are in an n-gram of the template. The highest share of the
# accepted answers of the shipped transcripts is 0.22; an instruction that is given back has 0.5 or
# more.
ECHO = 0.4


def tidy(answer: str) -> str:
    """The answer without its thinking block and outer white space, and with single spaces."""
    return SPACING.sub(" ", THINKING.sub("", answer).strip())


def first_sentence(text: str) -> str:
    """The first sentence. A full stop after an abbreviation doesn't end it."""
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATED.search(text, max(0, end.start() - 8), end.end()):
            return text[: end.end() - 1].rstrip()
    return text


def fault_of(text: str, request: Request, recipe: Recipe) -> str | None:
    """The reason to reject an answer for its form, or None."""
    rules = recipe.verify
    if not text:
        return "empty"
    if len(text) > LONGEST_WORD * rules.max_words:
        return "too long"
    length = len(locate_words(text).words)
    if length > rules.max_words:
        return "too long"
    if CONTROL.search(text):
        return "control character"
    if LIST.search(text):
        return "list"
    if "\n" in text:
        return "more than one line"
    straight = text.replace("\u2019", "'")
    if QUOTED.match(text):
        return "quoted"
    if PREAMBLE.match(straight):
        return "preamble"
    if MARKUP.search(text):
        return "markup"
    if REFUSAL.search(straight):
        return "refusal"
    if in_other_script(text, request):
        return "other language"
    if length < rules.min_words:
        return "too short"
    if UNFINISHED.search(text):
        return "truncated"
    if not rules.first_sentence and first_sentence(text) != text:
        return "several sentences"
    if rules.definitions == "reject" and DEFINITION.search(text):
        return "definition"
    if echoes(text, recipe.prompt):
        return "echo of the prompt"
    if in_other_language(text, request, recipe.language):
        return "other language"
    return None


def echoes(text: str, prompt: str) -> bool:
    """Whether much of the answer is text of the prompt's template.

    The names and attributes that are filled in don't count: they are asked for.
    """
    template = template_ngrams(prompt)
    answer = comparable_words(text)
    covered: set[int] = set()
    for start, ngram in enumerate(word_ngrams(answer, ECHO_NGRAM)):
        if ngram in template:
            covered.update(range(start, start + ECHO_NGRAM))
    return len(covered) >= ECHO * len(answer)


@lru_cache(maxsize=16)
def template_ngrams(prompt: str) -> frozenset[str]:
    """The word n-grams of a template's fixed text, not across what is filled in."""
    parts = [comparable_words(part) for part in JINJA.split(prompt_text(prompt))]
    long = (part for part in parts if len(part) >= ECHO_NGRAM)
    return frozenset(ngram for part in long for ngram in word_ngrams(part, ECHO_NGRAM))
