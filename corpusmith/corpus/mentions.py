"""Find mentions in a sentence: the requested seeds, and other names of the lexicons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpusmith.corpus.example import Span
from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.matcher import Match, exact_key, folded_key, is_acronym
from corpusmith.lexicon.words import Sentence, words
from corpusmith.recipe.request import Seed
from corpusmith.recipe.schema import Recipe

STEM = 6  # letters that two forms of one word share at its beginning
FEWEST_LETTERS = 3
LONGEST_ENDING = 2  # letters that one of two short forms may have more than the other


@dataclass(frozen=True)
class FoundSeed:
    """A seed found at words `[first, last)` of the sentence.

    The span has no label if the recipe doesn't label the seed's lexicon. Such a seed is
    context: its words can't be part of another mention.
    """

    first: int
    last: int
    span: Span


class Lookup:
    """Finds seeds and other mentions in sentences, by the lexicons of a recipe's labels.

    Acronyms of the recipe's other lexicons are ambiguous and never taken for a mention.
    """

    def __init__(self, recipe: Recipe, lexicons: Mapping[str, Lexicon]) -> None:
        self.lexicons = lexicons
        self.by_label = {label: lexicons[name] for label, name in recipe.labels.items()}
        self.label_of = {lexicon: label for label, lexicon in recipe.labels.items()}
        self.repair = recipe.verify.repair
        others = [lexicon for name, lexicon in lexicons.items() if name not in self.label_of]
        names = (
            name for lexicon in others for concept in lexicon.concepts for name in concept.names
        )
        self.ambiguous = frozenset(filter(is_acronym, names))

    def find_seeds(
        self, seeds: Iterable[Seed], sentence: Sentence
    ) -> tuple[list[FoundSeed], list[Seed]]:
        """Every occurrence of every seed, longer seeds first, and the seeds that are missing."""
        found: list[FoundSeed] = []
        missing: list[Seed] = []
        used: set[int] = set()
        for seed in sorted(seeds, key=lambda seed: -len(seed.text)):
            places = [
                place
                for place in locate_seed(seed, sentence, self.repair)
                if used.isdisjoint(range(*place))
            ]
            if not places:
                missing.append(seed)
            label = self._label(seed)
            if not label and not self._is_context(seed):
                continue
            for first, last in places:
                used.update(range(first, last))
                span = span_of(sentence, first, last, label, seed.concept_id)
                found.append(FoundSeed(first, last, span))
        return found, missing

    def find_remains(self, missing: Iterable[Seed], sentence: Sentence) -> list[Span]:
        """The words that resemble a word of a missing seed that the recipe labels."""
        found: list[Span] = []
        for seed in missing:
            if label := self._label(seed):
                parts = [word.lower() for word in words(seed.text) if len(word) >= FEWEST_LETTERS]
                found += [
                    span_of(sentence, i, i + 1, label, seed.concept_id)
                    for i, word in enumerate(sentence.words)
                    if any(resemble(word.lower(), part) for part in parts)
                ]
        return found

    def _label(self, seed: Seed) -> str:
        """The seed's label; none for a borrowed concept that this recipe's `find` excludes."""
        label = self.label_of.get(seed.lexicon, "")
        if not label or not concepts_of(self.by_label[label], seed):
            return ""
        numbered = seed.concept_id.startswith("word:")  # by line: another list has the number too
        return label if not numbered or has_name(self.by_label[label], seed) else ""

    def _is_context(self, seed: Seed) -> bool:
        """Whether a seed without a label is one for this recipe: a lender may have asked for a name
        that is one of the type here, so that this recipe's lexicon lacks it (`apart_from`)."""
        lexicon = self.lexicons.get(seed.lexicon)
        return seed.lexicon in self.label_of or (lexicon is not None and has_name(lexicon, seed))

    def find_unasked(self, sentence: Sentence, asked: Sequence[FoundSeed]) -> list[Span]:
        """Lexicon mentions that no seed asked for.

        One may be longer than a seed that it holds, but never part of a context seed.
        """
        found = []
        for label, lexicon in self.by_label.items():
            for match in lexicon.matcher.look_up(sentence):
                overlapping = [
                    seed for seed in asked if match.start < seed.last and seed.first < match.end
                ]
                if overlapping and not outgrows(match, overlapping):
                    continue
                span = span_of(sentence, match.start, match.end, label, match.concept_id)
                if span.text not in self.ambiguous:
                    found.append(span)
        return found


