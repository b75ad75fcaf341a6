"""Paraphrases of a relation type's statements: read them in replies and check them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from corpusmith.corpus.checks import tidy
from corpusmith.corpus.claims import PASSIVE, Claims, beginnings, wording
from corpusmith.quality.growth.checks import too_few
from corpusmith.quality.growth.replies import MARK, QUOTES
from corpusmith.quality.growth.requests import GrowthRequest
from corpusmith.quality.growth.table import GrownRow
from corpusmith.quality.growth.wording import thresholds
from corpusmith.recipe.prompt import CONTROL
from corpusmith.recipe.relation import NEGATION, SLOTS, RelationRecipe, RelationType

SLOT = re.compile(r"\{\s*(\w+)\s*\}")
BRACED = re.compile(r"\{[^}]*\}")


def statement_rows(
    relation: RelationRecipe, replies: Iterable[tuple[GrowthRequest, str]]
) -> list[GrownRow]:
    """A row for each statement that the replies propose for a type."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for request, reply in replies:
        counts[request.of].update(dict.fromkeys(statements_in(reply), 1))
    claims = Claims(relation)
    rows = []
    for one in relation.types:
        for text, count in counts[one.name].items():
            fault = statement_fault(text, one, claims) or too_few(count)
            rows.append(GrownRow(not fault, text, "", "statement", one.name, count, 0, fault))
    return rows


def statements_in(reply: str) -> Iterator[str]:
    """The lines of a reply that have a slot, without marks, quotes and the final full stop."""
    for line in tidy(reply).splitlines():
        plain = SLOT.sub(lambda slot: f"{{{slot[1].lower()}}}", MARK.sub("", line))
        plain = " ".join(plain.strip(f"{QUOTES} ,;*").rstrip(".").strip(QUOTES).split())
        if SLOTS & set(BRACED.findall(plain)) and not CONTROL.search(plain):
            yield plain


def statement_fault(text: str, one: RelationType, claims: Claims) -> str:
    """The reason to leave out a statement; empty if it passes."""
    if fault := slot_fault(text):
        return fault
    fewest, most = thresholds()["statement_words"]
    if not fewest <= len(text.split()) <= most:
        return f"fewer than {fewest} or more than {most} words"
    relation = claims.relation
    known = {said.lower() for t in relation.types for said in t.statements}
    if text.lower() in known | set(map(str.lower, relation.other_links)):
        return "in the recipe already"
    if NEGATION.search(text) and not one.stated_by_negation:
        return "has a negation"
    plain = BRACED.sub(" ", text)
    others = (other.name for other in relation.types if other.name != one.name)
    if other := next((name for name in others if claims.says(plain, name)), ""):
        return f"has a cue word of {other}"
    links = beginnings(BRACED.sub(" ", " . ".join(relation.other_links)))
    if not beginnings(plain) - links - wording()["general"]:
        return "has no cue word of its own"
    if not one.symmetric and acts_from_head(text) not in set(map(acts_from_head, one.statements)):
        return "head and tail may have changed places"
    return ""


def slot_fault(text: str) -> str:
    """The reason why a text is no statement for its slots; empty if it has each once."""
    found = BRACED.findall(text)
    if sorted(found) != sorted(SLOTS) or set("{}") & set(BRACED.sub("", text)):
        return "needs {head} and {tail} once each"
    return ""


def acts_from_head(statement: str) -> bool:
    """Whether the head is what acts: it is first, or behind the "by" of a passive."""
    head, tail = statement.find("{head}"), statement.find("{tail}")
    between = statement[min(head, tail) : max(head, tail)]
    return (head < tail) != bool(PASSIVE.search(between))
