"""Check by cue words and by the places of the names that a sentence makes the requested claim.

The cue words of a relation type are the words of its statements that no other type uses: "inhibits"
and "blocks". They are compared by their beginning, so that "inhibition" and "inhibitor" count too.
A small LLM often writes about the pair in general; without this check its sentence would carry the
label that was asked for.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from corpusmith.corpus.example import Span
from corpusmith.recipe.relation import NEGATION, RelationRecipe
from corpusmith.recipe.relation_kinds import asked_how
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Kind

ENDING = re.compile(r"(ions?|ing|ed|es|s|ors?|ers?|e)$")
SHORTEST_CUE = 4  # letters; too many words share a shorter beginning
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
COORDINATED = re.compile(r"\s*([,/(]|and|or|with|plus)\s*")  # ", and" begins another clause
MASK = re.compile(r"@[^\s$]+\$")  # a name of the pair: @GENE$, @DRUG1$
PASSIVE = re.compile(r"\bby\b", re.IGNORECASE)
MISPLACED = "names in the wrong places"


def beginning(word: str) -> str:
    """The part of a word that its forms share: `inhibit` of inhibits, inhibition and inhibitor.

    Hyphens are left out, and -ize is spelt -ise: "up-regulates", "upregulated"; "catalyzes".
    """
    lower = word.lower().replace("-", "").replace("yz", "ys").replace("iz", "is")
    cut = ENDING.sub("", lower)
    return cut if len(cut) >= SHORTEST_CUE else lower


def beginnings(text: str) -> set[str]:
    """The beginnings of the words of a text that are long enough to be cues."""
    return {beginning(word) for word in WORD.findall(text) if len(word) >= SHORTEST_CUE}


@lru_cache(maxsize=1)
def wording() -> dict[str, frozenset[str]]:
    """The lists of words in builders/prompts/relation.yaml: beginnings of the general words, and
    the joining and contrasting words as they are.
    """
    lists = asked_how()
    return {
        "general": frozenset(map(beginning, lists["general_words"])),
        "joining": frozenset(lists["joining"]),
        "contrasting": frozenset(lists["contrasting"]),
    }


@lru_cache(maxsize=8)
def claims_of(relation: RelationRecipe) -> "Claims":
    """The claims of a relation, made once."""
    return Claims(relation)


class Claims:
    """The cue words of a relation's types."""

    def __init__(self, relation: RelationRecipe) -> None:
        self.relation = relation

    @cached_property
    def cues(self) -> dict[str, set[str]]:
        """By type, the beginnings of the words that only its statements have."""
        spoken = {
            one.name: beginnings(re.sub(r"\{[^}]*\}", " ", " . ".join(one.statements)))
            for one in self.relation.types
        }
        links = beginnings(re.sub(r"\{[^}]*\}", " ", " . ".join(self.relation.other_links)))
        cues = {}
        for name, own in spoken.items():
            unshared = own - set().union(*(other for n, other in spoken.items() if n != name))
            own_words = unshared - links
            cues[name] = own_words - wording()["general"] or own_words
        return cues

    @cached_property
    def stated_by_negation(self) -> set[str]:
        """The types with a negation in a statement of their own: "should not be taken with"."""
        return {one.name for one in self.relation.types if one.stated_by_negation}

    @cached_property
    def exclusive(self) -> set[str]:
        """The types that no other type may be stated beside."""
        return {one.name for one in self.relation.types if one.exclusive}

    def fault(self, sentence: str, kind: Kind) -> str | None:
        """The reason to reject a sentence with a masked pair for its claim, or None."""
        if kind.claim == "any" or not self.relation.types:
            return None
        found = {name for name in self.cues if self.says(sentence, name)}
        if kind.claim == "absent":
            return "states a relation that was not asked for" if found else None
        negated = NEGATION.search(sentence) is not None
        if kind.claim == "negated":
            return None if negated else "negation missing"
        stated = {kind.label or "", *(pair.label for pair in kind.also)} & self.cues.keys()
        if negated and not stated & self.stated_by_negation:
            return "negated"
        if any(self.cues[name] and name not in found for name in stated):
            return "cue word of another type" if found - stated else "relation not stated"
        return "cue word of another type" if stated & self.exclusive and found - stated else None

    def says(self, sentence: str, name: str) -> bool:
        """Whether a sentence has a cue word of the type."""
        said = {beginning(word) for word in WORD.findall(MASK.sub(" ", sentence))}
        return any(word.startswith(cue) for word in said for cue in self.cues[name])

    def misplaced(self, text: str, spans: Sequence[Span], request: Request) -> str | None:
        """The reason to reject an answer for the places of its names, or None.

        Args:
            text: the answer.
            spans: the names in it, in the order of the request's seeds.
            request: the request; what its kind says of other pairs is checked too.
        """
        kind = request.kind
        stated = list(stated_pairs(kind, self.relation.none))
        if not stated or kind.claim == "any":
            return None
        if any(self._swapped(text, spans, request, pair) for pair in stated):
            return "names in the wrong direction"
        if len(spans) == 2:
            return None
        if len(stated) == 1:
            return self._beside(text, spans, stated[0], kind)
        named = set(stated[0][:2]) & set(stated[1][:2])
        if not named:
            return self._crossed(text, spans, stated)
        first, second = (next(iter(set(pair[:2]) - named)) for pair in stated[:2])
        said = text_between(text, spans[first], spans[second]).lower()
        contrasted = wording()["contrasting"] & set(WORD.findall(said))
        return MISPLACED if contrasted else None

    def _beside(
        self, text: str, spans: Sequence[Span], stated: tuple[int, int, str], kind: Kind
    ) -> str | None:
        """The fault of a sentence with one related pair and one name outside the relation."""
        alone = next(place for place in range(len(spans)) if place not in stated[:2])
        start, end = reach(spans, stated)
        if start <= spans[alone].start < end:
            return MISPLACED
        joined = (text_between(text, spans[alone], spans[place]) for place in stated[:2])
        if any(COORDINATED.fullmatch(said) for said in joined):
            return MISPLACED
        said = set(WORD.findall(text.lower()))
        return MISPLACED if kind.claim == "stated" and wording()["joining"] & said else None

    def _crossed(
        self, text: str, spans: Sequence[Span], stated: Sequence[tuple[int, int, str]]
    ) -> str | None:
        """The fault of a sentence with two related pairs that have no name in common.

        The pairs must not overlap, and each part of the sentence needs a cue word of its type.
        """
        (_, end, first), (other_start, _, second) = sorted(
            (*reach(spans, pair), pair[2]) for pair in stated
        )
        if other_start < end:
            return MISPLACED
        parts = {first: text[:other_start], second: text[end:]}
        if any(self.cues[name] and not self.says(part, name) for name, part in parts.items()):
            return MISPLACED
        return None

    def _swapped(
        self, text: str, spans: Sequence[Span], request: Request, pair: tuple[int, int, str]
    ) -> bool:
        """Whether head and tail of a directed pair of one lexicon have changed places.

        Their order may differ from the requested statement's only if the voice does: "A raises B",
        "B is raised by A". The word "by" between the names is the sign of a passive.
        """
        one = next(one for one in self.relation.types if one.name == pair[2])
        statement = request.attributes.get("statement", "")
        names = [request.seeds[place].text for place in pair[:2]]
        head, tail = (name_place(name, statement) for name in names)
        if not self.relation.one_lexicon or one.symmetric or min(head, tail) < 0:
            return False
        asked = statement[min(head, tail) : max(head, tail)]
        said = text_between(text, *(spans[place] for place in pair[:2]))
        turned = (head < tail) != (spans[pair[0]].start < spans[pair[1]].start)
        return turned != (bool(PASSIVE.search(asked)) != bool(PASSIVE.search(said)))


def name_place(name: str, statement: str) -> int:
    """Where a statement has the name, and not a longer one that begins or ends with it; or -1."""
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", statement)
    return found.start() if found else statement.find(name)


def stated_pairs(kind: Kind, none: str) -> Iterator[tuple[int, int, str]]:
    """The pairs of a request that are related: places of head and tail, and the type."""
    if kind.label not in (None, none):
        yield 0, 1, str(kind.label)
    for pair in kind.also:
        if pair.label != none:
            yield pair.head, pair.tail, pair.label


def reach(spans: Sequence[Span], pair: tuple[int, int, str]) -> tuple[int, int]:
    """From the beginning of a pair's first name to the end of its last."""
    head, tail = (spans[place] for place in pair[:2])
    return min(head.start, tail.start), max(head.end, tail.end)


def text_between(text: str, one: Span, other: Span) -> str:
    """The text between two names."""
    first, last = sorted((one, other))
    return text[first.end : last.start]