def concepts_of(lexicon: Lexicon, seed: Seed) -> list[Concept]:
    """The seed's concepts that the lexicon has; a coordinated seed has two."""
    found = map(lexicon.by_id.get, seed.concept_id.split("|"))
    return [concept for concept in found if concept is not None]


def has_name(lexicon: Lexicon, seed: Seed) -> bool:
    """Whether the seed's text is a name of its concept in this lexicon, or made from one."""
    concepts, key = concepts_of(lexicon, seed), folded_key(seed.text)
    if "|" in seed.concept_id or is_acronym(seed.text):
        return bool(concepts)
    return any(folded_key(name) == key for concept in concepts for name in concept.names)


def resemble(word: str, other: str) -> bool:
    """Whether both begin with the same letters and are forms of one word: "owl" and "owls",
    "nephritic" and "nephritis", but not "the" and "therapy"."""
    shorter = min(len(word), len(other), STEM)
    if shorter < FEWEST_LETTERS or word[:shorter] != other[:shorter]:
        return False
    return shorter == STEM or abs(len(word) - len(other)) <= LONGEST_ENDING


def outgrows(match: Match, asked: Sequence[FoundSeed]) -> bool:
    """Whether each of the seeds is labelled and a proper part of the match."""
    return all(
        seed.span.label
        and match.start <= seed.first
        and seed.last <= match.end
        and (seed.first, seed.last) != (match.start, match.end)
        for seed in asked
    )


def locate_seed(seed: Seed, sentence: Sentence, repair: bool) -> list[tuple[int, int]]:
    """Word ranges `[first, last)` that spell the seed, without regard to hyphens.

    With `repair` another number or spelling counts too (tumour, tumors). An acronym is never
    repaired, since its case is part of it.
    """
    form = "exact" if is_acronym(seed.text) else "folded" if repair else "lower"
    key = folded_key(seed.text) if form == "folded" else exact_key(seed.text)
    if not key:
        return []
    key = f" {key.lower() if form == 'lower' else key} "
    line = sentence.line(form)
    places: list[tuple[int, int]] = []
    at = line.find(key)
    while at >= 0:
        first = line.count(" ", 0, at)
        places.append((sentence.kept[first], sentence.kept[first + key.count(" ") - 2] + 1))
        at = line.find(key, at + len(key) - 1)
    return places


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)


def longest(labelled: Sequence[Span], unasked: Iterable[Span]) -> list[Span]:
    """Merge two lists of spans. A span replaces the spans that it contains."""
    taken = list(labelled)
    for span in unasked:
        overlapping = [old for old in taken if span.start < old.end and old.start < span.end]
        if all(span.start <= old.start and old.end <= span.end for old in overlapping):
            taken = [*(old for old in taken if old not in overlapping), span]
    return taken


def introduced_acronyms(mentions: Sequence[Span], sentence: Sentence) -> list[Span]:
    """Acronyms that the sentence introduces in brackets after a mention, wherever they occur.

    The mention has the acronym's letters in the same order and begins with the first of them
    (after Schwartz and Hearst 2003).
    """
    numbers = {end: i for i, end in enumerate(sentence.ends)}
    short: dict[str, Span] = {}
    for span in mentions:
        after = numbers[span.end] + 1
        match sentence.words[after : after + 3]:
            case ["(", acronym, ")"] if is_acronym(acronym) and abbreviates(acronym, span.text):
                short[acronym] = span
    return [
        Span(start, end, short[word].label, word, short[word].concept_id)
        for word, start, end in zip(sentence.words, sentence.starts, sentence.ends, strict=True)
        if word in short and not any(start < old.end and old.start < end for old in mentions)
    ]


def abbreviates(acronym: str, name: str) -> bool:
    """Whether the acronym's letters are in the name in order, the first one at its beginning."""
    letters = iter(name.lower())
    return name[0].lower() == acronym[0].lower() and all(c in letters for c in acronym.lower())


def span_of(sentence: Sentence, first: int, last: int, label: str, concept_id: str) -> Span:
    """The span of words `[first, last)`."""
    start, end = sentence.starts[first], sentence.ends[last - 1]
    return Span(start, end, label, sentence.text[start:end], concept_id)
