import json

from corpusmith.corpus.measure.overlap import Audit, audit

BENCHMARK = [
    "The proband carried two copies of the expanded repeat and lost the ability to walk at nine .",
    "Seizures were controlled with a single drug in most of the children .",
]


def test_audit_counts_leaks_and_lists_ids_not_text(tmp_path):
    (tmp_path / "set").mkdir()
    rows = [{"id": f"real-{i}", "tokens": text.split()} for i, text in enumerate(BENCHMARK)]
    (tmp_path / "set" / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = [
        ("fresh", "Nothing here resembles anything at all."),
        ("nine", "We saw that the proband carried two copies of the expanded allele."),
        ("copy", BENCHMARK[0].upper()),
    ]
    figures = audit(iter(corpus), tmp_path)["set/dev"]
    assert figures["leaked_rows_8gram"] == 2
    assert figures["leaked_rows_13gram"] == 1
    assert figures["longest_common_ngram"] == 17
    assert figures["jaccard"]["max"] == 1.0
    assert figures["nearest"][0] == {"id": "copy", "benchmark_id": "real-0", "jaccard": 1.0}
    assert [pair["id"] for pair in figures["nearest"]] == ["copy", "nine"]
    written = json.dumps(figures)
    assert "proband" not in written.lower()


def test_longest_common_ngram_below_eight_words(tmp_path):
    (tmp_path / "dev.jsonl").write_text(
        json.dumps({"id": "1", "text": BENCHMARK[1], "label": 0}) + "\n"
    )
    (figures,) = audit([("a", "Most of the children were well.")], tmp_path).values()
    assert figures["longest_common_ngram"] == 4
    assert figures["leaked_rows_8gram"] == 0


def test_no_rows(tmp_path):
    (tmp_path / "dev.jsonl").write_text(json.dumps({"id": "1", "text": BENCHMARK[1]}) + "\n")
    (figures,) = audit([], tmp_path).values()
    assert figures["jaccard"] == {"mean": 0.0, "p99": 0.0, "max": 0.0}
    assert figures["nearest"] == []


def test_figures_of_shards_add_up(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "dev.jsonl").write_text(
        json.dumps({"id": "1", "text": BENCHMARK[0]}) + "\n"
    )
    (tmp_path / "two" / "dev.jsonl").write_text(
        json.dumps({"id": "2", "text": BENCHMARK[1]}) + "\n"
    )
    rows = [
        ("a", BENCHMARK[1]),
        ("b", "The proband carried two copies ."),
        ("c", BENCHMARK[0]),
        ("d", "Nothing."),
    ]
    shards = [Audit(tmp_path), Audit(tmp_path)]
    for number, row in enumerate(rows):
        shards[number % 2].add(*row)
    for name, overlap in shards[0].splits.items():
        overlap.merge(shards[1].splits[name])
    assert shards[0].figures() == audit(rows, tmp_path)
    assert shards[0].figures()["two/dev"]["nearest"] == [
        {"id": "a", "benchmark_id": "2", "jaccard": 1.0}
    ]
