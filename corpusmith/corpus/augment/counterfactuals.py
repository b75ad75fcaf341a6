"""The same sentence with the word of another relation type: "inhibits" becomes "activates".

Two statements of a recipe that differ in one word say which words may replace each other:
"{head} increases the expression of {tail}" and "{head} decreases the expression of {tail}".
"""

import random
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations

from corpusmith.corpus.claims import Claims
from corpusmith.corpus.example import PairSentence
from corpusmith.recipe.relation import RelationRecipe, RelationType

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
ARTICLE = re.compile(r"\b(an?)(?= $)", re.IGNORECASE)


def counterfactual(
    example: PairSentence, claims: Claims, rng: random.Random
) -> PairSentence | None:
    """A related pair with another type, or None where no type has a word in its place.

    A sentence that states two types is left alone, and so is one whose type has a cue word that no
    other word can replace.
    """
    types = {
        pair.label for pair in (example, *example.others) if pair.label != claims.relation.labels[0]
    }
    if types != {example.label}:
        return None
    words = replacements(claims.relation)[example.label]
    found = []
    own = next(one for one in claims.relation.types if one.name == example.label)
    has_direction = not (claims.relation.one_lexicon and own.symmetric)
    for other in claims.relation.types:
        if not has_direction and not other.symmetric:
            continue  # in which direction the new word relates the names is unknown
        changed = replaced(example, words.get(other.name, {}), other.name)
        if changed.text == example.text:
            continue
        says = {one.name for one in claims.relation.types if claims.says(changed.masked, one.name)}
        if says == {other.name}:
            found.append(changed)
    return rng.choice(found) if found else None


def replaced(example: PairSentence, words: dict[str, str], label: str) -> PairSentence:
    """The pair with each word outside its names replaced, where `words` has another for it."""
    text, head, tail = example.text, example.head, example.tail
    for match in reversed(list(WORD.finditer(example.text))):
        new = words.get(match[0].lower())
        start, end = match.span()
        if new is None or any(start < span.end and span.start < end for span in (head, tail)):
            continue
        new = new[0].upper() + new[1:] if match[0][0].isupper() else new
        if article := ARTICLE.search(text[:start]):
            start = article.start()
            new = article[0][0] + ("n " if new[0].lower() in "aeiou" else " ") + new
        text = text[:start] + new + text[end:]
        by = len(new) - (end - start)
        head, tail = (span.shifted(end, by) if span.start >= end else span for span in (head, tail))
    return PairSentence(text, head, tail, label)


@lru_cache(maxsize=8)
def replacements(relation: RelationRecipe) -> dict[str, dict[str, dict[str, str]]]:
    """By type, other type and word: the word in its place, with the other forms of verbs."""
    found: dict[str, dict[str, dict[str, str]]] = {one.name: {} for one in relation.types}
    for one, other in permutations(relation.types, 2):
        words = found[one.name].setdefault(other.name, {})
        for word, new in one_word_apart(one, other):
            for old_form, new_form in verb_forms(word, new):
                words.setdefault(old_form, new_form)
    return found


def one_word_apart(one: RelationType, other: RelationType) -> Iterator[tuple[str, str]]:
    """The words in which a statement of one type differs from one of the other, if just one."""
    for mine in one.statements:
        for theirs in other.statements:
            words, others = mine.split(), theirs.split()
            apart = [
                (a.strip(",;."), b.strip(",;."))
                for a, b in zip(words, others, strict=False)
                if a != b
            ]
            if len(words) == len(others) and len(apart) == 1:
                old, new = apart[0]
                if WORD.fullmatch(old) and WORD.fullmatch(new):
                    yield old.lower(), new.lower()


def verb_forms(word: str, new: str) -> Iterator[tuple[str, str]]:
    """Two words, and their other forms if both end in -s, as verbs do in a statement."""
    yield word, new
    if word.endswith("s") and new.endswith("s"):
        stem, new_stem = (re.sub(r"(es|s)$", "", one) for one in (word, new))
        yield word.removesuffix("s"), new.removesuffix("s")
        for ending in ("ed", "ing"):
            yield stem + ending, new_stem + ending
