import pytest

from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.fitness import (
    Fitted,
    fit,
    frequency,
    natural_case,
    other_numbers,
    rank_test,
    turned_round,
)

CASE = natural_case(["Alzheimer disease", "Crohn disease", "muscle", "AIDS", "abdominal pain"])


def fitted(*lines: str) -> Fitted:
    return fit([Concept(f"word:{i}", tuple(line.split("|"))) for i, line in enumerate(lines)], CASE)


def names(*lines: str) -> list[tuple[str, ...]]:
    return [concept.names for concept in fitted(*lines).concepts]


def test_headings_get_case_of_running_text() -> None:
    assert names("Abdominal Muscles", "Alzheimer Plaques") == [
        ("abdominal muscles",),
        ("Alzheimer plaques",),
    ]


def test_names_of_running_text_keep_their_case() -> None:
    listed = ["abdominal muscles", "Golgi apparatus", "optic nerve", "bone"]
    assert [name[0] for name in names(*listed)] == listed


def test_eponyms_and_acronyms_keep_their_case() -> None:
    assert names("Peyer's Patches", "MCF-7 Cells") == [
        ("Peyer's patches", "Peyer's patch"),
        ("MCF-7 cells",),
    ]


def test_binomials_get_an_abbreviated_genus_and_keep_their_capital() -> None:
    found = names("Candida albicans", "Prunus avium", "Hoodia")
    assert found == [
        ("Candida albicans", "C. albicans"),
        ("Prunus avium", "P. avium"),
        ("Hoodia",),
    ]


@pytest.mark.parametrize(("name", "other"), [("mouse", "mice"), ("nucleus", "nuclei")])
def test_irregular_plurals_are_added(name: str, other: str) -> None:
    assert names(name) == [(name, other)]


def test_regular_plural_is_the_same_name() -> None:
    result = fitted("nerve|nerves")
    assert result.concepts[0].names == ("nerve",)
    assert [change.kind for change in result.changes] == ["left out"]


def test_inverted_name_is_put_in_natural_order() -> None:
    assert turned_round("Anemia, Hemolytic, Congenital") == "Congenital Hemolytic Anemia"
    assert turned_round("Diabetes, Type 2") == "Diabetes Type 2"


def test_short_form_in_brackets_becomes_a_name() -> None:
    assert names("superior mesenteric artery (SMA)") == [("superior mesenteric artery", "SMA")]
    assert names("fornix (brain)")[0][0] == "fornix"


def test_name_of_earlier_line_is_removed_from_later_line() -> None:
    result = fitted("heart|cor", "cor|core")
    assert [concept.names[0] for concept in result.concepts] == ["heart", "core"]
    assert ("cor", "", "another line has this name") in result.changes


def test_every_name_is_kept_or_reported() -> None:
    lines = ("Heart|Hearts", "Foo [bar]", "A", "one two three four five six seven eight")
    result = fitted(*lines)
    kept = {name.lower() for concept in result.concepts for name in concept.names}
    reported = {change.name for change in result.changes if not change.written}
    for line in lines:
        assert all(name.lower() in kept or name in reported for name in line.split("|"))


def test_frequent_names_are_drawn_more_often() -> None:
    weights = {concept.names[0]: concept.weight for concept in fitted("heart", "hoodia").concepts}
    assert weights["heart"] > 20 * weights["hoodia"] > 0
    assert frequency("heart") > frequency("hoodia")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("viruses", ["virus"]),
        ("fungi", ["fungus"]),
        ("bacterium", ["bacteria"]),
        ("insects", []),
        ("apoptosis", []),
    ],
)
def test_other_number_is_found_where_folding_finds_none(name: str, others: list[str]) -> None:
    assert list(other_numbers(name)) == others


def test_excluded_ranks_are_left_out_by_form() -> None:
    names = ("Botrytis", "Candida albicans", "Muscidae", "mice", "Mosquito", "HIV")
    is_excluded = rank_test(["genera", "families"])
    assert [name for name in names if is_excluded(name)] == ["Botrytis", "Muscidae"]
    assert not any(map(rank_test(["plants"]), names))


def test_invisible_characters_are_removed_and_counted() -> None:
    done = fitted("heart\u00ad valve", "\u202estent", "\x07clip", "pace\u200bmaker")
    assert [concept.names[0] for concept in done.concepts] == [
        "heart valve",
        "stent",
        "clip",
        "pacemaker",
    ]
    assert done.summary()[("changed", "invisible characters removed")] == 4


def test_text_that_is_too_long_for_a_name_is_left_out() -> None:
    done = fitted("stent", "x" * 200_000)
    assert [concept.names[0] for concept in done.concepts] == ["stent"]
    assert done.summary()[("left out", "more than 200 letters")] == 1
