"""Answer → example, or a reject with its reason: the only place where labels are made."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from corpusmith.corpus.example import Entities, Pair, Reject, Span
from corpusmith.lexicon.concept import Lexicon
from corpusmith.lexicon.matcher import Match, exact_key, folded_key, is_acronym
from corpusmith.lexicon.words import Sentence, locate_words
from corpusmith.recipe.plan import Request, Seed
from corpusmith.recipe.schema import Recipe, Verification

PREAMBLE = re.compile(
    r"(sure|certainly|here (is|are|'s)|okay|the (following )?sentence|sentence|title|note)\b[^.]{0,60}:",
    re.I,
)
LIST = re.compile(r"^\s*([-*•]|\d+[.)]\s)|\n\s*([-*•]|\d+[.)])\s", re.M)
QUOTED = re.compile(r"^[\"'“‘«`].*[\"'”’»`]\.?$", re.S)
# Here and in DEFINITION each way begins with a character of its own, which is what lets `re` skip to one.
MARKUP = re.compile(r"<|>|{|}|`|\||\*\*|__|https?://|HTTPS?://|Https?://|\\[A-Za-z]")
DEFINITION = re.compile(
    r"(i(?<!\wi)s|a(?<!\wa)re) (an? |the )?([\w-]+ ){0,5}"
    r"(disease|disorder|condition|syndrome|infection|illness|drug|medication|compound)s?"
    r"( \w+)? (that|which|characteri[sz]ed|caused|used|affecting)\b"
)
# ASCII text that MARKUP or DEFINITION finds something in has one of these words: to look for them costs less than a search.
VERBS = (*product("iI", "sS"), *product("aA", "rR", "eE"))
TELLING = frozenset((*"<>{}`|*_/\\", *map("".join, VERBS)))
SEVERAL = re.compile(r"[.!?][\"')\]]* +[A-Z]")
ABBREVIATED = re.compile(r"\b(vs|approx|e\.g|i\.e|al|Fig|Dr|No|St|spp?|var|ca)\.\s+[A-Z]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd\u202a-\u202e\u2066-\u2069]")
SPACING = re.compile(r"[ \t\xa0]{2,}|[\t\xa0]")
UNFINISHED = re.compile(r"[,;:(\[–-]$|\b(and|or|the|of|in|with|to|a|by)$", re.I)


@dataclass(frozen=True)
class Lookup:
    """What unasked mentions are found with: a lexicon a label, and the gene symbols that acronyms are confused with."""

    by_label: dict[str, Lexicon]
    label_of: dict[str, str]  # by lexicon
    symbols: frozenset[str]


def lookup(recipe: Recipe, lexicons: dict[str, Lexicon]) -> Lookup:
    """The lexicons behind a recipe's labels; acronyms of every other lexicon of the recipe are taken as ambiguous."""
    by_label = {label: lexicons[name] for label, name in recipe.labels.items()}
    others = [lexicon for name, lexicon in lexicons.items() if name not in recipe.labels.values()]
    names = (name for lexicon in others for concept in lexicon.concepts for name in concept.names)
    label_of = {lexicon: label for label, lexicon in recipe.labels.items()}
    return Lookup(by_label, label_of, frozenset(filter(is_acronym, names)))


def verify_entities(
    request: Request, answer: str, recipe: Recipe, looked_up: Lookup
) -> Entities | Reject:
    """Every mention of the recipe's labels in `answer`, seeds first, then what the lexicons find beside them."""
    text = first_sentence(tidy(answer)) if recipe.verify.first_sentence else tidy(answer)
    if (fault := fault_of(text, recipe.verify)) is not None:
        return Reject(fault)
    sentence = Sentence(text)
    asked = locate_seeds(request.seeds, sentence, recipe, looked_up)
    if asked is None:
        return Reject("seed missing")
    unasked = [] if recipe.verify.unasked == "ignore" else find_unasked(sentence, looked_up, asked)
    taken = [span for _, _, span in asked if span.label]
    if unasked and recipe.verify.unasked == "reject":
        return Reject("mention that was not asked for")
    for span in unasked:
        inside = [old for old in taken if span.start <= old.start and old.end <= span.end]
        if not any(
            span.start < old.end and old.start < span.end for old in taken if old not in inside
        ):
            taken = [old for old in taken if old not in inside] + [span]
    taken += spelled_out(taken, sentence)
    return Entities(text, in_order(taken), in_order(context_of(request, asked, taken, looked_up)))


