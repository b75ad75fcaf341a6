import pytest

from corpusmith.lexicon.concept import Concept, Lexicon
from corpusmith.lexicon.scope import branch_of, read_scope


@pytest.mark.parametrize(
    ("about", "counted", "excluded"),
    [
        ("", (), ()),
        ("organs and cells; not molecules", ("organs", "cells"), ("molecules",)),
        ("common names count, strains don't", ("common names",), ("strains",)),
        ("not plant, virus, animals", (), ("plant", "virus", "animals")),
        ("implants, no drugs or vaccines", ("implants",), ("drugs", "vaccines")),
        ("species; strains and clones are not", ("species",), ("strains", "clones")),
        ("species; not groups such as birds", ("species",), ("groups", "birds")),
    ],
)
def test_scope_is_read_from_sentence(
    about: str, counted: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    scope = read_scope(about)
    assert (scope.counted, scope.excluded) == (counted, excluded)


def test_prompt_uses_the_authors_words() -> None:
    scope = read_scope("names of organs, tissues and cells; not molecules")
    assert scope.counted_text == "names of organs, tissues and cells"


def test_branch_holds_descendants_of_named_concept() -> None:
    concepts = (
        Concept("1", ("neoplasms", "tumors"), ("C04",)),
        Concept("2", ("lung cancer",), ("C04.588",)),
        Concept("3", ("gout",), ("C05.550",)),
    )
    lexicon = Lexicon("disease", "1", "cc0", "", concepts)
    assert [concept.id for concept in branch_of("tumours", [lexicon])] == ["1", "2"]
    assert branch_of("organs", [lexicon]) == []


def test_branch_holds_concepts_without_tree_number_that_share_a_name() -> None:
    concepts = (
        Concept("1", ("neoplasms",), ("C04",)),
        Concept("2", ("breast neoplasms", "breast tumors", "BN"), ("C04.588",)),
        Concept("3", ("breast cancer", "breast tumor")),
        Concept("4", ("mammary cancer", "breast cancer")),
        Concept("5", ("bacterial nucleoid", "BN")),
    )
    lexicon = Lexicon("disease", "1", "cc0", "", concepts)
    assert [concept.id for concept in branch_of("tumors", [lexicon])] == []
    assert [concept.id for concept in branch_of("neoplasms", [lexicon])] == ["1", "2", "3", "4"]


def test_concept_without_tree_number_is_a_branch_of_its_own() -> None:
    lexicon = Lexicon("disease", "1", "cc0", "", (Concept("1", ("cancer",)),))
    assert [concept.id for concept in branch_of("cancers", [lexicon])] == ["1"]
