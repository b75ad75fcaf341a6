"""Card facts from build.json, training.json and evaluations, with missing keys and local paths."""

import json
import shutil
from pathlib import Path

import pytest

from corpusmith.cards import model
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub.folders.contents import model_contents
from corpusmith.hub.folders.corpus import examples, published_build
from corpusmith.hub.folders.model import public_evaluation
from corpusmith.pipeline import keep_report


def test_published_build_includes_counts_read_from_parquet(corpus_folder: Path) -> None:
    build = published_build(corpus_folder)
    assert build["splits"]["train"]["rows"] == 16 and build["splits"]["train"]["mentions"] == 16
    shard = corpus_folder / "data/demo-disease/train-00000-of-00001.parquet"
    assert build["splits"]["train"]["download_bytes"] == shard.stat().st_size
    names = {feature["name"]: feature for feature in build["features"]}
    assert names["ner_tags"]["list"]["class_label"]["names"] == {
        "0": "O",
        "1": "B-Disease",
        "2": "I-Disease",
    }
    assert build["rejected"]["rows"] == 1
    own = corpus_folder / "data/rejected/demo_disease-00000-of-00001.parquet"
    shutil.copy(own, own.with_name("another-00000-of-00001.parquet"))  # built in the same folder
    assert published_build(corpus_folder)["rejected"]["rows"] == 1
    corpus = facts.corpus("demo-disease", build, ["recipes/demo-disease/figures/acceptance.png"])
    assert (
        corpus.rows == 20 and corpus.rejected is not None and corpus.rejected.name == "demo_disease"
    )
    text, ((start, end, label),) = corpus.examples[0].text, corpus.examples[0].spans
    assert (text[start:end], label) == ("cystic fibrosis", "Disease")


