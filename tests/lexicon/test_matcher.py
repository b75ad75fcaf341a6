import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.lexicon.matcher import Match, Matcher, is_acronym
from corpusmith.lexicon.words import words


@pytest.fixture
def matcher() -> Matcher:
    names = [
        ("breast cancer", "D:1"),
        ("cancer", "D:0"),
        ("ataxia telangiectasia", "D:4"),
        ("WAS", "D:9"),
        ("disease", "D:8"),
    ]
    return Matcher(names, stop=["disease"])


def found(matcher: Matcher, text: str) -> list[tuple[str, str]]:
    sentence = words(text)
    return [
        (" ".join(sentence[match.start : match.end]), match.concept_id)
        for match in matcher.matches(sentence)
    ]


def test_longest_name_is_matched(matcher: Matcher) -> None:
    assert found(matcher, "hereditary breast cancers and a cancer") == [
        ("breast cancers", "D:1"),
        ("cancer", "D:0"),
    ]


def test_hyphens_are_optional_and_part_of_the_match(matcher: Matcher) -> None:
    assert found(matcher, "in Ataxia-telangiectasia families") == [
        ("Ataxia - telangiectasia", "D:4")
    ]


def test_acronym_match_is_case_sensitive(matcher: Matcher) -> None:
    assert found(matcher, "it was WAS") == [("WAS", "D:9")]


def test_stop_names_never_match(matcher: Matcher) -> None:
    assert found(matcher, "a disease, two Diseases") == []


def test_name_inside_a_word_is_not_matched(matcher: Matcher) -> None:
    assert found(matcher, "anticancer precancerous") == []


def test_matches_do_not_overlap() -> None:
    matcher = Matcher([("a b", "1"), ("b c", "2"), ("c", "3")])
    assert matcher.matches(["a", "b", "c"]) == [Match(0, 2, "1"), Match(2, 3, "3")]


@pytest.mark.parametrize("name", ["WAS", "HbS", "AT", "mRNA"])
def test_acronym_is_short_and_mostly_capitals(name: str) -> None:
    assert is_acronym(name)


@pytest.mark.parametrize("name", ["gout", "Wilms", "A T", "ADRENOLEUKODYSTROPHY"])
def test_word_or_phrase_is_not_an_acronym(name: str) -> None:
    assert not is_acronym(name)


def test_match_does_not_pass_end_of_sentence() -> None:
    matcher = Matcher([("colon cancer", "1"), ("colon cancer type two", "2"), ("colon", "3")])
    assert matcher.matches(["colon", "cancer"]) == [Match(0, 2, "1")]
    assert matcher.matches(["a", "colon"]) == [Match(1, 2, "3")]


def test_incomplete_longer_name_does_not_hide_shorter_name() -> None:
    matcher = Matcher(
        [
            ("breast cancer susceptibility gene", "1"),
            ("breast cancer", "2"),
            ("cancer", "3"),
            ("A-T", "4"),
        ]
    )
    found = matcher.matches(["breast", "cancer", "susceptibility", "in", "A", "-", "T"])
    assert found == [Match(0, 2, "2"), Match(4, 7, "4")]


WORDS = st.sampled_from(["a", "b", "c", "as", "AS", "As", "-"])


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=8),
    st.lists(WORDS, max_size=12),
)
def test_matches_equal_brute_force_search(names: list[str], sentence: list[str]) -> None:
    spelled = {name: [word for word in words(name) if word != "-"] for name in names}
    numbers = [number for number, word in enumerate(sentence) if word != "-"]
    expected, end = [], 0
    for at in range(len(numbers)):
        here = [sentence[number] for number in numbers[at:]]
        longest = max(
            (
                len(spelling)
                for name, spelling in spelled.items()
                if spelling == here[: len(spelling)]
                or (
                    not is_acronym(name)
                    and [*map(str.lower, spelling)] == [*map(str.lower, here[: len(spelling)])]
                )
            ),
            default=0,
        )
        if at >= end and longest:
            end = at + longest
            expected.append((numbers[at], numbers[end - 1] + 1))
    found = Matcher((name, name) for name in names).matches(sentence)
    assert [(match.start, match.end) for match in found] == expected
