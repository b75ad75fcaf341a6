"""Normalise a word list for running text: spelling, number, short forms and weights."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from corpusmith.files import shipped
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.matcher import folded_key, is_acronym
from corpusmith.lexicon.words import words

SETTINGS = shipped("builders", "words", "fitness.yaml")
BRACKETED = re.compile(r"(?P<long>[^()]+?) \((?P<short>[^()\s]+)\)")
BINOMIAL = re.compile(r"(?P<genus>[A-Z])[a-z]{2,} (?P<species>[a-z]{3,}(?:-[a-z]+)?)")
WORD = re.compile(r"[^\W\d_]+(?:'s)?")


class NameChange(NamedTuple):
    """The change to one name. `written` is empty if the name was left out."""

    name: str
    written: str
    reason: str

    @property
    def kind(self) -> str:
        if not self.written:
            return "left out"
        return "added" if not self.name else "changed"


@dataclass(frozen=True)
class Fitted:
    """The concepts of a normalised list, and each name that was changed, added or left out."""

    concepts: tuple[Concept, ...]
    changes: tuple[NameChange, ...] = field(repr=False)

    def summary(self) -> Counter[tuple[str, str]]:
        """Counts of names changed, added or left out, by reason."""
        return Counter((change.kind, change.reason) for change in self.changes)


@lru_cache(maxsize=1)
def settings() -> Mapping[str, Any]:
    """The thresholds in builders/words/fitness.yaml."""
    read: dict[str, Any] = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    return read


def frequency(name: str) -> float:
    """The Zipf frequency of a name in English: 3 is once per million words, 0 is unknown."""
    from wordfreq import zipf_frequency

    return zipf_frequency(name, "en")


def fit(concepts: Sequence[Concept], known_case: Mapping[str, str]) -> Fitted:
    """Normalise the names of a list for running text, and weight each concept by its frequency.

    `known_case` says how running text writes a word ("alzheimer" as "Alzheimer"); see
    `natural_case`.
    """
    fitting = Fitting(concepts, known_case)
    fitted = tuple(filter(None, map(fitting.fit, concepts)))
    return Fitted(fitted, tuple(fitting.changes))


class Fitting:
    """The conventions of the list, the changes so far, and the concept of each name."""

    def __init__(self, concepts: Sequence[Concept], known_case: Mapping[str, str]) -> None:
        names = [name for concept in concepts for name in concept.names]
        self.case = known_case
        self.binomials = share_of_true(map(bool, map(BINOMIAL.fullmatch, names)))
        self.has_binomials = self.binomials >= settings()["binomial_share"]
        several = [name for name in names if " " in name]
        self.is_headings = share_of_true(map(is_heading, several)) >= settings()["headings_share"]
        self.genera = {name.split()[0] for name in names if BINOMIAL.fullmatch(name)}
        self.unusable = re.compile("|".join(settings()["unusable"]), re.IGNORECASE)
        self.changes: list[NameChange] = []
        self.taken: dict[str, str] = {}

    def fit(self, concept: Concept) -> Concept | None:
        written: list[str] = []
        for name in concept.names:
            for fixed, reason in self.fixed(name):
                if fault := self.fault(fixed, concept):
                    self.changes.append(NameChange(name, "", fault))
                    continue
                written.append(fixed)
                self.taken[spelling_key(fixed)] = concept.id
                if reason:
                    self.changes.append(NameChange("" if name in written else name, fixed, reason))
        for form, reason in self.added(written):
            if spelling_key(form) not in self.taken:
                written.append(form)
                self.taken[spelling_key(form)] = concept.id
                self.changes.append(NameChange("", form, reason))
        if not written:
            return None
        return replace(concept, names=tuple(written), weight=weight_of(written))

    def fixed(self, name: str) -> Iterator[tuple[str, str]]:
        """The name as running text writes it, with the change; "long (SHORT)" gives two names."""
        plain = visible(name)
        if bracketed := BRACKETED.fullmatch(plain):
            yield (
                self.recased(turned_round(bracketed["long"])),
                "short form in brackets taken apart",
            )
            if is_acronym(bracketed["short"]):
                yield bracketed["short"], "short form in brackets taken apart"
            return
        turned = turned_round(plain)
        recased = self.recased(turned)
        reason = "inverted name turned round" if turned != plain else ""
        reason = reason or ("case of running text" if recased != turned else "")
        hidden = "invisible characters removed" if plain != " ".join(name.split()) else ""
        yield recased, reason or hidden

    def recased(self, name: str) -> str:
        """Give a heading the case of running text. Names with lower-case words stay as they are."""
        several = " " in name or "-" in name
        if not self.is_headings or is_acronym(name) or (several and not is_heading(name)):
            return name
        if not several and self.has_binomials and frequency(name) < settings()["common_word"]:
            return name

        def natural(match: re.Match[str]) -> str:
            word = match.group()
            lower = word.lower()
            if not word.istitle() or len(word) == 1 or word in self.genera or word.endswith("'s"):
                return word
            return self.case.get(lower, lower)

        return WORD.sub(natural, name)

    def form_fault(self, name: str) -> str:
        """The reason why no sentence would have a name of this form; empty if one could."""
        if len(name) > settings()["most_letters"]:
            return f"more than {settings()['most_letters']} letters"
        if self.unusable.search(name) or ", " in name:
            return "brackets or punctuation that no sentence has"
        if len(words(name)) > settings()["most_words"]:
            return f"more than {settings()['most_words']} words"
        if len(name) < settings()["fewest_letters"] and not is_acronym(name):
            return "too short to be told from other words"
        return "" if spelling_key(name) else "no letter or digit"

    def fault(self, name: str, concept: Concept) -> str:
        """The reason to leave out a name; empty if it is kept."""
        if fault := self.form_fault(name):
            return fault
        key = spelling_key(name)
        if self.taken.get(key, concept.id) != concept.id:
            return "another line has this name"
        if key in self.taken:
            return "the same name in another number, case or spelling"
        return ""

    def added(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Plurals and singulars that folding does not reach, and "C. albicans" of "Candida
        albicans"."""
        for name in names:
            if binomial := BINOMIAL.fullmatch(name):
                if self.has_binomials:
                    yield f"{binomial['genus']}. {binomial['species']}", "abbreviated genus"
            elif name.split()[-1].islower():
                for form in other_numbers(name):
                    if spelling_key(form) != spelling_key(name):
                        yield form, "other number"


