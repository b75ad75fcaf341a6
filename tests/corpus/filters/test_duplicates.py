import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusmith.corpus.filters.duplicates import Banding, band_hashes, find_duplicates
from corpusmith.corpus.filters.leakage import Leakage
from corpusmith.corpus.filters.ngrams import comparable_words, ngram_hashes, word_ngrams
from corpusmith.errors import UserError

SENTENCE = (
    "Among the forty families that we followed, carriers of the deletion developed cataract "
    "at a mean age of thirty two years, long before any hearing loss was noticed by a physician."
)
OTHER = (
    "Zebrafish embryos injected with the morpholino showed shortened tails and a curved body axis."
)
sentences = st.lists(
    st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), max_size=12
).map(" ".join)


def write_benchmark(root: Path, name: str, texts: list[str]) -> None:
    path = root / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            json.dumps({"id": f"b{i}", "tokens": text.split()}) + "\n"
            for i, text in enumerate(texts)
        )
    )


def test_words_ignore_case_punctuation_and_unicode_form():
    assert comparable_words("Ataxia-Telangiectasia (ﬁrst),  cafe\u0301") == [
        "ataxia",
        "telangiectasia",
        "first",
        "café",
    ]
    assert comparable_words("ataxia - telangiectasia ( first ) , café") == comparable_words(
        "Ataxia-telangiectasia (first), café"
    )


def test_exact_and_near_duplicates_point_at_the_earliest_row():
    near = SENTENCE.replace("physician", "nurse")
    found = find_duplicates(
        [OTHER, SENTENCE, near, SENTENCE.upper().replace(",", ""), OTHER.replace("tails", "fins")]
    )
    assert found.earlier.tolist()[:4] == [-1, -1, 1, 1]
    assert found.exact.tolist() == [False, False, False, True, False]


def test_sentences_that_only_share_a_topic_are_kept():
    found = find_duplicates([SENTENCE, "Carriers of the deletion had no cataract.", OTHER])
    assert found.earlier.tolist() == [-1, -1, -1]


def test_texts_without_words_are_duplicates_only_of_each_other():
    assert find_duplicates(["...", SENTENCE, "!"]).earlier.tolist() == [-1, -1, 0]
    assert find_duplicates([]).earlier.tolist() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(sentences, max_size=30), st.integers(0, 30), st.integers(1, 7))
def test_row_is_compared_only_with_earlier_rows(texts, cut, batch):
    whole = find_duplicates(texts)
    part = find_duplicates(texts[:cut], batch=batch)
    assert whole.earlier[:cut].tolist() == part.earlier.tolist()
    assert all(earlier < row for row, earlier in enumerate(whole.earlier))
    first = {tuple(comparable_words(text)): row for row, text in reversed(list(enumerate(texts)))}
    assert whole.exact.tolist() == [
        first[tuple(comparable_words(text))] < row for row, text in enumerate(texts)
    ]


@pytest.mark.parametrize("threshold", [0.5, 0.75, 0.9])
def test_banding_finds_about_half_of_pairs_at_threshold(threshold):
    banding = Banding.for_threshold(threshold)
    assert banding.bands * banding.width <= 128
    assert (1 - threshold**banding.width) ** banding.bands == pytest.approx(0.5, abs=0.15)


def test_band_hashes_fit_datatroves_signature_files():
    hashes = band_hashes([SENTENCE, OTHER], Banding.for_threshold(0.75))
    assert hashes.dtype == np.uint64
    assert hashes.max() < 2**61 - 1
    assert len(np.unique(hashes)) == hashes.size


def test_short_sentence_is_one_ngram():
    assert word_ngrams(["a", "b"], 8) == ["a b"]
    assert word_ngrams(["a", "b", "c"], 2) == ["a b", "b c"]


@given(st.lists(sentences, max_size=6), st.integers(1, 5))
def test_only_equal_ngrams_have_equal_hashes(texts: list[str], n: int) -> None:
    by_ngram: dict[str, int] = {}
    for sentence in filter(None, map(comparable_words, texts)):
        hashes = ngram_hashes(sentence, n).tolist()
        for ngram, found in zip(word_ngrams(sentence, n), hashes, strict=True):
            assert by_ngram.setdefault(ngram, found) == found
    assert len(set(by_ngram.values())) == len(by_ngram)
    assert ngram_hashes([], n).tolist() == []


def test_leakage_names_split_that_shares_ngram(tmp_path):
    write_benchmark(tmp_path, "one/train", [OTHER])
    write_benchmark(tmp_path, "two/dev", [SENTENCE, "No mutation was found ."])
    leakage = Leakage.from_benchmarks(tmp_path)
    quoted = " ".join(SENTENCE.split()[5:13])
    assert leakage.check(f"We report that {quoted.upper()}!") == "two/dev"
    assert leakage.check("We report how " + " ".join(SENTENCE.split()[5:12])) is None
    assert leakage.check(OTHER) == "one/train"
    assert Leakage.from_benchmarks(tmp_path, n=13).check(f"We report that {quoted}") is None


def test_short_text_leaks_only_as_whole_sentence(tmp_path):
    write_benchmark(tmp_path, "two/dev", ["No mutation was found ."])
    leakage = Leakage.from_benchmarks(tmp_path)
    assert leakage.check("No mutation was found.") == "two/dev"
    assert leakage.check("No mutation was found in the controls.") is None
    assert leakage.check("...") is None


def test_without_benchmark_nothing_leaks(tmp_path):
    assert Leakage.from_benchmarks(tmp_path).check(SENTENCE) is None
    with pytest.raises(UserError, match="not a folder of benchmarks"):
        Leakage.from_benchmarks(tmp_path / "absent")


def test_error_names_broken_benchmark_line(tmp_path):
    (tmp_path / "dev.jsonl").write_text('{"id": "1", "text": "fine"}\nnot json\n')
    with pytest.raises(UserError, match="line 2"):
        Leakage.from_benchmarks(tmp_path)


def test_recorded_hashes_find_the_same_leaks_as_the_benchmark() -> None:
    text = "the cat sat on the mat and slept until the evening came"
    full = Leakage(
        [
            ("a/dev", text),
            ("b/dev", "the cat sat on the mat and slept"),
            ("b/dev", "something else"),
        ],
        n=6,
    )
    known = Leakage.from_hashes(full.shared(f"We saw that {text}."), n=6)
    for sentence in (text, "so the cat sat on the mat and slept", "the cat sat on a mat", ""):
        assert known.check(sentence) == full.check(sentence)
    assert known.sources(text.split()) == ["a/dev", "b/dev"]