def test_examples_of_relations_show_each_label_in_the_sentence_as_written(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    span = {"start": Value("int32"), "end": Value("int32"), "label": Value("string")}
    features = Features(
        {
            "text": Value("string"),
            "source_text": Value("string"),
            "head": span,
            "tail": span,
            "label": ClassLabel(names=["unrelated", "related"]),
        }
    )
    rows = [
        {
            "text": "@GENE$ and @DISEASE$",
            "source_text": f"TP{n} and cancer",
            "label": n % 2,
            "head": {"start": 0, "end": 3, "label": "Gene"},
            "tail": {"start": 8, "end": 14, "label": "Disease"},
        }
        for n in range(10, 20)
    ]
    Dataset.from_list(rows, features=features).to_parquet(tmp_path / "train.parquet")
    shown = examples(tmp_path / "train.parquet", "relations")
    assert [row["label"] for row in shown] == ["unrelated", "unrelated", "related", "related"]
    assert [row["text"][:4] for row in shown] == ["TP10", "TP14", "TP11", "TP15"], (
        "spread over the file"
    )
    assert shown[0]["text"] == "TP10 and cancer" and shown[0]["spans"] == [
        [0, 3, "Gene"],
        [8, 14, "Disease"],
    ]


def test_build_without_shards_is_refused(corpus_folder: Path) -> None:
    (corpus_folder / "data/demo-disease/test-00000-of-00001.parquet").unlink()
    with pytest.raises(UserError, match="no Parquet file of test"):
        published_build(corpus_folder)


def test_facts_of_minimal_build() -> None:
    corpus = facts.corpus("words", {"task": "ner"}, ())
    assert (corpus.rows, corpus.teacher, corpus.audit) == (0, {}, {})


def test_no_path_of_this_machine_is_published(tmp_path: Path, write) -> None:
    _, write_model = write
    corpus, benchmark = tmp_path / "built/demo", tmp_path / "benchmarks/ncbi_disease"
    corpus.mkdir(parents=True)
    folder = write_model(
        tmp_path / "m",
        dataset={"id": str(corpus), "config": "demo"},
        encoder="embedded",
        encoder_revision="0.1.0",
    )
    (folder / "evaluation").mkdir()
    figures = {"task": "ner", "strict_f1": 60.0, "split": "dev"}
    results = {
        "own-dev": figures
        | {"model": str(folder), "benchmark": str(benchmark), "backend": "torch"},
        "own-test": figures
        | {"model": "student", "benchmark": f"{corpus}:demo", "split": "test", "backend": "onnx"},
        "always-dev": figures | {"model": "always-related", "benchmark": "re/gad"},
        "dictionary-dev": figures
        | {"model": str(tmp_path / "dictionary.jsonl"), "benchmark": str(benchmark)},
        "hub-dev": figures
        | {
            "model": str(folder),
            "benchmark": "ncbi/disease:small@v1",
            "system": "gold",
            "revision": "0" * 40,
        },
    }
    for name, result in results.items():
        (folder / "evaluation" / f"{name}.json").write_text(json.dumps(result))
    (folder / "seed-1").mkdir()
    (folder / "seed-1" / "model.safetensors").write_bytes(b"another")
    files = model_contents(folder)
    assert "seed-1/model.safetensors" not in files
    published = {
        path: json.loads(content)
        for path, content in files.items()
        if isinstance(content, bytes) and "json" in path
    }
    assert str(tmp_path) not in json.dumps(published)
    training, evaluation = published["training.json"], published["evaluation/own-dev.json"]
    assert (
        training["dataset"]["id"] == "demo"
        and training["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"
    )
    assert (evaluation["benchmark"], evaluation["real"], evaluation["system"]) == (
        "ncbi_disease",
        True,
        "synthetic",
    )
    assert published["evaluation/own-test.json"]["real"] is False
    assert published["evaluation/dictionary-dev.json"]["system"] == "dictionary"
    always = published["evaluation/always-dev.json"]
    assert (always["system"], always["dataset"], always["benchmark"]) == (
        "always-related",
        None,
        "gad",
    )
    hub = published["evaluation/hub-dev.json"]
    assert [hub[key] for key in ("dataset", "config", "revision", "system")] == [
        "ncbi/disease",
        "small",
        "v1",
        "gold",
    ]


def test_folder_without_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        model_contents(tmp_path)


def test_report_in_model_folder_adds_baselines_to_card(tmp_path: Path, write) -> None:
    _, write_model = write
    folder, report = write_model(tmp_path / "model"), tmp_path / "report.json"
    figures = {
        "strict_f1": 52.3,
        "precision": 60.0,
        "recall": 46.0,
        "ci95": {"strict_f1": [49.0, 55.0]},
    }
    rows = [{"system": "dictionary", "figures": figures}]
    section = {"benchmark": "tiny", "split": "dev", "seeds": [1], "rows": rows, "notes": []}
    report.write_text(
        json.dumps({"content_hash": "abc", "sections": {"baselines": section}}), encoding="utf-8"
    )

    def card() -> str:
        files = model_contents(folder)
        documents = {
            path: json.loads(c)
            for path, c in files.items()
            if path.endswith(".json") and isinstance(c, bytes)
        }
        documents["config.json"] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        snapshot = facts.Snapshot("you/model", "v0.1.0", (), documents, files)
        return model.render(facts.model_facts(snapshot))

    assert "Beside the baselines" not in card()
    keep_report(report, folder, "abc")
    assert "| Dictionary lookup | – | 52.3 (49.0 to 55.0) | 60.0 | 46.0 |" in card()
    keep_report(report, folder, "another corpus")
    assert "Beside the baselines" not in card() and not (folder / "report.json").exists()


def test_examples_and_counts_come_from_the_corpus(corpus_folder: Path) -> None:
    build = published_build(corpus_folder)
    texts = [row["text"] for row in build["examples"]]
    assert texts == [f"Mutations in gene {n} cause cystic fibrosis." for n in (18, 19)], (
        "test split"
    )
    assert build["example_row"]["id"] == "row-18"
    assert build["example_row"]["ner_tags"] == [0, 0, 0, 0, 0, 1, 2, 0]
    assert build["written_rows"] == 20
    assert build["mentions_in_train"] == {"validation": (1, 1), "test": (1, 1)}
    corpus = facts.corpus("demo-disease", build, ())
    assert corpus.written_rows == 20 and not corpus.examples[0].derived


@pytest.mark.parametrize(("content", "message"), [("{", "is not JSON"), ("{}", "lacks recipe")])
def test_error_names_damaged_build_json(corpus_folder: Path, content: str, message: str) -> None:
    (corpus_folder / "build.json").write_text(content)
    with pytest.raises(UserError, match=message):
        published_build(corpus_folder)


def test_identity_of_a_model_does_not_depend_on_the_working_directory(
    tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, write_model = write
    (tmp_path / "encoders" / "bert").mkdir(parents=True)
    folder = write_model(tmp_path / "m", encoder="encoders/bert", encoder_revision=None)
    published = []
    for place in (tmp_path, tmp_path / "encoders"):
        monkeypatch.chdir(place)
        content = model_contents(folder)["training.json"]
        assert isinstance(content, bytes)
        published.append(json.loads(content)["encoder"])
    assert published == ["bert", "bert"]


def test_own_corpus_is_not_real_text_for_any_form_of_its_path(tmp_path: Path) -> None:
    corpus = {"id": "runs/demo/dataset", "config": "demo"}
    own = {"benchmark": str(tmp_path / "dataset"), "split": "test", "backend": "torch"}
    assert not public_evaluation(own, corpus)["real"]
    assert public_evaluation(own | {"benchmark": "benchmarks/ncbi"}, corpus)["real"]
