import re

from hypothesis import given
from hypothesis import strategies as st

from corpusmith.space import markup
from corpusmith.space.schema import Mention, ScoredPair

EVIL = '<img src=x onerror="alert(1)">'


def mention(text: str, start: int, end: int, label: str = "Disease", score: float = 0.9) -> Mention:
    return Mention(
        start=start,
        end=end,
        label=label,
        text=text[start:end],
        score=score,
        concept_id=None,
        concept_url=None,
    )


@st.composite
def texts_with_mentions(draw: st.DrawFn) -> tuple[str, list[Mention]]:
    text = draw(st.text(min_size=1))
    spans = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(
        lambda span: span[0] < span[1]
    )
    found = draw(st.lists(st.tuples(spans, st.floats(0, 1))))
    return text, [mention(text, start, end, score=score) for (start, end), score in found]


@given(texts_with_mentions())
def test_segments_join_to_the_text(case: tuple[str, list[Mention]]) -> None:
    text, mentions = case
    parts = markup.segments(text, mentions)
    assert "".join(part for part, _ in parts) == text
    assert any(label for _, label in parts) == bool(mentions)


def test_more_probable_of_overlapping_mentions_is_shown() -> None:
    text = "breast cancer"
    both = [mention(text, 0, 13, score=0.6), mention(text, 7, 13, "Other", score=0.8)]
    assert markup.segments(text, both) == [("breast ", None), ("cancer", "Other")]


def test_visitor_text_is_escaped() -> None:
    text = f"{EVIL} and {EVIL}"
    head, tail = (
        mention(text, 0, len(EVIL)),
        mention(text, len(text) - len(EVIL), len(text), label="Gene<b>"),
    )
    pair = ScoredPair(head=head, tail=tail, label="related", score=0.9, masked_text=EVIL)
    pages = [
        markup.mention_table([(EVIL, head)], with_model=True),
        markup.pair_list(text, [pair], 0.5, "unrelated"),
        markup.graph([pair], 0.5),
        markup.agreement({EVIL: [head, tail]}),
        markup.table(EVIL, [EVIL], [[EVIL]]),
        markup.key_figures([{"model": EVIL, "benchmark": EVIL}]),
        markup.note(EVIL),
    ]
    for page in pages:
        assert "&lt;img" in page
        assert not re.search(r"<(img|b>)", page)


def test_threshold_decides_which_pairs_are_related() -> None:
    text = "BRCA1 and asthma"
    pair = ScoredPair(
        head=mention(text, 0, 5, "Gene"),
        tail=mention(text, 10, 16),
        label="related",
        score=0.7,
        masked_text="@GENE$",
    )
    assert "not related" in markup.pair_list(text, [pair], 0.71, "unrelated")
    assert "not related" not in markup.pair_list(text, [pair], 0.7, "unrelated")
    assert markup.graph([pair], 0.71) == ""
    assert "Related: BRCA1 and asthma" in markup.graph([pair], 0.7)


def test_distant_pair_is_shown_with_surrounding_passage() -> None:
    text = "x" * 500 + "BRCA1 and asthma" + "y" * 500
    pair = ScoredPair(
        head=mention(text, 500, 505, "Gene"),
        tail=mention(text, 510, 516),
        label="",
        score=0.7,
        masked_text="",
    )
    passage = re.sub("<[^>]+>", "", markup.marked(text, pair, around=10))
    assert passage == "… " + "x" * 10 + "BRCA1 and asthma" + "y" * 10 + " …"


def test_key_figures_show_the_evaluation_files() -> None:
    page = markup.key_figures(
        [
            {
                "model": "m",
                "benchmark": "ncbi",
                "split": "dev",
                "strict_f1": 61.26,
                "precision": 58,
                "ci95": [58.9, 63.4],
            },
            {
                "model": "r",
                "benchmark": "you/corpus:demo@v0.1.0",
                "positive_f1": 66.0,
                "macro_f1": 55.0,
                "ci95": {"positive_f1": [64, 68], "macro_f1": [53, 57]},
            },
            {"model": "s", "benchmark": "/data/ner/bc5cdr", "real": True, "strict_f1": 1.0},
        ]
    )
    assert "61.3 (58.9–63.4)" in page and "<td>58.0</td>" in page
    assert "55.0 (53.0–57.0), macro" in page and "66.0" not in page, (
        "answering yes to all has a high positive F1"
    )
    assert "<td>demo, synthetic</td>" in page and "<td>bc5cdr</td>" in page


def test_agreement_compares_spans_and_types() -> None:
    text = "asthma and fever"
    page = markup.agreement(
        {"a": [mention(text, 0, 6)], "b": [mention(text, 0, 6), mention(text, 11, 16)]}
    )
    rows = re.findall("<tr>(.*?)</tr>", page)[1:]
    assert [re.findall("found|–", row) for row in rows] == [["found", "found"], ["–", "found"]]


def test_type_keeps_its_colour() -> None:
    assert markup.colour("Disease") == markup.USUAL_COLOURS["Disease"]
    assert markup.colour("CellLine") == markup.colour("CellLine") != markup.colour("Disease")


def test_pair_names_its_type_of_relation() -> None:
    text = "aspirin causes asthma"
    head, tail = mention(text, 0, 7, "Chemical"), mention(text, 15, 21)
    pair = ScoredPair(head=head, tail=tail, label="causes", score=0.7, masked_text="")
    below = ScoredPair(head=head, tail=tail, label="none", score=0.4, masked_text="")
    assert "<strong>causes</strong>" in markup.pair_list(text, [pair], 0.5, "none")
    assert "<strong>not related</strong>" in markup.pair_list(text, [pair], 0.8, "none")
    assert "<strong>related</strong>" in markup.pair_list(text, [below], 0.3, "none")


def test_preview_of_file_names_rows_and_total() -> None:
    found = [mention("asthma", 0, 6)] * 30
    rows = [{"id": f"row-{i}", "text": "asthma", "mentions": found} for i in range(20)]
    page = markup.file_mentions(rows, 20)
    assert "Mentions: 20 of 600" in page and page.count("<tr>") == 21 and "row-0" in page
