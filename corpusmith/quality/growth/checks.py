"""Check proposals. The first check that fails gives the reason; a person decides in the end."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from corpusmith.lexicon.fitness import Fitting, frequency, share_of_true, spelling_key
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import Matcher, is_acronym
from corpusmith.lexicon.recorded import mention_counts
from corpusmith.lexicon.scope import read_scope
from corpusmith.lexicon.words import words
from corpusmith.quality.growth.lists import GrowingList, keys_of
from corpusmith.quality.growth.proposals import CONFUSABLE, Proposal, Proposals
from corpusmith.quality.growth.table import GrownRow
from corpusmith.quality.growth.wording import thresholds
from corpusmith.recipe.new.entities import counted_test

UNCOUNTED = "in the list of what doesn't count"


@dataclass
class Checks:
    """The checks of one list. `about` is the recipe's, `general` its names that don't count."""

    target: GrowingList
    about: str
    general: frozenset[str] = frozenset()

    def name_fault(self, proposal: Proposal) -> str:
        """The reason to leave out a name of the type; empty if it passes."""
        name = proposal.name
        if fault := self.unusable(name):
            return fault
        if self.target.concept_named(name):
            return "in the list already"
        if not self.counts(name):
            return "--about excludes it"
        if keys_of(name)[0] in self.general:
            return UNCOUNTED
        if fault := too_few(proposal.as_name):
            return fault
        if proposal.kinds[CONFUSABLE] >= proposal.as_name:
            return "proposed at least as often as what doesn't count"
        if proposal.kind == "short" and proposal.is_ambiguous:
            return "proposed as often as a form of another name"
        if other := self.other_type(name):
            return f"name of the shipped lexicon {other}"
        if is_ordinary(name) and proposal.as_name < thresholds()["many"]:
            return f"ordinary English word, proposed by fewer than {thresholds()['many']}"
        return ""

    def confusable_fault(self, proposal: Proposal) -> str:
        """The reason to leave out a name that doesn't count; empty if it passes."""
        name = proposal.name
        if fault := self.unusable(name):
            return fault
        if keys_of(name)[0] in self.general:
            return UNCOUNTED
        if self.target.concept_named(name):
            return "in the list of names"
        if self.target.lexicon.matcher.names_in(name):
            return "has a listed name in it"
        if fault := too_few(proposal.kinds[CONFUSABLE]):
            return fault
        if proposal.as_name >= proposal.kinds[CONFUSABLE]:
            return "proposed at least as often as a name"
        if other := self.other_type(name):
            return f"name of the shipped lexicon {other}, which contrasts are taken from"
        return ""

    @cached_property
    def unusable(self) -> Callable[[str], str]:
        """The check of a name's form, as `corpusmith new` makes it."""
        return Fitting((), {}).form_fault

    @cached_property
    def counts(self) -> Callable[[str], bool]:
        return counted_test(read_scope(self.about))

    @cached_property
    def others(self) -> dict[str, frozenset[str]]:
        """The names of each shipped lexicon that is of another type than the list."""
        own = [spelling_key(name) for c in self.target.lexicon.concepts for name in c.names]
        most = thresholds()["same_type"]
        return {
            lexicon: keys
            for lexicon, keys in shipped_keys().items()
            if share_of_true(key in keys for key in own) < most
        }

    def other_type(self, name: str) -> str:
        """The shipped lexicon of another type that has the name; empty if there is none."""
        keys = keys_of(name)
        return next((n for n, known in self.others.items() if not known.isdisjoint(keys)), "")


@lru_cache(maxsize=1)
def shipped_keys() -> dict[str, frozenset[str]]:
    """The keys of the names of the shipped lexicons, without those of names to leave out."""
    return {
        lexicon.name: frozenset(spelling_key(name) for c in lexicon.concepts for name in c.names)
        - set(map(spelling_key, lexicon.stop))
        for lexicon in map(load_lexicon, thresholds()["other_types"])
    }


def too_few(count: int) -> str:
    """The reason of a proposal with so few requests; empty if they are enough."""
    fewest = thresholds()["fewest"]
    return f"proposed by fewer than {fewest}" if count < fewest else ""


def is_ordinary(name: str) -> bool:
    """Whether a name is one word that English writes often."""
    is_word = len(words(name)) == 1 and not is_acronym(name)
    return is_word and frequency(name) >= thresholds()["ordinary_word"]


def checked_rows(
    found: Iterable[Proposals], about: str, general: Iterable[str], confusable: bool
) -> list[GrownRow]:
    """A row for each proposal: as a name, and with `confusable` also as one that doesn't count."""
    known = frozenset(key for name in general for key in keys_of(name))
    rows = [
        row
        for proposals in found
        for row in rows_of(proposals, Checks(proposals.target, about, known), confusable)
    ]
    counts = mention_counts((row.name, row.name) for row in rows)
    # A matcher gives a name to the first that claims it: rows of one name share its count.
    named = Matcher((row.name, row.name) for row in rows)
    for row in rows:
        first = next((match.concept_id for match in named.matches(words(row.name))), row.name)
        row.recorded = counts[first]
    return rows


def rows_of(proposals: Proposals, checks: Checks, confusable: bool) -> Iterator[GrownRow]:
    """The rows of one list's proposals."""
    label = proposals.target.label
    for proposal in proposals.found.values():
        if proposal.as_name:
            fault = checks.name_fault(proposal)
            of = proposal.of.most_common(1)[0][0] if proposal.kind == "short" else ""
            yield GrownRow(
                not fault, proposal.name, label, proposal.kind, of, proposal.as_name, 0, fault
            )
        if confusable and (asked := proposal.kinds[CONFUSABLE]):
            fault = checks.confusable_fault(proposal)
            yield GrownRow(not fault, proposal.name, label, CONFUSABLE, "", asked, 0, fault)
