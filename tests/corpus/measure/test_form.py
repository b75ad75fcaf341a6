from corpusmith.corpus.measure.form import Form, form

BENCHMARK = [
    {
        "tokens": ["Breast", "cancer", "and", "ataxia", "."],
        "ner_tags": ["B-D", "I-D", "O", "B-D", "O"],
    },
    {"tokens": ["No", "breast", "cancer"], "ner_tags": ["O", "B-D", "I-D"]},
    {"tokens": ["Methods"], "ner_tags": ["O"]},
]


def test_form_of_benchmark_rows():
    assert form(iter(BENCHMARK)) == {
        "rows": 3,
        "tokens_mean": 3.0,
        "share_ending_in_full_stop": 0.3333,
        "vocabulary": 7,
        "mentions_mean": 1.0,
        "share_without_mention": 0.3333,
        "unique_mentions": 2,
    }


def test_synthetic_and_benchmark_rows_are_measured_alike():
    def entity(text: str) -> dict:
        return {"start": 0, "end": len(text), "label": "D", "text": text}

    synthetic = [
        {
            "text": "Breast cancer and ataxia.",
            "entities": [entity("Breast cancer"), entity("ataxia")],
        },
        {"text": "No breast cancer", "entities": [entity("breast cancer")]},
        {"text": "Methods", "entities": []},
    ]
    assert form(synthetic) == form(BENCHMARK)


def test_adjacent_mentions_are_counted_separately():
    assert (
        form([{"tokens": ["a", "b", "c"], "ner_tags": ["B-D", "B-D", "I-C"]}])["mentions_mean"] == 3
    )


def test_relations_have_no_mention_figures():
    figures = form([{"text": "@GENE$ causes @DISEASE$.", "label": 1}])
    assert figures["rows"] == 1
    assert "mentions_mean" not in figures


def test_no_rows():
    assert form([])["rows"] == 0


def test_figures_of_shards_add_up():
    whole, first, second = Form(), Form(), Form()
    for row in BENCHMARK:
        whole.add(row)
    first.add(BENCHMARK[0])
    second.add(BENCHMARK[1])
    second.add(BENCHMARK[2])
    first.merge(second)
    assert first == whole
