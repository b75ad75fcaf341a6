from hypothesis import given
from hypothesis import strategies as st

from corpusmith.lexicon.words import fold, locate_words, without_half_pairs, words


@given(st.text())
def test_every_word_slices_back_to_its_text(text: str) -> None:
    found, starts, ends = locate_words(text)
    assert all(
        text[start:end] == word and word
        for word, start, end in zip(found, starts, ends, strict=True)
    )
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert [*found] == words(text)


@given(st.text())
def test_only_white_space_lies_between_words(text: str) -> None:
    assert "".join(words(text)) == "".join(text.split())


def test_words_are_split_like_the_benchmarks() -> None:
    split = ["ataxia", "-", "telangiectasia", "(", "A", "-", "T", ")", ",", "type", "2", "."]
    assert words("ataxia-telangiectasia (A-T), type 2.") == split


def test_combining_mark_stays_with_its_letter() -> None:
    assert words("Sjo\u0308gren syndrome") == ["Sjo\u0308gren", "syndrome"]


def test_number_case_and_british_spelling_are_folded() -> None:
    assert fold("Tumours") == fold("tumor")
    assert fold("Anaemia") == fold("anemia")
    assert fold("deficiencies") == fold("deficiency")


def test_short_words_and_greek_endings_keep_their_s() -> None:
    assert fold("AIDS") == "aids"
    assert fold("lupus") == "lupus"
    assert fold("abscess") == "abscess"
    assert fold("stenosis") == "stenosis"


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_text_is_split_like_unicode_text(text: str) -> None:
    assert [*words(text), "\u00e4"] == words(f"{text} \u00e4")


@given(st.text(st.characters(exclude_categories=())))
def test_only_lone_surrogates_are_replaced(text: str) -> None:
    mended = without_half_pairs(text)
    mended.encode()  # fails on lone surrogates
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert mended == text
    assert without_half_pairs("\ud83d gout \udc00") == "\ufffd gout \ufffd"
