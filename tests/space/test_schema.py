from hypothesis import given
from hypothesis import strategies as st

from corpusmith.space.schema import Mention, above, readable, without_overlaps

spans = st.tuples(st.integers(0, 60), st.integers(1, 12), st.sampled_from([0.2, 0.5, 0.9]))


def mention(start: int, length: int, score: float) -> Mention:
    return Mention(
        start=start,
        end=start + length,
        label="X",
        text="",
        score=score,
        concept_id=None,
        concept_url=None,
    )


def overlap(one: Mention, other: Mention) -> bool:
    return one["start"] < other["end"] and other["start"] < one["end"]


@given(st.lists(spans).map(lambda drawn: [mention(*span) for span in drawn]))
def test_most_probable_of_overlapping_mentions_is_kept(mentions: list[Mention]) -> None:
    kept = without_overlaps(mentions)
    assert kept == sorted(kept, key=lambda m: m["start"])
    assert not any(overlap(one, other) for i, one in enumerate(kept) for other in kept[:i])
    for dropped in mentions:
        if dropped not in kept:
            assert any(
                overlap(dropped, other) and other["score"] >= dropped["score"] for other in kept
            )


def test_longer_of_equally_probable_mentions_is_kept() -> None:
    assert without_overlaps([mention(7, 6, 0.9), mention(0, 13, 0.9)]) == [mention(0, 13, 0.9)]


def test_threshold_is_the_lowest_probability_kept() -> None:
    assert above([mention(0, 1, 0.5), mention(2, 1, 0.49)], 0.5) == [mention(0, 1, 0.5)]


@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_readable_text_encodes_as_utf8_and_keeps_length(text: str) -> None:
    assert len(readable(text).encode().decode()) == len(text)