def in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans))  # by where they start


def context_of(
    request: Request,
    asked: Sequence[tuple[int, int, Span]],
    taken: Sequence[Span],
    looked_up: Lookup,
) -> list[Span]:
    """Where the seeds stand that no label is for, each named by its lexicon; not what became part of a mention."""
    unlabelled = [span for _, _, span in asked if not span.label]
    if not unlabelled:
        return []
    lexicons = {
        seed.concept_id: seed.lexicon
        for seed in request.seeds
        if seed.lexicon not in looked_up.label_of
    }
    return [
        span._replace(label=lexicons[span.concept_id])
        for span in unlabelled
        if span.concept_id in lexicons
        and not any(span.start < old.end and old.start < span.end for old in taken)
    ]


def verify_pair(request: Request, answer: str, recipe: Recipe) -> Pair | Reject:
    """The sentence with the request's head and tail, labelled as the request asked for."""
    assert recipe.relation is not None and request.kind.label is not None
    text = first_sentence(tidy(answer)) if recipe.verify.first_sentence else tidy(answer)
    if (fault := fault_of(text, recipe.verify)) is not None:
        return Reject(fault)
    sentence = Sentence(text)
    spans: dict[str, Span] = {}
    for seed in request.seeds:
        found = locate(seed, sentence, recipe.verify.repair)
        if not found:
            return Reject("seed missing")
        if seed.lexicon in (recipe.relation.head, recipe.relation.tail):
            first, last = found[0]
            spans.setdefault(
                seed.lexicon, span_of(sentence, first, last, seed.lexicon, seed.concept_id)
            )
    head, tail = spans[recipe.relation.head], spans[recipe.relation.tail]
    if head.start < tail.end and tail.start < head.end:
        return Reject("head and tail overlap")
    unlinked = request.kind.label == recipe.relation.labels[0]
    return Pair(
        text, head, tail, (unlinked and recipe.relation.named_together) or request.kind.label
    )


def tidy(answer: str) -> str:
    """The answer without white space around it, and one space wherever it had several or a line break in a paragraph."""
    text = answer.strip()
    return SPACING.sub(" ", text) if "  " in text or "\t" in text or "\xa0" in text else text


def first_sentence(text: str) -> str:
    """The text up to where a second sentence begins; a full stop behind an abbreviation ends none."""
    if "!" not in text and "?" not in text and text.find(".", 0, -1) < 0:
        return text  # as most do, which are not worth a search
    for end in SEVERAL.finditer(text):
        if not ABBREVIATED.search(text, max(0, end.start() - 8), end.end()):
            return text[: end.end() - 1].rstrip()
    return text


def fault_of(text: str, rules: Verification) -> str | None:
    """What is wrong with the form of an answer, whatever it was asked for; None when nothing is."""
    if not text:
        return "empty"
    if len(text) > 40 * rules.max_words or len(words := locate_words(text).words) > rules.max_words:
        return "too long"
    plain = text.isascii() and text.isprintable()
    if not plain and CONTROL.search(text):
        return "control character"
    lines = "\n" in text
    if LIST.search(text) if lines else LIST.match(text):
        return "list"
    if lines:
        return "more than one line"
    if QUOTED.match(text):
        return "quoted"
    if PREAMBLE.match(text):
        return "preamble"
    telling = not text.isascii() or not TELLING.isdisjoint(words)
    if telling and MARKUP.search(text):
        return "markup"
    if len(words) < rules.min_words:
        return "too short"
    if UNFINISHED.search(text, len(text) - 5):  # the longest end, "with", and what is before it
        return "truncated"
    if not rules.first_sentence and first_sentence(text) != text:
        return "several sentences"
    if telling and rules.definitions == "reject" and DEFINITION.search(text.lower()):
        return "definition"
    return None