def rank_test(excluded: Iterable[str]) -> Callable[[str], bool]:
    """Return a test for the names of taxonomic ranks that are excluded, such as "genera".

    A genus is one capitalised word that English rarely writes; the other ranks have endings.
    """
    phrases = {phrase.lower() for phrase in excluded}
    ranks = settings()["ranks"]
    endings = tuple(end for rank in phrases & ranks.keys() for end in ranks[rank]["endings"])
    genera = bool(phrases & set(settings()["genus_words"]))

    def is_excluded(name: str) -> bool:
        if " " in name or not name.isalpha():
            return False
        is_genus = name.istitle() and frequency(name) < settings()["common_word"]
        return (genera and is_genus) or (bool(endings) and name.endswith(endings))

    return is_excluded


def spelling_key(name: str) -> str:
    """A key that is equal for names that a look-up treats as the same. Acronyms keep their case."""
    return name if is_acronym(name) else folded_key(name)


def weight_of(names: Sequence[str]) -> float:
    """The weight of a concept, from the frequency of its preferred name or a one-word name."""
    counted = {names[0], *(name for name in names if len(words(name)) == 1)}
    rarer = settings()["extra_word"]
    most = max(frequency(name) - rarer * (len(words(name)) - 1) for name in counted)
    weight = 10 ** (settings()["weight_exponent"] * (most - 2))
    return round(max(settings()["least_weight"], weight), 3)


def visible(name: str) -> str:
    """A name without control characters and others that are not seen, such as soft hyphens."""
    spaced = " ".join(name.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf")).strip()


def share_of_true(flags: Iterable[bool]) -> float:
    """The share of true values; 0 of none."""
    counted = list(flags)
    return sum(counted) / len(counted) if counted else 0.0


def is_heading(name: str) -> bool:
    """Whether every word begins with a capital or a digit, small words apart: "Ligament of the
    Uterus"."""
    small = set(settings()["small_words"])
    parts = [part for part in re.split(r"[\s-]+", name) if part and part not in small]
    return bool(parts) and not any(part[0].islower() for part in parts)


def turned_round(name: str) -> str:
    """'Anemia, Hemolytic, Congenital' as it is written in a sentence: 'Congenital Hemolytic
    Anemia'."""
    head, *rest = name.split(", ")
    trailing = [part for part in rest if re.match(r"\d|type\b", part, re.IGNORECASE)]
    return " ".join([*reversed([part for part in rest if part not in trailing]), head, *trailing])


def natural_case(names: Iterable[str]) -> dict[str, str]:
    """How each word is written in names of sentence case, such as the shipped lexicons':
    'alzheimer' as 'Alzheimer'.

    Some names there are in title case, so a word that is written small at least one time in five is
    written small.
    """
    seen: dict[str, Counter[str]] = {}
    for name in names:
        for word in words(name):
            if len(word) == 1 or not word.isupper():
                seen.setdefault(word.lower(), Counter())[word] += 1
    return {
        folded: folded if 5 * forms[folded] >= forms.total() else forms.most_common(1)[0][0]
        for folded, forms in seen.items()
    }


def other_numbers(name: str) -> Iterator[str]:
    """The name with its last word in another number, where English writes that form.

    A look-up folds a final s itself, so only an irregular plural ("mice", "viruses") has a
    singular here.
    """
    *before, last = name.split()
    if not last.isalpha() or not last.isascii():
        return
    singular = str(_inflect().singular_noun(last) or "")
    form = singular if frequency(singular) > 0 else str(_inflect().plural_noun(last))
    if f"{form}s" != last and frequency(form) > 0:
        yield " ".join([*before, form])


@lru_cache(maxsize=1)
def _inflect() -> Any:
    import inflect

    engine = inflect.engine()
    engine.classical(ancient=True)  # fungi, not funguses
    return engine
