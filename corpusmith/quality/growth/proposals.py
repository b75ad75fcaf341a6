"""Gather what replies and recorded sentences propose: each name once, with its counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from corpusmith.corpus.filters.language import function_words
from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.fitness import BINOMIAL, Fitting, frequency, settings
from corpusmith.lexicon.matcher import Match, is_acronym
from corpusmith.lexicon.recorded import recorded_sentences
from corpusmith.lexicon.words import HYPHENS, locate_words
from corpusmith.quality.growth.lists import GrowingList, keys_of
from corpusmith.quality.growth.replies import names_in
from corpusmith.quality.growth.requests import NAMES, GrowthRequest
from corpusmith.quality.growth.wording import thresholds
from corpusmith.recipe.new.entities import shipped_case

CONJUNCTIONS = frozenset(("and", "or"))
JOINTS = CONJUNCTIONS | {",", "/"}
CONFUSABLE = "confusable"


@dataclass
class Proposal:
    """A name that was proposed for a list."""

    spellings: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)  # requests, or recorded sentences
    of: Counter[str] = field(default_factory=Counter)  # the concepts it is said to be short for

    @property
    def name(self) -> str:
        """The spelling that was proposed most often; with a small first letter if a reply has it,
        as lines begin with a capital anyway.
        """
        most = self.spellings.most_common(1)[0][0]
        small = most[0].lower() + most[1:]
        return small if small in self.spellings else most

    @property
    def as_name(self) -> int:
        """How often it was proposed as a name of the type."""
        return self.kinds.total() - self.kinds[CONFUSABLE]

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is said to be short for two concepts equally often."""
        counts = [count for _, count in self.of.most_common(2)]
        return len(counts) == 2 and counts[0] == counts[1]

    @property
    def kind(self) -> str:
        """The kind under which it was proposed as a name most often."""
        return max(("short", *NAMES, "coordinated"), key=lambda kind: self.kinds[kind])


@dataclass
class Proposals:
    """The proposals for one list, by the key of a name in singular or plural."""

    target: GrowingList
    junk: int = 0  # parts of replies that are no name
    found: dict[str, Proposal] = field(default_factory=dict)

    def add(self, names: Iterable[str], kind: str, of: str = "") -> None:
        """Count names that one request or one sentence proposes."""
        for key, name in {self.key_of(name): name for name in names if keys_of(name)[0]}.items():
            proposal = self.found.setdefault(key, Proposal())
            proposal.spellings[name] += 1
            proposal.kinds[kind] += 1
            if of:
                proposal.of[of] += 1

    def key_of(self, name: str) -> str:
        """The key of a name that is known already in another number, or else its own."""
        keys = keys_of(name)
        return next((key for key in keys if key in self.found), keys[0])


def gathered(
    lists: Sequence[GrowingList], replies: Iterable[tuple[GrowthRequest, str]]
) -> dict[str, Proposals]:
    """The proposals for each list, by its label, from replies and from recorded sentences."""
    read: dict[str, list[tuple[GrowthRequest, list[str]]]] = defaultdict(list)
    found = {target.label: Proposals(target) for target in lists}
    for request, reply in replies:
        names, junk = names_in(reply)
        found[request.label].junk += junk
        read[request.label].append((request, names))
    sentences = list(recorded_sentences())
    for label, proposals in found.items():
        target = proposals.target
        said = [name for _, names in read[label] for name in names]
        written = running_text(said, target)
        for request, names in read[label]:
            fitted = [form for name in names for form in written[name]]
            proposals.add(fitted, request.kind, request.of if request.kind == "short" else "")
        for names in coordinated_names(sentences, target):
            proposals.add(names, "coordinated")
    return found


def running_text(names: Sequence[str], target: GrowingList) -> dict[str, list[str]]:
    """Each proposed name as running text writes it, by the rules for word lists; "long (SHORT)" as
    two names.
    """
    proposed = [Concept(str(i), (name,)) for i, name in enumerate(names)]
    fitting = Fitting(proposed, shipped_case())
    listed = Fitting(target.lexicon.concepts, {})
    fitting.has_binomials |= listed.has_binomials
    fitting.genera |= listed.genera
    return {name: [lower_first(form) for form, _ in fitting.fixed(name)] for name in names}


def lower_first(name: str) -> str:
    """A name with a small first letter, as inside of a sentence, unless it is scientific or its
    first word is rare in English.

    Lists begin each line with a capital: "Domestic dog", "Mouse".
    """
    first, *others = name.split(" ")
    if not first.istitle() or len(first) == 1 or is_acronym(name):
        return name
    lower = shipped_case().get(first.lower(), first.lower())
    common = settings()["common_word"]
    is_scientific = BINOMIAL.fullmatch(name) and min(map(frequency, name.split())) < common
    if is_scientific or frequency(first) < common:
        return name
    return " ".join([lower, *others])


def coordinated_names(sentences: Iterable[str], target: GrowingList) -> Iterator[list[str]]:
    """The names that each sentence coordinates with listed ones: X of "mice, X and rats"."""
    matcher = target.lexicon.matcher
    for sentence in sentences:
        located = locate_words(sentence)
        if matches := matcher.matches(located.words):
            found = [
                sentence[located.starts[start] : located.ends[end - 1]]
                for start, end in runs_of_words(located.words)
                if is_short(located.words[start:end])
                and not any(match.start < end and start < match.end for match in matches)
                and is_coordinated(located.words, (start, end), matches)
            ]
            if found:
                yield found


def is_coordinated(spelled: Sequence[str], place: tuple[int, int], listed: Sequence[Match]) -> bool:
    """Whether a conjunction, or commas on both sides, join some words to a listed name.

    One comma does not: it may begin another clause.
    """
    start, end = place
    before, after = before_joint(spelled, start), after_joint(spelled, end)
    named_before = any(match.end == before for match in listed)
    named_after = any(match.start == after for match in listed)
    joints = {
        *(spelled[before:start] if named_before else ()),
        *(spelled[end:after] if named_after else ()),
    }
    in_between = before < start and after > end
    return bool(joints & CONJUNCTIONS) or (bool(joints) and in_between)


def runs_of_words(spelled: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The runs of words between punctuation and function words, with their places."""
    start = 0
    for at, word in enumerate([*spelled, "."]):
        is_part = word[0].isalnum() or word in HYPHENS
        if not is_part or is_function_word(word.lower()):
            run = spelled[start:at]
            if run and not HYPHENS & {run[0], run[-1]} and any(map(str.isalpha, "".join(run))):
                yield start, at
            start = at + 1


def is_short(run: Sequence[str]) -> bool:
    """Whether a run has few enough words for a name, hyphens left out."""
    return sum(word not in HYPHENS for word in run) <= thresholds()["coordinated_words"]


@lru_cache(maxsize=1 << 16)
def is_function_word(word: str) -> bool:
    return word in function_words() or frequency(word) >= thresholds()["function_word"]


def before_joint(spelled: Sequence[str], at: int) -> int:
    """Where the commas and conjunctions before a word begin; its own place if there is none."""
    while at and spelled[at - 1] in JOINTS:
        at -= 1
    return at


def after_joint(spelled: Sequence[str], at: int) -> int:
    """Where the commas and conjunctions at a word end; its own place if it is none."""
    while at < len(spelled) and spelled[at] in JOINTS:
        at += 1
    return at