def locate_seeds(
    seeds: Sequence[Seed], sentence: Sentence, recipe: Recipe, looked_up: Lookup
) -> list[tuple[int, int, Span]] | None:
    """Every occurrence of every seed as `(first word, last word, span)`; None where a seed is missing.

    A seed of a lexicon that is no label of the recipe gets an empty label: it is context, and keeps its words from
    being taken for something else.
    """
    found: list[tuple[int, int, Span]] = []
    used: set[int] = set()
    for seed in sorted(seeds, key=lambda seed: -len(seed.text)) if len(seeds) > 1 else seeds:
        places = locate(seed, sentence, recipe.verify.repair)
        if used:
            places = [place for place in places if used.isdisjoint(range(*place))]
        if not places:
            return None
        label = looked_up.label_of.get(seed.lexicon, "")
        if label and looked_up.by_label[label].by_id.keys().isdisjoint(seed.concept_id.split("|")):
            label = ""  # a borrowed request's, of a concept that this recipe doesn't count
        for first, last in places:
            used.update(range(first, last))
            found.append((first, last, span_of(sentence, first, last, label, seed.concept_id)))
    return found


def locate(seed: Seed, sentence: Sentence, repair: bool) -> list[tuple[int, int]]:
    """Word ranges `[first, last)` that spell the seed, hyphens apart; with `repair`, in another number or spelling too.

    An acronym is its case: it is never repaired.
    """
    form, key = wanted(seed.text, repair)
    if not key.strip():
        return []
    line = sentence.line(form)
    places: list[tuple[int, int]] = []
    at = line.find(key)
    while at >= 0:
        first = line.count(" ", 0, at)
        places.append((sentence.kept[first], sentence.kept[first + key.count(" ") - 2] + 1))
        at = line.find(key, at + len(key) - 1)
    return places


@lru_cache(maxsize=1 << 16)  # a few ten thousand names are asked for, again and again
def wanted(name: str, repair: bool) -> tuple[str, str]:
    """The form of a sentence in which a seed is looked for, and the seed's words in that form, a space around each."""
    form = "exact" if is_acronym(name) else "folded" if repair else "lower"
    key = folded_key(name) if form == "folded" else exact_key(name)
    return form, f" {key.lower() if form == 'lower' else key} "


def find_unasked(
    sentence: Sentence, looked_up: Lookup, asked: Sequence[tuple[int, int, Span]]
) -> list[Span]:
    """Lexicon mentions that are no seed; longer than a seed where they hold one, never part of a context seed."""
    found = []
    for label, lexicon in looked_up.by_label.items():
        for match in lexicon.matcher.look_up(sentence):
            overlapping = [
                (first, last, span)
                for first, last, span in asked
                if match.start < last and first < match.end
            ]
            if overlapping and not outgrows(match, overlapping):
                continue
            span = span_of(sentence, match.start, match.end, label, match.concept_id)
            if span.text not in looked_up.symbols:
                found.append(span)
    return found


def outgrows(match: Match, asked: Sequence[tuple[int, int, Span]]) -> bool:
    """Whether each of the seeds is a mention and a part of the match, and none is all of it."""
    return all(
        span.label
        and match.start <= first
        and last <= match.end
        and (first, last) != (match.start, match.end)
        for first, last, span in asked
    )


def spelled_out(taken: Sequence[Span], sentence: Sentence) -> list[Span]:
    """Acronyms that the sentence itself introduces in brackets behind a mention: each is a mention wherever it stands.

    Its letters must stand in the mention in the same order, the first at the beginning (after Schwartz and Hearst 2003).
    """
    if "(" not in sentence.text:
        return []
    numbers = {end: i for i, end in enumerate(sentence.ends)}
    short: dict[str, Span] = {}
    for span in taken:
        following = sentence.words[numbers[span.end] + 1 : numbers[span.end] + 4]
        if (
            len(following) == 3
            and following[0] == "("
            and following[2] == ")"
            and is_acronym(following[1])
        ):
            letters = iter(span.text.lower())
            if span.text[0].lower() == following[1][0].lower() and all(
                c in letters for c in following[1].lower()
            ):
                short[following[1]] = span
    return [
        Span(start, end, short[word].label, word, short[word].concept_id)
        for word, start, end in zip(sentence.words, sentence.starts, sentence.ends, strict=True)
        if word in short and not any(start < old.end and old.start < end for old in taken)
    ]


def span_of(sentence: Sentence, first: int, last: int, label: str, concept_id: str) -> Span:
    start, end = sentence.starts[first], sentence.ends[last - 1]
    return Span(start, end, label, sentence.text[start:end], concept_id)
