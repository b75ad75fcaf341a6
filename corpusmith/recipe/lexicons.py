"""Select the part of each lexicon that a recipe draws from, and the part it looks up."""

from collections import defaultdict
from collections.abc import Set
from dataclasses import replace

from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import Matcher, folded_key
from corpusmith.lexicon.words import fold, words
from corpusmith.recipe.schema import LexiconSource, Selection

FEWEST_OF_BRANCH = 5  # concepts; a smaller branch may overlap by chance


def selected(source: LexiconSource, selection: Selection) -> Lexicon:
    """Apply a selection to a lexicon. Concepts without types pass unless it names types."""
    lexicon = load_lexicon(source.source)
    ids = frozenset(selection.ids)

    def keep(concept: Concept) -> bool:
        return (
            concept.weight >= selection.min_weight
            and (not ids or concept.id in ids)
            and (not selection.types or any(t.startswith(selection.types) for t in concept.types))
            and not (
                concept.types
                and selection.without_types
                and all(t.startswith(selection.without_types) for t in concept.types)
            )
        )

    kept = lexicon.only(keep)
    concepts = kept.concepts
    if left_out := set(map(fold, selection.without_words)):
        named = (
            concept.only(lambda name: left_out.isdisjoint(map(fold, words(name))))
            for concept in concepts
        )
        concepts = tuple(filter(None, named))
    return replace(kept, concepts=concepts, stop=kept.stop + source.stop)


def found(source: LexiconSource) -> Lexicon:
    """The lexicon that a recipe looks up: the `find` selection plus the lexicons under `also`.

    Only MeSH's concepts have types, and ontologies keep one disease under several ids. So of
    concepts without types those names are looked up too that one with a type has ("prostatic
    neoplasm"), or that end in such a name: a colorectal cancer is a cancer. Their acronyms are not,
    since most of them are of something that no text is about.
    """
    lexicon = selected(source, source.find)
    others = [load_lexicon(name) for name in source.also]
    concepts = (*lexicon.concepts, *(concept for other in others for concept in other.concepts))
    if source.find.types:
        known = {folded_key(name) for concept in concepts for name in concept.names}
        untyped = selected(source, source.find.model_copy(update={"types": ()})).concepts
        named = (
            concept.only(lambda name: named_alike(name, known))
            for concept in untyped
            if not concept.types
        )
        concepts += tuple(filter(None, named))
    stop = (*lexicon.stop, *(name for other in others for name in other.stop))
    return replace(lexicon, concepts=concepts, stop=stop)


def apart(lexicon: Lexicon, other: Matcher) -> Lexicon:
    """The lexicon without names that hold a name of `other`, and without branches that mostly do.

    A branch is the first part of a MeSH tree number; half of its concepts and at least
    `FEWEST_OF_BRANCH` must overlap.
    """
    overlaps = {
        concept.id for concept in lexicon.concepts if any(map(other.names_in, concept.names))
    }
    branches: dict[str, list[bool]] = defaultdict(list)
    for concept in lexicon.concepts:
        for branch in branches_of(concept):
            branches[branch].append(concept.id in overlaps)
    shared = {
        branch
        for branch, flags in branches.items()
        if len(flags) >= FEWEST_OF_BRANCH and 2 * sum(flags) >= len(flags)
    }
    kept = (
        concept.only(lambda name: not other.names_in(name)) if concept.id in overlaps else concept
        for concept in lexicon.concepts
        if shared.isdisjoint(branches_of(concept))
    )
    return replace(lexicon, concepts=tuple(filter(None, kept)))


def branches_of(concept: Concept) -> Set[str]:
    return {tree.split(".")[0] for tree in concept.types if "." in tree}


def named_alike(name: str, known: Set[str]) -> bool:
    """Whether `name` is one of `known` (names as `folded_key` gives them), or ends in one."""
    key = folded_key(name)
    return key in known or key.rpartition(" ")[2] in known
